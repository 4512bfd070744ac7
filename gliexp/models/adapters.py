"""Low-rank adapters on the backbones of a GLiNER: put on, merged, saved and loaded. The heads always train."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn
from transformers.pytorch_utils import Conv1D

from gliexp.errors import Problem, Refusal
from gliexp.models import architecture, lora_targets

OWN_KEYS = frozenset({"enabled", "method", "target_modules"})
HEADS_FILE = "heads.safetensors"
DESCRIPTION_FILE = "gliexp_adapter.json"


def wrap(
    model: Any,
    lora: Mapping[str, Any],
    modules: Mapping[str, Sequence[str]] | None = None,
    *,
    parts: Sequence[str] | None = None,
    seed: int = 0,
) -> dict[str, list[str] | str]:
    """Freeze the backbones named by `parts` (null: all of them) under LoRA, in place, and return part → module names.

    `lora` is the `peft` section: r, lora_alpha, lora_dropout, bias, target_modules and what else LoraConfig takes.
    `modules` names the text encoder's modules by role ("attention", "mlp"). The embedding rows of GLiNER's prompt
    tokens train too, and so do all heads. `seed` decides the adapters' first weights. Raises Refusal for settings or
    module names that do not exist.
    """
    holders = architecture.holders(model)
    chosen = list(holders) if parts is None else [part for part in holders if part in parts]
    targets = lora_targets.resolve(
        {part: holders[part].model for part in chosen}, lora.get("target_modules"), modules or {}
    )
    settings = _settings(lora)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for part in chosen:
            holder = holders[part]
            own = {
                "target_modules": targets[part],
                "trainable_token_indices": _prompt_rows(model) if part == "text_encoder" else None,
                "fan_in_fan_out": any(isinstance(module, Conv1D) for module in holder.model.modules()),
            }
            config = LoraConfig(**{**settings, **own})
            holder.model = get_peft_model(holder.model, config)
    for _, parameter in _heads(model):
        parameter.requires_grad_(True)
    return targets


def _settings(lora: Mapping[str, Any]) -> dict[str, Any]:
    known = inspect.signature(LoraConfig).parameters
    unknown = [key for key in lora if key not in known and key not in OWN_KEYS]
    if unknown:
        raise Refusal([Problem(f"peft.{key}", "peft's LoraConfig has no such setting") for key in unknown])
    return {key: value for key, value in lora.items() if key not in OWN_KEYS and value is not None}


def _prompt_rows(model: Any) -> dict[str, list[int]] | None:
    ids = sorted(architecture.special_token_ids(model).values())
    if not ids:
        return None
    backbone = architecture.text_encoder(model)
    embedding = backbone.get_input_embeddings()  # type: ignore[operator]
    # with every name of a shared table (T5 has two), or the other name would go on reading the frozen rows
    names = {name for name, module in backbone.named_modules(remove_duplicate=False) if module is embedding}
    return dict.fromkeys(sorted(names), ids)


def _heads(model: Any) -> Iterator[tuple[str, nn.Parameter]]:
    backbones = {id(p) for holder in architecture.holders(model).values() for p in holder.model.parameters()}
    return ((name, p) for name, p in model.model.named_parameters() if id(p) not in backbones)


def merge(model: Any) -> Any:
    """Fold the adapters into the backbones, in place: the stock layout again, with the same predictions."""
    for holder in architecture.holders(model).values():
        if isinstance(holder.model, PeftModel):
            holder.model = holder.model.merge_and_unload()
    return model


def save_adapter(model: Any, directory: str | Path) -> Path:
    """Write the adapters (one peft directory a part), the heads, and the base models' names."""
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    parts = {part: holder.model for part, holder in architecture.holders(model).items()}
    adapted = [part for part, backbone in parts.items() if isinstance(backbone, PeftModel)]
    for part in adapted:
        parts[part].save_pretrained(target / part, save_embedding_layers=False)
    heads = {name: parameter.detach().contiguous().cpu() for name, parameter in _heads(model)}
    save_file(heads, target / HEADS_FILE)
    names = ("model_name", "labels_encoder", "labels_decoder")
    base = {name: getattr(model.config, name, None) for name in names}
    description = {"parts": adapted, "variant": architecture.variant(model), "base": base}
    (target / DESCRIPTION_FILE).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    return target


def load_adapter(model: Any, directory: str | Path) -> Any:
    """Put saved adapters and heads on a model built from the same settings and bases, in place.

    Raises Refusal when the directory is no saved adapter or belongs to another architecture.
    """
    source = Path(directory)
    if not (source / DESCRIPTION_FILE).is_file():
        raise Refusal([Problem("adapter", f"{source} is no saved adapter: it has no {DESCRIPTION_FILE}")])
    description = json.loads((source / DESCRIPTION_FILE).read_text(encoding="utf-8"))
    heads = load_file(source / HEADS_FILE)
    expected = {name: parameter.shape for name, parameter in _heads(model)}
    if {name: tensor.shape for name, tensor in heads.items()} != expected:
        message = f"{source} is an adapter of another architecture ({description['variant']})"
        raise Refusal([Problem("adapter", message, architecture.variant(model))])
    for part, holder in architecture.holders(model).items():
        if part in description["parts"]:
            holder.model = PeftModel.from_pretrained(holder.model, str(source / part), is_trainable=True)
    model.model.load_state_dict(heads, strict=False)
    return model
