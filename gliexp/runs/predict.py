"""Predicts texts with any saved model, batch by batch, so that a stream of any length can go through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import torch

from gliexp.data.labels import Offered
from gliexp.data.texts import Text
from gliexp.errors import Problem, Refusal
from gliexp.models import architecture, texts
from gliexp.models.documents import chunker_for
from gliexp.models.label_parts import label_parts, longest, told
from gliexp.models.room import Room
from gliexp.models.texts import Found, Words
from gliexp.models.usage import Usage
from gliexp.runs import ways
from gliexp.runs.model_source import GLICLASS, ModelSource

HELD = 32
"""Batches of texts that are held at once: enough to sort them by length."""


class Predictor:
    """An opened model and how it is asked. Raises Refusal where the labels do not go with the model."""

    def __init__(self, source: ModelSource, model: Any, usage: Usage, batch_size: int = 8) -> None:
        self.source = source
        self.model = model
        self.usage = usage
        self.batch_size = batch_size
        self.classifies = source.library == GLICLASS
        self.notices: list[str] = []
        if not self.classifies:
            room, offered = Room(model), Offered(list(usage.entity_labels), list(usage.relation_labels))
            self.parts = label_parts(room, offered)
            self.notices += told(room, offered, self.parts)
            most = longest(room, self.parts)
            self.chunker = chunker_for(
                model, most, usage.max_words, usage.stride, respect_sentences=usage.respect_sentences
            )

    def __call__(self, items: Iterable[Text]) -> Iterator[Found]:
        """A found thing for each text in its order: `source`, `text` and what the model finds."""
        waiting = iter(items)
        while held := list(islice(waiting, HELD * self.batch_size)):
            for item, found in zip(held, self._predict(held), strict=True):
                yield {"source": item.place, "text": item.text, **found}

    def _predict(self, held: list[Text]) -> list[Found]:
        usage = self.usage
        if self.classifies:
            rows = [{**{key: item.row.get(key) for key in ("prompt", "examples")}, "text": item.text} for item in held]
            rows = [{key: value for key, value in row.items() if value is not None} for row in rows]
            return texts.classes_of(
                self.model,
                rows,
                list(usage.class_labels),
                threshold=usage.threshold,
                max_length=usage.max_length,
                batch_size=self.batch_size,
                labels_at_once=usage.labels_at_once,
            )
        words = [Words.joined(item.words) if item.words else Words.split(self.model, item.text) for item in held]
        found = texts.entities_in(
            self.model,
            words,
            self.chunker,
            self.parts,
            threshold=usage.threshold,
            flat_ner=usage.flat_ner,
            batch_size=self.batch_size,
        )
        if not architecture.has_relations(self.model):
            for one in found:
                del one["relations"]
        return found


def predictor(
    source: ModelSource,
    *,
    labels: Iterable[str] = (),
    relations: Iterable[str] = (),
    threshold: float | None = None,
    flat_ner: bool | None = None,
    batch_size: int = 8,
    labels_at_once: int | None = None,
    trust_remote_code: bool = False,
) -> Predictor:
    """Open a model and settle how it is asked: as given, else as it says itself. Raises Refusal."""
    at_once = source.usage_with(labels_at_once).labels_at_once
    model = source.open(trust_remote_code=trust_remote_code)
    usage = replace(asked(source, model, labels, relations), labels_at_once=at_once)
    if threshold is not None:
        usage = replace(usage, threshold=threshold)
    if flat_ner is not None:
        usage = replace(usage, flat_ner=flat_ner)
    to_device(model)
    ways.take_all(model)
    return Predictor(source, model, usage, batch_size)


def asked(source: ModelSource, model: Any, labels: Iterable[str], relations: Iterable[str]) -> Usage:
    """The model's usage with the labels that are given in place of its own.

    Raises Refusal where there are none, and for relations that the model cannot find.
    """
    usage, named, related = source.usage, tuple(dict.fromkeys(labels)), tuple(dict.fromkeys(relations))
    problems = []
    if source.library == GLICLASS:
        usage = replace(usage, class_labels=named or usage.class_labels)
        if related:
            problems.append(Problem("--relations", f"{source.name} is a classifier", "a model of task=relex"))
        if not usage.class_labels:
            problems.append(_without_labels(source))
    else:
        finds = architecture.has_relations(model)
        usage = replace(usage, entity_labels=named or usage.entity_labels)
        usage = replace(usage, relation_labels=(related or usage.relation_labels) if finds else ())
        if related and not finds:
            problems.append(Problem("--relations", f"{source.name} finds no relations", "a model of task=relex"))
        if not usage.entity_labels:
            problems.append(_without_labels(source))
    if problems:
        raise Refusal(problems)
    return usage


def _without_labels(source: ModelSource) -> Problem:
    return Problem("--labels", f"{source.name} names no labels of its own", "--labels a,b,c, or a file of labels")


def to_device(model: Any) -> None:
    """Move a model to the GPU where there is one."""
    if torch.cuda.is_available():
        getattr(model, "model", model).to("cuda")
