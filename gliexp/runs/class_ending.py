"""How a GLiClass run ends: its scores, its saved model and the proof that it reloads, and its examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gliexp.config.compose import Composed
from gliexp.config.schema.classifier import MULTI
from gliexp.data.classes import offered
from gliexp.data.splits import Splits
from gliexp.models import adapters, class_export, classify, gliclass
from gliexp.models.usage import Usage
from gliexp.runs import headline
from gliexp.runs.built import Built
from gliexp.runs.class_answers import counts_of
from gliexp.runs.classification import VERIFIED_ROWS
from gliexp.training.class_evaluation import Classified
from gliexp.training.class_metrics import HOLDS
from gliexp.training.class_trainer import ClassTrainer
from gliexp.training.metrics.intervals import intervals
from gliexp.training.metrics.thresholds import Point, Scored

HEADLINES = headline.OF_CLASSES
PER_LABEL = "cls_per_label"


def score(trainer: ClassTrainer, splits: Splits) -> tuple[dict[str, Any], list[Classified], list[Point]]:
    """Metrics of the chosen model on dev ("eval") and test; its predictions, and scores over thresholds, on the last.

    Test is scored with the threshold that was chosen on dev, which the trainer's evaluation has from then on.
    """
    metrics: dict[str, Any] = {}
    predictions: list[Classified] = []
    curve: list[Point] = []
    model = trainer.accelerator.unwrap_model(trainer.model)
    for name, rows in (("eval", splits.dev), ("test", splits.test)):
        if rows:
            metrics[name], predictions = trainer.evaluation.score_predictions(model, rows)
            counts = counts_of(rows, predictions, trainer.evaluation.problem)
            metrics[name]["intervals"] = intervals(counts, len(rows))
            chosen = metrics[name].get("threshold", trainer.evaluation.threshold)
            trainer.evaluation = replace(trainer.evaluation, threshold=chosen, tune=False)
            curve = _curve(trainer, rows, predictions)
    return metrics, predictions, curve


def _curve(trainer: ClassTrainer, rows: Sequence[Any], predictions: Sequence[Classified]) -> list[Point]:
    """Scores of the labels at each threshold; without independent labels there is no threshold."""
    if trainer.evaluation.problem != MULTI:
        return []
    gold = [[(label,) for label, score in row["true"].items() if score >= HOLDS] for row in rows]
    found = [[((label,), value) for label, value in zip(one.labels, one.values, strict=True)] for one in predictions]
    return Scored.of(gold, found).curve()


def save_and_verify(composed: Composed, built: Built, trainer: ClassTrainer, splits: Splits, directory: Path) -> float:
    """Write adapter/ and model/, as peft.save says; return the greatest difference of a probability after a reload.

    model/ is opened by the stock library, adapter/ by `adapters.load` on the base that it names.
    """
    classifier = replace(trainer.classifier, model=trainer.accelerator.unwrap_model(trainer.model))
    rows = (splits.test or splits.dev or splits.train)[:VERIFIED_ROWS]
    inputs = trainer.evaluation.inputs
    asked = [classify.parts(inputs, row, offered(row, splits.class_labels))[0] for row in rows]
    size = trainer.evaluation.inputs.max_length
    wanted = "merged" if built.adapted is None else composed.config.peft.save
    difference = 0.0
    if built.adapted is not None and wanted != "merged":
        place = adapters.save(built.adapted, directory / "adapter")
        usage(trainer).write(place)
        again = adapters.load(place, trust_remote_code=composed.config.backbone.trust_remote_code).model
        difference = class_export.compare(classifier, again, place, rows, asked, size)
    adapters.merge(classifier)
    if wanted == "adapter":
        return difference
    usage(trainer).write(gliclass.save(classifier, directory / "model"))
    return max(difference, class_export.verify(classifier, directory / "model", rows, asked, size))


def usage(trainer: ClassTrainer) -> Usage:
    """How the model of this run is meant to be asked: as it was scored."""
    scoring = trainer.evaluation
    return Usage(
        class_labels=tuple(scoring.labels),
        threshold=scoring.threshold,
        max_length=scoring.inputs.max_length,
        labels_at_once=scoring.inputs.labels_at_once,
    )


def label_line(_composed: Composed, splits: Splits) -> str:
    """How many labels there are, in words."""
    return f"{len(splits.class_labels)} labels"


def example(row: Mapping[str, Any], prediction: Classified) -> list[dict[str, str]]:
    """The text, then each label that holds or was given, marked right, missed or spurious."""
    true = {label for label, score in row["true"].items() if score >= HOLDS}
    parts = [{"text": row["text"], "label": "", "kind": ""}]
    for label in prediction.labels:
        value = f"{prediction.values[prediction.labels.index(label)]:.2f}"
        if label in prediction.given:
            parts.append({"text": value, "label": label, "kind": "right" if label in true else "spurious"})
        elif label in true:
            parts.append({"text": value, "label": label, "kind": "missed"})
    return parts
