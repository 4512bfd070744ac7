"""How a GLiClass run ends: its scores, its saved model and the proof that it reloads, and its examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gliexp.config.compose import Composed
from gliexp.data.classes import offered
from gliexp.data.splits import Splits
from gliexp.models import class_adapters, class_export, gliclass
from gliexp.runs.built import Built
from gliexp.runs.classification import VERIFIED_ROWS
from gliexp.training.class_evaluation import Classified
from gliexp.training.class_metrics import HOLDS
from gliexp.training.class_trainer import ClassTrainer

HEADLINES = (
    ("cls_micro_f1", "micro F1"),
    ("cls_macro_f1", "macro F1"),
    ("cls_weighted_f1", "weighted F1"),
    ("cls_accuracy", "accuracy"),
    ("cls_map", "mean average precision"),
    ("cls_ece", "calibration error"),
    ("cls_mae", "mean absolute error"),
    ("cls_correlation", "correlation"),
)
PER_LABEL = "cls_per_label"


def score(trainer: ClassTrainer, splits: Splits) -> tuple[dict[str, Any], list[Classified]]:
    """Metrics of the chosen model on dev ("eval") and test, and its predictions on the last of them.

    Test is scored with the threshold that was chosen on dev.
    """
    metrics: dict[str, Any] = {}
    predictions: list[Classified] = []
    model = trainer.accelerator.unwrap_model(trainer.model)
    threshold = None if splits.dev else trainer.evaluation.threshold
    for name, rows in (("eval", splits.dev), ("test", splits.test)):
        if rows:
            metrics[name], predictions = trainer.evaluation.score_predictions(model, rows, threshold)
            threshold = metrics[name].get("threshold")
    return metrics, predictions


def save_and_verify(composed: Composed, _built: Built, trainer: ClassTrainer, splits: Splits, directory: Path) -> float:
    """Write adapter/ and model/; return the greatest difference of a probability after a reload."""
    classifier = replace(trainer.classifier, model=trainer.accelerator.unwrap_model(trainer.model))
    if composed.config.peft.enabled:
        class_adapters.save_adapter(classifier, directory / "adapter")
        class_adapters.merge(classifier)
    gliclass.save(classifier, directory / "model")
    rows = (splits.test or splits.dev or splits.train)[:VERIFIED_ROWS]
    asked = [offered(row, splits.class_labels) for row in rows]
    return class_export.verify(classifier, directory / "model", rows, asked, trainer.evaluation.inputs.max_length)


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
