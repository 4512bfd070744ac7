"""What a run measures, by name: what the best checkpoint can be chosen and a run stopped by."""

from __future__ import annotations

from itertools import product

from gliexp.config.schema.run import CLASSIFICATION_TASKS

_PARTS = ("f1", "precision", "recall")
_MEANS = ("micro", "macro", "weighted")


def _named(prefix: str, *groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("_".join((prefix, *parts)) for parts in product(*groups))


ENTITIES = _named("ner", (*_MEANS, "boundary", "partial", "type"), _PARTS)
RELATIONS = ("joint_micro_f1", *_named("rel", ("strict", "relaxed", "cluster"), _MEANS, _PARTS))
CLASSES = (
    "cls_macro_f1",
    *(name for name in _named("cls", _MEANS, _PARTS) if name != "cls_macro_f1"),
    *("cls_accuracy", "cls_map", "cls_ece", "cls_mae", "cls_rmse", "cls_correlation"),
)


def of_task(task: str) -> tuple[str, ...]:
    """Names of a task's metrics."""
    if task in CLASSIFICATION_TASKS:
        return CLASSES
    return (*ENTITIES, *RELATIONS) if task == "relex" else ENTITIES
