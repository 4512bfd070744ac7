"""Which modules of a backbone take an adapter: by role, by name, by pattern, and in which layers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from gliexp.errors import Problem, Refusal

ATTENTION, MLP, SCALED, SCALED_INPUT = "attention", "mlp", "scaled", "scaled_input"
ALL_LINEAR = "all-linear"
KEY = "peft.target_modules"

_DENSE = ("intermediate.dense", "output.dense")
_BERT = {
    ATTENTION: ("query", "key", "value", "attention.output.dense"),
    MLP: _DENSE,
    SCALED: ("key", "value", "output.dense"),
    SCALED_INPUT: ("output.dense",),
}
_DEBERTA = {
    ATTENTION: ("query_proj", "key_proj", "value_proj", "attention.output.dense"),
    MLP: _DENSE,
    SCALED: ("key_proj", "value_proj", "output.dense"),
    SCALED_INPUT: ("output.dense",),
}
_MODERNBERT = {
    ATTENTION: ("Wqkv", "attn.Wo"),
    MLP: ("Wi", "mlp.Wo"),
    SCALED: ("Wqkv", "mlp.Wo"),
    SCALED_INPUT: ("mlp.Wo",),
}
_T5 = {
    ATTENTION: ("q", "k", "v", "o"),
    MLP: ("wi", "wi_0", "wi_1", "wo"),
    SCALED: ("k", "v", "wo"),
    SCALED_INPUT: ("wo",),
}
_GPT2 = {
    ATTENTION: ("c_attn", "attn.c_proj"),
    MLP: ("c_fc", "mlp.c_proj"),
    SCALED: ("c_attn", "mlp.c_proj"),
    SCALED_INPUT: ("mlp.c_proj",),
}
_PROJECTIONS = {
    ATTENTION: ("q_proj", "k_proj", "v_proj", "o_proj"),
    MLP: ("gate_proj", "up_proj", "down_proj"),
    SCALED: ("k_proj", "v_proj", "down_proj"),
    SCALED_INPUT: ("down_proj",),
}
_BART = {
    ATTENTION: ("q_proj", "k_proj", "v_proj", "out_proj"),
    MLP: ("fc1", "fc2"),
    SCALED: ("k_proj", "v_proj", "fc2"),
    SCALED_INPUT: ("fc2",),
}
ROLES: Mapping[str, Mapping[str, Sequence[str]]] = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert", "electra"), _BERT),
    "deberta-v2": _DEBERTA,
    "modernbert": _MODERNBERT,
    **dict.fromkeys(("t5", "mt5", "umt5"), _T5),
    **dict.fromkeys(("bart", "mbart"), _BART),
    "gpt2": _GPT2,
    **dict.fromkeys(("llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3", "smollm3"), _PROJECTIONS),
}
"""Module names by role, by the model_type of the backbone's config. `scaled` is what IA3 rescales: keys, values and the
last layer of the feed-forward block, which is rescaled where it is read (`scaled_input`)."""

Targets = dict[str, list[str]]
"""Short name, as asked for or as the role says → full names of the modules it stands for."""


def linear_names(backbone: nn.Module) -> list[str]:
    """Dotted names of the modules that can take an adapter."""
    return [name for name, module in backbone.named_modules() if isinstance(module, (nn.Linear, Conv1D))]


def matching(backbone: nn.Module, target: str) -> list[str]:
    """Dotted names that `target` means: its own, and those that end in it after a dot, as in peft."""
    return [name for name in linear_names(backbone) if means(target, name)]


def means(target: str, name: str) -> bool:
    """Whether `target` is a module's name, or its end after a dot."""
    return name == target or name.endswith(f".{target}")


def resolve(
    backbones: Mapping[str, nn.Module],
    wanted: Sequence[str] | str | None,
    modules: Mapping[str, Sequence[str]],
    *,
    default: str = ATTENTION,
) -> dict[str, Targets]:
    """Part → its targets.

    `wanted` is null (the `default` role), "all-linear", a pattern in the sense of peft (a regular expression for full
    names), roles joined by + ("attention+mlp"), or a list of roles and module names. `modules` gives the text encoder's
    names by role where the configuration knows them better than ROLES. A part that has none of the names takes its own
    default role. Raises Refusal for names that exist in no part.
    """
    if wanted == ALL_LINEAR:
        return {part: {name: [name] for name in _all_linear(backbone)} for part, backbone in backbones.items()}
    names = _entries(wanted, default)
    resolved: dict[str, Targets] = {}
    for part, backbone in backbones.items():
        roles = _roles(backbone, modules if part == "text_encoder" else {})
        own: Targets = {}
        for name in names:
            own |= _of_role(backbone, roles, name) if name in roles else _of_name(backbone, name)
        resolved[part] = own or _own_default(backbone, roles, default)
    lost = [name for name in names if name not in (ATTENTION, MLP, default) and not _anywhere(backbones, name)]
    if lost:
        raise Refusal([_unknown(name, backbones) for name in lost])
    return resolved


def _entries(wanted: Sequence[str] | str | None, default: str) -> list[str]:
    if wanted is None:
        return [default]
    if isinstance(wanted, str):
        parts = wanted.split("+")
        return parts if set(parts) <= {ATTENTION, MLP} else [wanted]
    return list(wanted)


def _all_linear(backbone: nn.Module) -> list[str]:
    """All of them but the language model's output layer, and BERT's pooler, which neither library reads."""
    output: Any = getattr(backbone, "get_output_embeddings", lambda: None)()
    modules = dict(backbone.named_modules())
    return [name for name in linear_names(backbone) if modules[name] is not output and "pooler" not in name.split(".")]


def _roles(backbone: nn.Module, modules: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    known = ROLES.get(_model_type(backbone), {})
    return {
        role: [name for name in (modules.get(role) or known.get(role, ())) if matching(backbone, name)]
        for role in (ATTENTION, MLP, SCALED, SCALED_INPUT)
    }


def _of_role(backbone: nn.Module, roles: Mapping[str, list[str]], role: str) -> Targets:
    """A role's modules: each belongs to the longest name among all roles' that fits it.

    BERT's `output.dense` (feed-forward) is also the end of `attention.output.dense`.
    """
    every = {name for names in roles.values() for name in names}
    found: Targets = {}
    for short in roles[role]:
        own = [
            full for full in matching(backbone, short) if short == max((n for n in every if means(n, full)), key=len)
        ]
        if own:
            found[short] = own
    return found


def of_role(backbone: nn.Module, role: str) -> Targets:
    """A role's modules, as this architecture has them; empty where it is not known."""
    return _of_role(backbone, _roles(backbone, {}), role)


def _of_name(backbone: nn.Module, name: str) -> Targets:
    full = matching(backbone, name) or _by_pattern(backbone, name)
    return {name: full} if full else {}


def _by_pattern(backbone: nn.Module, pattern: str) -> list[str]:
    try:
        expression = re.compile(pattern)
    except re.error:
        return []
    return [name for name in linear_names(backbone) if expression.fullmatch(name)]


def _own_default(backbone: nn.Module, roles: Mapping[str, list[str]], default: str) -> Targets:
    found = _of_role(backbone, roles, default)
    if found:
        return found
    kind = _model_type(backbone)
    message = f"the {default} modules of a {kind or type(backbone).__name__} backbone are not known by name"
    raise Refusal([Problem(KEY, message, f"{ALL_LINEAR}, or some of {shown(backbone)}")])


def in_layers(targets: Targets, layers: int | Sequence[int] | None, pattern: str | Sequence[str] | None) -> Targets:
    """The targets within the layers of these numbers, counted from 0; null means all.

    peft finds no number in a name that starts with the list of layers (tuners_utils.py, check_target_module_exists:
    it wants a dot before it), which is how ModernBERT's names are. Raises Refusal for layers that do not exist.
    """
    if layers is None or layers == []:
        return targets
    wanted = {layers} if isinstance(layers, int) else set(layers)
    patterns = [pattern] if isinstance(pattern, str) else list(pattern or [r"[^.]+"])
    numbered = {full: _layer(full, patterns) for names in targets.values() for full in names}
    existing = {number for number in numbered.values() if number is not None}
    if not existing:
        raise Refusal([Problem("peft.layers_pattern", f"{pattern!r} is before no layer's number", "the list's name")])
    lost = sorted(wanted - existing)
    if lost:
        allowed = f"{min(existing)} to {max(existing)}"
        raise Refusal([Problem("peft.layers_to_transform", f"there are no layers {lost}", allowed)])
    kept = {short: [full for full in names if numbered[full] in wanted] for short, names in targets.items()}
    return {short: names for short, names in kept.items() if names}


def _layer(full: str, patterns: Iterable[str]) -> int | None:
    for pattern in patterns:
        match = re.search(rf"(?:^|\.){pattern}\.(\d+)\.", full)
        if match:
            return int(match[1])
    return None


def without(targets: Targets, excluded: Sequence[str] | str | None) -> Targets:
    """The targets less those named by `excluded`: names or a pattern. Raises Refusal for a name that removes none."""
    if not excluded:
        return targets
    full = [name for names in targets.values() for name in names]
    if isinstance(excluded, str):
        removed = {name for name in full if means(excluded, name) or re.fullmatch(excluded, name)}
        lost = [] if removed else [excluded]
    else:
        removed = {name for name in full if any(means(entry, name) for entry in excluded)}
        lost = [entry for entry in excluded if not any(means(entry, name) for name in full)]
    if lost:
        allowed = ", ".join(targets)
        raise Refusal([Problem("peft.exclude_modules", f"{name!r} is no target", allowed) for name in lost])
    kept = {short: [name for name in names if name not in removed] for short, names in targets.items()}
    if not any(kept.values()):
        raise Refusal([Problem("peft.exclude_modules", "leaves no target", ", ".join(targets))])
    return {short: names for short, names in kept.items() if names}


def _model_type(backbone: nn.Module) -> str:
    config: Any = getattr(backbone, "config", None)
    return str(getattr(config, "model_type", "") or "")


def _anywhere(backbones: Mapping[str, nn.Module], name: str) -> bool:
    return any(_of_name(backbone, name) for backbone in backbones.values())


def _unknown(name: str, backbones: Mapping[str, nn.Module]) -> Problem:
    existing = {leaf for backbone in backbones.values() for leaf in _leaves(backbone)}
    nearest = "".join(difflib.get_close_matches(name, sorted(existing), n=1))
    allowed = "; ".join(f"{part}: {shown(backbone)}" for part, backbone in backbones.items())
    return Problem(KEY, f"{name!r} matches no module", allowed, nearest=nearest)


def _leaves(backbone: nn.Module) -> list[str]:
    return sorted({name.rsplit(".", 1)[-1] for name in linear_names(backbone)})


def shown(backbone: nn.Module) -> str:
    """The last names of the modules that can take an adapter."""
    return ", ".join(_leaves(backbone))
