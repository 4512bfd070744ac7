"""Single rows of an embedding that train while the rest stays: GLiNER's prompt tokens, for methods that leave them out.

peft trains rows beside LoRA (`trainable_token_indices`) and beside no other method.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


class PromptRows(nn.Module):
    """An embedding whose rows `ids` are parameters of their own and outweigh the frozen table's."""

    ids: torch.Tensor

    def __init__(self, table: nn.Embedding, ids: Sequence[int]) -> None:
        super().__init__()
        table.requires_grad_(False)
        self.table = table
        self.register_buffer("ids", torch.tensor(sorted(ids), device=table.weight.device), persistent=False)
        self.rows = nn.Parameter(table.weight.detach()[self.ids].clone())

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Vectors of token ids of any shape, with one more axis of the embedding's width."""
        found: torch.Tensor = self.table(tokens)
        own = tokens.unsqueeze(-1) == self.ids
        rows = self.rows * getattr(self.table, "embed_scale", 1.0)
        return torch.where(own.any(-1, keepdim=True), (own.to(rows.dtype) @ rows).to(found.dtype), found)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("table"), name)  # width, size, padding: the table's


def put_on(backbone: nn.Module, ids: Sequence[int]) -> PromptRows:
    """Replace the input embedding, under each of its names (T5 has two), and return what stands there now."""
    table = backbone.get_input_embeddings()  # type: ignore[operator]
    rows = PromptRows(table, ids)
    _replace(backbone, table, rows)
    return rows


def take_off(backbone: nn.Module) -> None:
    """Write trained rows into their table and put the table back, in place."""
    for module in {m for m in backbone.modules() if isinstance(m, PromptRows)}:
        with torch.no_grad():
            module.table.weight[module.ids] = module.rows.to(module.table.weight.dtype)
        _replace(backbone, module, module.table)


def _replace(backbone: nn.Module, old: nn.Module, new: nn.Module) -> None:
    names = [name for name, module in backbone.named_modules(remove_duplicate=False) if module is old]
    for name in names:
        parent, _, leaf = name.rpartition(".")
        setattr(backbone.get_submodule(parent), leaf, new)
