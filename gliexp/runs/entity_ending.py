"""How a GLiNER run ends: its scores, its saved model and the proof that it reloads, and its examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gliexp.config.compose import Composed
from gliexp.data.splits import Splits
from gliexp.models import adapters, export, gliner
from gliexp.models.usage import Usage
from gliexp.runs import headline
from gliexp.runs.built import Built
from gliexp.runs.entity_answers import counts_of
from gliexp.runs.stages import VERIFIED_ROWS
from gliexp.training.metrics.intervals import intervals
from gliexp.training.metrics.thresholds import Point
from gliexp.training.trainer import Trainer

Parts = list[dict[str, str]]

HEADLINES = headline.OF_ENTITIES
PER_LABEL = "ner_per_label"


def score(trainer: Trainer, splits: Splits) -> tuple[dict[str, Any], list[Any], list[Point]]:
    """Metrics of the chosen model on dev ("eval") and test; its predictions, and scores over thresholds, on the last.

    A threshold that is to be tuned is settled on dev first; the trainer's evaluation has it from then on.
    """
    metrics: dict[str, Any] = {}
    predictions: list[Any] = []
    curve: list[Point] = []
    model = trainer.accelerator.unwrap_model(trainer.model)
    if trainer.evaluation.tune and splits.dev:
        trainer.evaluation = trainer.evaluation.tuned(model, splits.dev)
    for name, rows in (("eval", splits.dev), ("test", splits.test)):
        if rows:
            metrics[name], predictions, curve = trainer.evaluation.score_all(model, rows)
            counts = counts_of(rows, predictions, relations=bool(trainer.evaluation.relation_labels))
            counts = {{"rel": "rel_strict"}.get(kind, kind): found for kind, found in counts.items()}
            metrics[name]["intervals"] = intervals(counts, len(rows))
    return metrics, predictions, curve


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
        usage(composed, trainer).write(place)
        again = adapters.load(place, trust_remote_code=composed.config.backbone.trust_remote_code).model
        difference = export.compare(model, again.to(model.device), place, rows, *types)
    adapters.merge(model)
    if wanted == "adapter":
        return difference
    usage(composed, trainer).write(gliner.save(model, directory / "model"))
    return max(difference, export.verify(model, directory / "model", rows, *types))


def usage(composed: Composed, trainer: Trainer) -> Usage:
    """How the model of this run is meant to be asked: as it was scored."""
    scoring, chunking = trainer.evaluation, composed.config.data.long_doc_chunking
    return Usage(
        entity_labels=tuple(scoring.entity_labels),
        relation_labels=tuple(scoring.relation_labels),
        threshold=scoring.threshold,
        flat_ner=scoring.flat_ner,
        max_words=chunking.max_words if chunking.enabled else None,
        stride=chunking.stride,
        respect_sentences=chunking.respect_sentences,
        label_descriptions=dict(composed.config.data.label_descriptions or {}),
    )


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
