"""What training makes a model forget: data that it is not trained on, scored before, during and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from transformers import TrainerCallback

from gliexp.config.schema.classifier import REGRESSION
from gliexp.data.classes import usable
from gliexp.data.held_out import labels_of
from gliexp.data.labels import Offered
from gliexp.data.rows import Rows
from gliexp.errors import Problem, Refusal
from gliexp.models import architecture
from gliexp.models.documents import chunker_for
from gliexp.training.class_evaluation import ClassEvaluation
from gliexp.training.evaluation import Evaluation

PREFIX = "eval_retention_"
ERROR = "cls_mae"
"""What a regression is scored by, the smaller the better; all else by a micro F1."""


class Retention(TrainerCallback):  # type: ignore[misc]
    """Scores `sets` (rows by name) before the first step, at every evaluation, and with the model that is kept.

    Each set is asked about its own labels. `figures` has {name: {"before", "after"}} of `metric`: micro F1 in 0..1, of
    regressions the mean absolute error. A run that goes on from a checkpoint has no `before`.
    """

    def __init__(self, trainer: Any, sets: Mapping[str, Rows]) -> None:
        self.trainer = trainer
        self.sets = sets
        self.figures: dict[str, dict[str, float]] = {name: {} for name in sets}
        # asked here, so that labels without room for text are refused before training
        made = _of_classes if isinstance(trainer.evaluation, ClassEvaluation) else _evaluation
        self.evaluations: dict[str, Evaluation | ClassEvaluation] = {
            name: made(self._model, trainer.evaluation, rows) for name, rows in sets.items()
        }
        self.metric = _metric(trainer.evaluation)

    @property
    def _model(self) -> Any:
        return self.trainer.accelerator.unwrap_model(self.trainer.model)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 0:
            self._score("before")

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step > 0:
            self._score("after")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The model that is kept may be an earlier one than the last that was scored."""
        self._score("after", logged=False)

    def told(self) -> str:
        """The figures in words."""
        parts = [
            f"{name} {found['before']:.3f} before, {found['after']:.3f} now"
            if "before" in found
            else f"{name} {found['after']:.3f} now"
            for name, found in self.figures.items()
        ]
        title = "mean absolute error" if self.metric == ERROR else "micro F1"
        return f"retention, {title}: {'; '.join(parts)}"

    def _score(self, when: str, *, logged: bool = True) -> None:
        scores = {
            name: float(self.evaluations[name].score(self._model, rows)[self.metric])
            for name, rows in self.sets.items()
        }
        for name, value in scores.items():
            self.figures[name][when] = value
        if logged:
            self.trainer.log({f"{PREFIX}{name}_{self.metric}": value for name, value in scores.items()})


def _evaluation(model: Any, like: Evaluation, rows: Rows) -> Evaluation:
    """As the run scores dev, with the labels of these rows."""
    entities = labels_of(rows, "ner", "ner_labels")
    relations = labels_of(rows, "relations", "rel_labels") if architecture.has_relations(model) else []
    offered = Offered(entities, relations)
    chunker = None
    if like.chunker is not None:
        rule = like.chunker.rule
        chunker = chunker_for(model, offered, rule.max_words, rule.overlap, respect_sentences=rule.respect_sentences)
    return replace(like, entity_labels=entities, relation_labels=relations, chunker=chunker, tune=False)


def _of_classes(_model: Any, like: ClassEvaluation, rows: Rows) -> ClassEvaluation:
    """The same for a classifier. Raises Refusal for rows that its problem type has no score for."""
    labels = labels_of(rows, "true", "all_labels")
    kept, losses = usable(rows, [str(number) for number in range(len(rows))], labels, like.problem)
    if len(kept) < len(rows):
        reasons = ", ".join(f"{count} x {reason}" for reason, count in losses.counts.items())
        raise Refusal([Problem("data.retention", f"rows that cannot be scored as {like.problem}: {reasons}")])
    return replace(like, labels=labels, tune=False)


def _metric(evaluation: Evaluation | ClassEvaluation) -> str:
    if isinstance(evaluation, ClassEvaluation):
        return ERROR if evaluation.problem == REGRESSION else "cls_micro_f1"
    return "ner_micro_f1"
