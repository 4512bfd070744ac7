"""The config's own interpolations: what a value is when nobody sets it, read from the rest of the config."""

from __future__ import annotations

from typing import Any

from omegaconf import Container, OmegaConf

from gliexp.config.peft_rules import WITHOUT_ADAPTERS


def rate(name: str, _root_: Container) -> float:
    """${rate:learning_rate}: the backbone's rate for a bare backbone, or the one for going on from a saved model.

    The encoder's own is another one under adapters, which start from nothing and learn at a higher rate.
    """
    prefix = "finetune_" if OmegaConf.select(_root_, "model.from_pretrained") else ""
    if name == "learning_rate" and OmegaConf.select(_root_, "peft.enabled"):
        prefix = "" if OmegaConf.select(_root_, "peft.method") in WITHOUT_ADAPTERS else "adapter_"
    return float(OmegaConf.select(_root_, f"backbone.{prefix}{name}"))


def sample_with(train_data: Any) -> str | None:
    """${sample_with:${data.train_data}}: the built-in sample goes with the built-in training data only."""
    return "sample" if train_data == "sample" else None


def saved_when_scored(eval_strategy: Any) -> str:
    """${saved_when_scored:${training.eval_strategy}}: checkpoints come with evaluations; without any, every epoch."""
    return str(eval_strategy) if scored(eval_strategy) else "epoch"


def scored(eval_strategy: Any) -> bool:
    """${scored:${training.eval_strategy}}: whether there are evaluations to choose the best model by."""
    return eval_strategy not in ("no", False, None)


def register() -> None:
    """Make them known to OmegaConf (idempotent)."""
    for function in (rate, sample_with, saved_when_scored, scored):
        OmegaConf.register_new_resolver(function.__name__, function, replace=True)
