"""LoRA targets by the part they play, whatever an architecture calls it."""

from __future__ import annotations

from collections.abc import Sequence

_PARTS = {
    "query": ("q_proj", "query_proj", "query", "q", "wq", "q_lin"),
    "key": ("k_proj", "key_proj", "key", "k", "wk", "k_lin"),
    "value": ("v_proj", "value_proj", "value", "v", "wv", "v_lin"),
    "output": ("o_proj", "out_proj", "o", "wo", "attn.wo", "attention.output.dense", "out_lin"),
    "joint": ("qkv", "wqkv", "qkv_proj", "c_attn"),
    "up": ("up_proj", "intermediate.dense", "wi", "fc1", "lin1"),
    "gate": ("gate_proj",),
    "down": ("down_proj", "output.dense", "mlp.wo", "fc2", "lin2"),
}
_IN_JOINT = ("query", "key", "value")


def of_backbone(targets: Sequence[str], known: Sequence[str]) -> list[str]:
    """The targets under the names that are `known` in a backbone; one whose part is not there stays as it is."""
    by_part = {part: name for name in known for part, names in _PARTS.items() if name.lower() in names}
    meant = [_meant(target, known, by_part) for target in targets]
    return list(dict.fromkeys(meant))


def _meant(target: str, known: Sequence[str], by_part: dict[str, str]) -> str:
    part = next((part for part, names in _PARTS.items() if target.lower() in names), "")
    if target in known or not part:
        return target
    if part in _IN_JOINT and part not in by_part:
        part = "joint"
    return by_part.get(part, target)
