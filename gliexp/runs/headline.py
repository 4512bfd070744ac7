"""The figures by which runs are told apart at a glance, and which of two is better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gliexp.runs.entry import Entry

FIGURES = (
    "joint_micro_f1",
    "ner_micro_f1",
    "rel_strict_micro_f1",
    "cls_macro_f1",
    "cls_micro_f1",
    "cls_mae",
)
"""Names without their split, the most telling first."""
SPLITS = ("eval", "test")
"""Dev goes first: it is what choices are made by."""
OF_ENTITIES = {
    "ner_micro_f1": "entities, micro F1",
    "ner_macro_f1": "entities, macro F1",
    "rel_strict_micro_f1": "relations, strict micro F1",
    "rel_relaxed_micro_f1": "relations, relaxed micro F1",
}
OF_CLASSES = {
    "cls_micro_f1": "micro F1",
    "cls_macro_f1": "macro F1",
    "cls_weighted_f1": "weighted F1",
    "cls_accuracy": "accuracy",
    "cls_map": "mean average precision",
    "cls_ece": "calibration error",
    "cls_mae": "mean absolute error",
    "cls_correlation": "correlation",
}
"""Figures of a run's closing table and of its model card, in words."""
SMALLER_IS_BETTER = ("loss", "mae", "mse", "rmse", "ece", "error", "seconds")


def shown(entries: Sequence[Entry]) -> list[str]:
    """The figures that a list of these runs shows."""
    present = {name for entry in entries for name in entry.metrics}
    wanted = [f"{split}.{figure}" for figure in FIGURES for split in SPLITS]
    # Where entities and relations are scored, their mean is what runs are ranked by: it need not be shown for both.
    return [name for name in wanted if name in present and name != "test.joint_micro_f1"]


def ranking(entries: Sequence[Entry]) -> str | None:
    """The figure by which these runs are ranked: that of most runs, on dev where there is a dev split."""
    counts = {
        f"{split}.{figure}": sum(f"{split}.{figure}" in entry.metrics for entry in entries)
        for split in SPLITS
        for figure in FIGURES
    }
    best = max(counts.values(), default=0)
    return next((name for name, count in counts.items() if count == best), None) if best else None


def is_smaller_better(name: str) -> bool:
    """Whether small values of a figure are good."""
    return any(part in SMALLER_IS_BETTER for part in name.replace(".", "_").split("_"))


def completed(name: str, known: Iterable[str]) -> str | None:
    """The full name of a figure given without its split: dev's, else test's; None where there is none."""
    names = set(known)
    return next((full for full in (name, *(f"{split}.{name}" for split in SPLITS)) if full in names), None)
