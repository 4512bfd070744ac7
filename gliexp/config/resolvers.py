"""The config's own interpolations: what a value is when nobody sets it, read from the rest of the config."""

from __future__ import annotations

from typing import Any

from omegaconf import Container, OmegaConf

from gliexp.config.peft_rules import WITHOUT_ADAPTERS
from gliexp.config.schema.run import REINFORCED

REWARDED = 0.1


def rate(name: str, _root_: Container) -> float | None:
    """${rate:learning_rate}: the backbone's rate for a bare backbone, or the one for going on from a saved model.

    The encoder's own is another one under adapters, which start from nothing and learn at a higher rate. What goes on
    from a saved model by rewards has a tenth of it: they say much less than targets do. Null stays null.
    """
    found = OmegaConf.select(_root_, rate_key(name, _root_))
    return None if found is None else float(found) * (REWARDED if _refines(_root_) else 1.0)


def _refines(root: Container) -> bool:
    """Whether a saved model is refined by rewards alone."""
    return OmegaConf.select(root, "run.task") == REINFORCED and bool(OmegaConf.select(root, "model.from_pretrained"))


def rate_key(name: str, root: Container) -> str:
    """The key of the backbone section that ${rate:NAME} takes."""
    prefix = "finetune_" if OmegaConf.select(root, "model.from_pretrained") else ""
    if name == "learning_rate" and OmegaConf.select(root, "peft.enabled"):
        prefix = "" if OmegaConf.select(root, "peft.method") in WITHOUT_ADAPTERS else "adapter_"
    return f"backbone.{prefix}{name}"


def sample_with(train_data: Any) -> str | None:
    """${sample_with:${data.train_data}}: the built-in sample goes with the built-in training data only."""
    return "sample" if train_data == "sample" else None


def saved_when_scored(eval_strategy: Any) -> str:
    """${saved_when_scored:${training.eval_strategy}}: checkpoints come with evaluations; without any, every epoch."""
    return str(eval_strategy) if scored(eval_strategy) else "epoch"


def scored(eval_strategy: Any) -> bool:
    """${scored:${training.eval_strategy}}: whether there are evaluations to choose the best model by."""
    return eval_strategy not in ("no", False, None)


def when_saved(saved: Any, fresh: Any, *, _root_: Container) -> Any:
    """${when_saved:a,b}: `a` where the run goes on from a saved model, `b` where it starts anew."""
    return saved if OmegaConf.select(_root_, "model.from_pretrained") else fresh


def trackers(use: Any) -> list[str] | str:
    """${trackers:${tracking.use}}: the names of the trackers that are on, or none."""
    return [name for name, on in use.items() if on] or "none"


def register() -> None:
    """Make them known to OmegaConf (idempotent)."""
    for function in (rate, sample_with, saved_when_scored, scored, when_saved, trackers):
        OmegaConf.register_new_resolver(function.__name__, function, replace=True)
