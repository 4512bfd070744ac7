"""Scores saved models on data, each on the same rows with the same labels, and compares them row by row."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from gliexp.config.schema import Config
from gliexp.data.chunking import Chunker
from gliexp.data.held_out import held_out, labels_of
from gliexp.data.labels import Offered
from gliexp.data.splits import Splits
from gliexp.errors import Problem, Refusal
from gliexp.models import architecture
from gliexp.models.documents import chunker_for
from gliexp.models.label_parts import label_parts, longest, told
from gliexp.models.room import Room
from gliexp.models.usage import Usage
from gliexp.runs import ways
from gliexp.runs.class_answers import ClassAnswers
from gliexp.runs.entity_answers import EntityAnswers
from gliexp.runs.model_source import GLICLASS, ModelSource
from gliexp.runs.predict import to_device
from gliexp.training.metrics.counts import Counts
from gliexp.training.metrics.intervals import Bootstrap, Difference, difference, intervals

Rows = Sequence[Mapping[str, Any]]
Answers = EntityAnswers | ClassAnswers

TIMED = 30
"""Rows on which the time of a single one is measured."""


@dataclass(frozen=True)
class Asked:
    """What the user fixes for all models; None takes each model's own."""

    labels: Sequence[str] = ()
    relations: Sequence[str] = ()
    threshold: float | None = None
    tune: bool = False
    flat_ner: bool | None = None
    batch_size: int = 16
    labels_at_once: int | None = None


@dataclass
class Evaluated:
    """One model's figures. `intervals` are of 95 %; `counts` by kind (entities, relations, classes) carry its rows."""

    source: ModelSource
    usage: Usage
    metrics: dict[str, Any]
    milliseconds: float
    intervals: dict[str, tuple[float, float]]
    counts: dict[str, Counts]
    mistakes: list[dict[str, Any]]
    confusion: Counter[tuple[str, str]]
    notices: list[str]

    def document(self) -> dict[str, Any]:
        """Plain values, for metrics.json."""
        return {
            "model": self.source.name,
            "place": str(self.source.place),
            "library": self.source.library,
            "asked": asdict(self.usage),
            "test": self.metrics,
            "intervals": self.intervals,
            "milliseconds_at_batch_1": self.milliseconds,
            "confusion": [[gold, given, count] for (gold, given), count in self.confusion.most_common()],
            "mistakes": dict(Counter(mistake["kind"] for mistake in self.mistakes)),
            "notices": self.notices,
        }


@dataclass(frozen=True)
class Comparison:
    """How a model differs from the first one in one score, by paired bootstrap."""

    first: str
    second: str
    score: str
    difference: Difference


@dataclass
class Results:
    """All models on the same rows."""

    models: list[Evaluated]
    comparisons: list[Comparison]
    splits: Splits

    def document(self) -> dict[str, Any]:
        """Plain values, for metrics.json."""
        return {
            "data": [asdict(source) for source in self.splits.sources],
            "models": [one.document() for one in self.models],
            "comparisons": [asdict(one) for one in self.comparisons],
        }


def evaluate(sources: Sequence[ModelSource], config: Config, asked: Asked) -> Results:
    """Score every model on config.data's test rows.

    The label set is the same for all: the given one, else all labels that the models name, else those of the rows.
    Raises Refusal for data and models that do not go together.
    """
    task = _task(sources)
    splits = held_out(config.data, task, ("dev", "test") if asked.tune else ("test",))
    labels = _label_sets(sources, config, asked, splits)
    done = [_evaluated(source, config, asked, splits, labels) for source in sources]
    return Results(done, _compared(done), splits)


def _task(sources: Sequence[ModelSource]) -> str:
    """The task whose rows all models read."""
    libraries = {source.library for source in sources}
    if len(libraries) > 1:
        named = ", ".join(f"{source.name} ({source.library})" for source in sources)
        message = f"a GLiNER and a GLiClass cannot be scored on the same data: {named}"
        raise Refusal([Problem("evaluate", message, "models of one library")])
    return "classification" if libraries == {GLICLASS} else "ner"


def _label_sets(sources: Sequence[ModelSource], config: Config, asked: Asked, splits: Splits) -> Usage:
    """The labels that every model is asked about; of relations, those that models which find some are asked about."""
    usages, data, rows = [source.usage for source in sources], config.data, [*splits.dev, *splits.test]

    def chosen(name: str, given: Sequence[str], key: str, offered: str) -> tuple[str, ...]:
        own = [label for usage in usages for label in getattr(usage, name)]
        return tuple(dict.fromkeys(given or getattr(data, name) or own or labels_of(rows, key, offered)))

    return Usage(
        entity_labels=chosen("entity_labels", asked.labels, "ner", "ner_labels"),
        relation_labels=chosen("relation_labels", asked.relations, "relations", "rel_labels"),
        class_labels=chosen("class_labels", asked.labels, "true", "all_labels"),
    )


def _evaluated(source: ModelSource, config: Config, asked: Asked, splits: Splits, labels: Usage) -> Evaluated:
    model = source.open(trust_remote_code=config.backbone.trust_remote_code)
    to_device(model)
    ways.take_all(model)
    own = source.usage_with(asked.labels_at_once)
    usage = replace(
        own,
        entity_labels=labels.entity_labels,
        relation_labels=labels.relation_labels,
        class_labels=labels.class_labels,
        threshold=own.threshold if asked.threshold is None else asked.threshold,
        flat_ner=own.flat_ner if asked.flat_ner is None else asked.flat_ner,
    )
    answers: Answers
    if source.library == GLICLASS:
        answers = ClassAnswers(model, usage, asked.batch_size)
        notices = _unknown(splits, {"true": usage.class_labels})
    else:
        if not architecture.has_relations(model):
            usage = replace(usage, relation_labels=())
        offered = Offered(list(usage.entity_labels), list(usage.relation_labels))
        room = Room(model)
        parts = label_parts(room, offered)
        offered, notices = longest(room, parts), told(room, offered, parts)
        answers = EntityAnswers(model, usage, asked.batch_size, _chunker(model, usage, config, offered), parts)
        notices += _unknown(splits, {"ner": usage.entity_labels, "relations": usage.relation_labels or None})
        notices += _unread(model, splits.test, answers.chunker, offered)
    if asked.tune:
        answers.tune(splits.dev)
    answers.warm_up(splits.test)
    metrics = answers.score(splits.test)
    counts = answers.counts()
    places = splits.places["test"]
    return Evaluated(
        source,
        answers.usage,
        metrics,
        _milliseconds(answers, splits.test),
        intervals(counts, len(splits.test)),
        counts,
        [{"row": places[number], **mistake} for number, mistake in answers.mistakes()],
        answers.confusion(),
        notices,
    )


def _chunker(model: Any, usage: Usage, config: Config, offered: Offered) -> Chunker | None:
    """Rows are read in chunks where the model or the config says so; the labels are looked at in either case."""
    chunking = config.data.long_doc_chunking
    if usage.max_words is None and chunking.enabled:
        usage = replace(
            usage,
            max_words=chunking.max_words,
            stride=chunking.stride,
            respect_sentences=chunking.respect_sentences,
        )
    chunker = chunker_for(model, offered, usage.max_words, usage.stride, respect_sentences=usage.respect_sentences)
    return None if usage.max_words is None else chunker


def _unread(model: Any, rows: Rows, chunker: Chunker | None, offered: Offered) -> list[str]:
    if chunker is not None:
        return []
    room, longest = Room(model), model.config.max_len
    cut = sum(room.seen(row["tokenized_text"][:longest], offered) < len(row["tokenized_text"]) for row in rows)
    if not cut:
        return []
    hint = "data.long_doc_chunking.enabled=true reads them in chunks"
    return [f"{cut} rows are longer than what the model reads, and what it does not read counts as missed: {hint}"]


def _unknown(splits: Splits, asked: Mapping[str, Sequence[str] | None]) -> list[str]:
    """What gold holds and no model is asked about, and what is asked about and stands nowhere."""
    notices = []
    for key, labels in asked.items():
        if labels is None:
            continue
        counts = Counter(item if key == "true" else item[2] for row in splits.test for item in row.get(key) or ())
        never = [f"{label} ({count})" for label, count in counts.most_common() if label not in labels]
        if never:
            notices.append(f"labels of the data that no model is asked about count as missed: {', '.join(never[:10])}")
        absent = [label for label in labels if label not in counts]
        if absent and counts:
            notices.append(f"labels that no row has: {', '.join(absent[:10])}{' …' if len(absent) > 10 else ''}")
    return notices


def _milliseconds(answers: Answers, rows: Rows) -> float:
    """The median time of a row by itself, in milliseconds, over rows from all of the data."""
    times = []
    for row in rows[:: max(1, len(rows) // TIMED)][:TIMED]:
        started = time.perf_counter()
        answers.predict_one(row)
        times.append(time.perf_counter() - started)
    return round(1000 * median(times), 3)


def _compared(models: Sequence[Evaluated]) -> list[Comparison]:
    """Each further model against the first, on the same draws of rows."""
    found = []
    for second in models[1:]:
        first = models[0]
        for kind in first.counts.keys() & second.counts.keys():
            draws = Bootstrap.of(len(first.counts[kind].right))
            for score, of in (("micro_f1", draws.micro_f1), ("macro_f1", draws.macro_f1)):
                name = f"{kind}_{score}"
                value = second.metrics[_metric(name)] - first.metrics[_metric(name)]
                apart = difference(of(first.counts[kind]), of(second.counts[kind]), value)
                found.append(Comparison(first.source.name, second.source.name, name, apart))
    return sorted(found, key=lambda one: (one.second, one.score))


def _metric(name: str) -> str:
    """The name of a score in the metrics, which say of relations that they are strict."""
    return name.replace("rel_", "rel_strict_", 1)
