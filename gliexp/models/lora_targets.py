"""Which modules of a backbone take an adapter: by role, or by the names that were asked for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from gliexp.errors import Problem, Refusal

ATTENTION, MLP = "attention", "mlp"
ALL_LINEAR = "all-linear"
KEY = "peft.target_modules"

_DENSE = ("intermediate.dense", "output.dense")
_BERT = {ATTENTION: ("query", "key", "value", "attention.output.dense"), MLP: _DENSE}
_PROJECTIONS = {ATTENTION: ("q_proj", "k_proj", "v_proj", "o_proj"), MLP: ("gate_proj", "up_proj", "down_proj")}
_T5 = {ATTENTION: ("q", "k", "v", "o"), MLP: ("wi", "wi_0", "wi_1", "wo")}
ROLES: Mapping[str, Mapping[str, Sequence[str]]] = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert", "electra"), _BERT),
    "deberta-v2": {ATTENTION: ("query_proj", "key_proj", "value_proj", "attention.output.dense"), MLP: _DENSE},
    "modernbert": {ATTENTION: ("Wqkv", "attn.Wo"), MLP: ("Wi", "mlp.Wo")},
    **dict.fromkeys(("t5", "mt5", "umt5"), _T5),
    "gpt2": {ATTENTION: ("c_attn", "attn.c_proj"), MLP: ("c_fc", "mlp.c_proj")},
    **dict.fromkeys(("llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3", "smollm3"), _PROJECTIONS),
}
"""Module names by role, by the model_type of the backbone's config."""


def linear_names(backbone: nn.Module) -> list[str]:
    """Dotted names of the modules that can take an adapter."""
    return [name for name, module in backbone.named_modules() if isinstance(module, (nn.Linear, Conv1D))]


def matching(backbone: nn.Module, target: str) -> list[str]:
    """Dotted names that `target` means: its own, and those that end in it after a dot, as in peft."""
    return [name for name in linear_names(backbone) if name == target or name.endswith(f".{target}")]


def resolve(
    backbones: Mapping[str, nn.Module], wanted: Sequence[str] | str | None, modules: Mapping[str, Sequence[str]]
) -> dict[str, list[str] | str]:
    """Part → names for peft (or "all-linear").

    `wanted` is null (the attention), "all-linear", or a list of module names and the roles "attention" and "mlp".
    `modules` gives the text encoder's names by role where the configuration knows them better than ROLES. A part that
    has none of the names takes its own attention. Raises Refusal for names that exist in no part.
    """
    if wanted == ALL_LINEAR:
        return dict.fromkeys(backbones, ALL_LINEAR)
    names = [ATTENTION] if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)
    resolved: dict[str, list[str] | str] = {}
    for part, backbone in backbones.items():
        roles = _roles(backbone, modules if part == "text_encoder" else {})
        expanded = [name for entry in names for name in roles.get(entry, [entry])]
        resolved[part] = [name for name in expanded if matching(backbone, name)] or _own_attention(backbone, roles)
    lost = [name for name in names if name not in (ATTENTION, MLP) and not _anywhere(backbones, name)]
    if lost:
        raise Refusal([_unknown(name, backbones) for name in lost])
    return resolved


def _roles(backbone: nn.Module, modules: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    known = ROLES.get(_model_type(backbone), {})
    return {
        role: [name for name in (modules.get(role) or known.get(role, ())) if matching(backbone, name)]
        for role in (ATTENTION, MLP)
    }


def _own_attention(backbone: nn.Module, roles: Mapping[str, list[str]]) -> list[str]:
    if roles[ATTENTION]:
        return roles[ATTENTION]
    kind = _model_type(backbone)
    message = f"the attention modules of a {kind or type(backbone).__name__} backbone are not known by name"
    raise Refusal([Problem(KEY, message, f"{ALL_LINEAR}, or some of {_shown(backbone)}")])


def _model_type(backbone: nn.Module) -> str:
    config: Any = getattr(backbone, "config", None)
    return str(getattr(config, "model_type", "") or "")


def _anywhere(backbones: Mapping[str, nn.Module], name: str) -> bool:
    return any(matching(backbone, name) for backbone in backbones.values())


def _unknown(name: str, backbones: Mapping[str, nn.Module]) -> Problem:
    existing = {leaf for backbone in backbones.values() for leaf in _leaves(backbone)}
    nearest = "".join(difflib.get_close_matches(name, sorted(existing), n=1))
    allowed = "; ".join(f"{part}: {_shown(backbone)}" for part, backbone in backbones.items())
    return Problem(KEY, f"{name!r} matches no module", allowed, nearest=nearest)


def _leaves(backbone: nn.Module) -> list[str]:
    return sorted({name.rsplit(".", 1)[-1] for name in linear_names(backbone)})


def _shown(backbone: nn.Module) -> str:
    return ", ".join(_leaves(backbone))
