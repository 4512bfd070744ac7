"""How a GLiNER run ends: its scores, its saved model and the proof that it reloads, and its examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gliexp.config.compose import Composed
from gliexp.data.splits import Splits
from gliexp.models import adapters, export, gliner
from gliexp.runs.built import Built
from gliexp.runs.stages import VERIFIED_ROWS
from gliexp.training.trainer import Trainer

Parts = list[dict[str, str]]

HEADLINES = (
    ("ner_micro_f1", "entities, micro F1"),
    ("ner_macro_f1", "entities, macro F1"),
    ("rel_strict_micro_f1", "relations, strict micro F1"),
    ("rel_relaxed_micro_f1", "relations, relaxed micro F1"),
)
PER_LABEL = "ner_per_label"


def score(trainer: Trainer, splits: Splits) -> tuple[dict[str, Any], list[Any]]:
    """Metrics of the chosen model on dev ("eval") and test, and its predictions on the last of them."""
    metrics: dict[str, Any] = {}
    predictions: list[Any] = []
    model = trainer.accelerator.unwrap_model(trainer.model)
    for name, rows in (("eval", splits.dev), ("test", splits.test)):
        if rows:
            metrics[name], predictions = trainer.evaluation.score_predictions(model, rows)
    return metrics, predictions


def save_and_verify(composed: Composed, built: Built, trainer: Trainer, splits: Splits, directory: Path) -> float:
    """Write adapter/ and model/, as peft.save says; return the greatest difference of a score after a reload.

    model/ is opened by the stock library, adapter/ by `adapters.load` on the base that it names.
    """
    model = trainer.accelerator.unwrap_model(trainer.model)
    rows = trainer.evaluation.shown(splits.test or splits.dev or splits.train)[:VERIFIED_ROWS]
    types = (trainer.evaluation.entity_labels, trainer.evaluation.relation_labels or None)
    wanted = "merged" if built.adapted is None else composed.config.peft.save
    difference = 0.0
    if built.adapted is not None and wanted != "merged":
        place = adapters.save(built.adapted, directory / "adapter")
        again = adapters.load(place, trust_remote_code=composed.config.backbone.trust_remote_code).model
        difference = export.compare(model, again.to(model.device), place, rows, *types)
    adapters.merge(model)
    if wanted == "adapter":
        return difference
    gliner.save(model, directory / "model")
    return max(difference, export.verify(model, directory / "model", rows, *types))


def label_line(composed: Composed, splits: Splits) -> str:
    """How many labels there are, in words."""
    labels = f"{len(splits.entity_labels)} entity labels"
    if splits.relation_labels and composed.config.run.task == "relex":
        labels += f", {len(splits.relation_labels)} relation labels"
    return labels


def example(row: Mapping[str, Any], prediction: Any) -> Parts:
    """The row's words with found, missed and spurious spans marked; where spans overlap the first and longest shows."""
    gold = {(start, end, label) for start, end, label in row["ner"]}
    found = {(span.start, span.end, span.label) for span in prediction.entities}
    spans = [(*span, "right" if span in gold else "spurious") for span in found]
    spans += [(*span, "missed") for span in gold - found]
    words, parts, position = row["tokenized_text"], [], 0
    for start, end, label, kind in sorted(spans, key=lambda span: (span[0], -span[1], span[3])):
        if start < position:
            parts.append({"text": " ".join(words[start : end + 1]), "label": label, "kind": kind})
            continue
        if start > position:
            parts.append({"text": " ".join(words[position:start]), "label": "", "kind": ""})
        parts.append({"text": " ".join(words[start : end + 1]), "label": label, "kind": kind})
        position = end + 1
    if position < len(words):
        parts.append({"text": " ".join(words[position:]), "label": "", "kind": ""})
    return parts
