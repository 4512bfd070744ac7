"""Predicts documents that are longer than what a model reads at once: chunk by chunk, merged in document positions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from gliner.decoding.utils import has_overlapping, has_overlapping_nested

from gliexp.data.chunking import Chunker
from gliexp.data.labels import Offered
from gliexp.data.windows import Window, WindowRule
from gliexp.errors import Problem, Refusal
from gliexp.models.predict import Prediction, Relation, Rows, Span, predict
from gliexp.models.room import Room

Key = tuple[int, int, str]
"""First word, last word and label of an entity: what makes two predictions the same."""


SHARED_AT_MOST = 8
"""Windows share at most 1/SHARED_AT_MOST of the sub-tokens that the labels leave: a window must get on."""


class Part(NamedTuple):
    """What was found in one window of a document, in the window's own positions."""

    window: Window
    found: Prediction

    @classmethod
    def whole(cls, found: Prediction) -> Part:
        """What was found in a document that is read whole."""
        return cls(Window(0, 0), found)


def predict_documents(
    model: Any,
    rows: Rows,
    chunker: Chunker,
    entity_types: Sequence[str],
    relation_types: Sequence[str] | None = None,
    *,
    flat_ner: bool,
    **options: Any,
) -> list[Prediction]:
    """Like `predict`, with each row cut into chunks that overlap and what is found in them merged."""
    chunks = chunker.cut(rows).chunks
    found = predict(
        model, [chunk.example for chunk in chunks], entity_types, relation_types, flat_ner=flat_ner, **options
    )
    parts: list[list[Part]] = [[] for _ in rows]
    for chunk, prediction in zip(chunks, found, strict=True):
        parts[chunk.document].append(Part(chunk.window, prediction))
    return [merge(of_document, flat_ner=flat_ner) for of_document in parts]


def chunker_for(
    model: Any, offered: Offered, max_words: int | None = None, stride: int = 50, *, respect_sentences: bool = True
) -> Chunker:
    """Cuts documents into what `model` reads at once beside the labels, `max_words` at most (None: its max_len).

    Windows share `stride` words, or what there is room for. Raises Refusal where the labels leave no room for text.
    """
    room, longest = Room(model), int(model.config.max_len)
    size, left = min(max_words or longest, longest), room.left(offered)
    shared = min(stride, size - 1)
    if left is not None:
        if left < 1:
            count = len(offered.entity) + len(offered.relation)
            message = f"{count} labels take {room.prompt(offered)} of the {room.limit} sub-tokens that the model reads"
            raise Refusal([Problem("labels", f"{message}: there is no room for text", "fewer or shorter labels")])
        shared = min(shared, left // SHARED_AT_MOST)
    rule = WindowRule(size, shared, respect_sentences)
    return Chunker(rule, lambda row: room.budgets(row["tokenized_text"], offered))


def merge(parts: Sequence[Part], *, flat_ner: bool) -> Prediction:
    """One prediction for a document out of those of its windows.

    The highest score stands for an entity or relation that several windows find. Of entities that may not stand side
    by side (`flat_ner`: that overlap; else: that cross, or have the same words) the one with the higher score stays,
    as within a row; a relation goes with its ends.
    """
    if len(parts) == 1 and parts[0].window.start == 0:
        return parts[0].found
    together = gather(parts)
    entities = without_conflicts(together.entities, flat_ner)
    kept = {_key(span) for span in entities}
    relations = [one for one in together.relations if {_key(one.head), _key(one.tail)} <= kept]
    return Prediction(tuple(entities), tuple(relations))


def gather(parts: Iterable[Part]) -> Prediction:
    """All that the windows found, in document positions, each entity and relation once with its highest score."""
    spans: dict[Key, Span] = {}
    relations: dict[tuple[Key, Key, str], float] = {}
    for window, found in parts:
        for span in found.entities:
            moved = _moved(span, window.start)
            known = spans.get(_key(moved))
            if known is None or moved.score > known.score:
                spans[_key(moved)] = moved
        for one in found.relations:
            ends = _key(_moved(one.head, window.start)), _key(_moved(one.tail, window.start))
            relations[(*ends, one.label)] = max(one.score, relations.get((*ends, one.label), one.score))
    return Prediction(
        tuple(spans[key] for key in sorted(spans)),
        tuple(
            Relation(spans[head], spans[tail], label, relations[head, tail, label])
            for head, tail, label in sorted(relations)
        ),
    )


def without_conflicts(spans: Iterable[Span], flat_ner: bool) -> list[Span]:
    """The spans that the library's greedy search would keep, in order of their places."""
    conflict = has_overlapping if flat_ner else has_overlapping_nested
    kept: list[Span] = []
    at_word: dict[int, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (-span.score, *_key(span))):
        words = range(span.start, span.end + 1)
        if not any(conflict(_key(span), _key(other)) for word in words for other in at_word.get(word, ())):
            kept.append(span)
            for word in words:
                at_word.setdefault(word, []).append(span)
    return sorted(kept, key=_key)


def _key(span: Span) -> Key:
    return span.start, span.end, span.label


def _moved(span: Span, words: int) -> Span:
    return Span(span.start + words, span.end + words, span.label, span.score, span.generated)
