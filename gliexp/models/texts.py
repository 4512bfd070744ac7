"""Predicts raw texts of any length: words by the model's own splitter, answers in character offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gliexp.config.schema.classifier import MULTI
from gliexp.data.chunking import Chunker
from gliexp.data.labels import Offered
from gliexp.errors import Problem, Refusal
from gliexp.models import classify
from gliexp.models.class_inputs import LabelsTooLong
from gliexp.models.gliclass import Classifier
from gliexp.models.label_parts import predict_in_parts
from gliexp.models.predict import Prediction, Span

Found = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """A text and where its words stand in it: characters `starts[i]` to `ends[i]` (exclusive)."""

    text: str
    words: list[str]
    starts: list[int]
    ends: list[int]

    @classmethod
    def split(cls, model: Any, text: str) -> Words:
        """By the splitter of `model`, as the stock library does it."""
        found = list(model.data_processor.words_splitter(text))
        return cls(text, *([part[place] for part in found] for place in range(3)))

    @classmethod
    def joined(cls, words: Sequence[str]) -> Words:
        """Words that are given, with a space between them."""
        starts, at = [], 0
        for word in words:
            starts.append(at)
            at += len(word) + 1
        ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
        return cls(" ".join(words), list(words), starts, ends)

    def entity(self, span: Span) -> Found:
        """A found span as the stock library gives it: start, end, text, label, score; generated labels beside."""
        start, end = self.starts[span.start], self.ends[span.end]
        found = {"start": start, "end": end, "text": self.text[start:end], "label": span.label, "score": span.score}
        return found | ({"generated_labels": list(span.generated)} if span.generated else {})

    def found(self, prediction: Prediction) -> Found:
        """Entities in the order of the text, and relations with the places of their ends among them."""
        order = sorted(prediction.entities, key=lambda span: (span.start, span.end, span.label))
        place = {id(span): number for number, span in enumerate(order)}
        relations = [
            {"head": place[id(one.head)], "tail": place[id(one.tail)], "label": one.label, "score": one.score}
            for one in prediction.relations
        ]
        return {"entities": [self.entity(span) for span in order], "relations": relations}


def entities_in(
    model: Any,
    texts: Sequence[Words],
    chunker: Chunker,
    parts: Sequence[Offered],
    *,
    threshold: float,
    flat_ner: bool,
    batch_size: int,
) -> list[Found]:
    """What `model` finds in each text: `entities` and `relations`; a text without a word holds nothing.

    `parts` are the labels, in one part or in several that are asked about one after the other.
    """
    full = [number for number, text in enumerate(texts) if text.words]
    rows = [{"tokenized_text": texts[number].words, "ner": []} for number in full]
    options: dict[str, Any] = {"threshold": threshold, "flat_ner": flat_ner, "batch_size": batch_size}
    predictions = predict_in_parts(model, rows, parts, chunker, **options)
    found: list[Found] = [{"entities": [], "relations": []} for _ in texts]
    for number, prediction in zip(full, predictions, strict=True):
        found[number] = texts[number].found(prediction)
    return found


def classes_of(
    classifier: Classifier,
    rows: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    *,
    threshold: float,
    max_length: int,
    batch_size: int,
    labels_at_once: int | None = None,
) -> list[Found]:
    """The labels that each row (`text`, and where it has them `prompt` and `examples`) is given: `classes` with scores.

    An empty text is given none; of one longer than `max_length` tokens the beginning is read, and `cut` says how many
    tokens were not. More labels than `labels_at_once`, and those that leave no room, are asked in parts. Raises Refusal
    where a single one leaves none.
    """
    problem = classifier.model.config.problem_type
    inputs = classifier.inputs(min(max_length, classifier.positions()), labels_at_once)
    full = [number for number, row in enumerate(rows) if row["text"].strip()]
    try:
        parts = [classify.parts(inputs, rows[number], labels) for number in full]
        cuts = [
            max(inputs.read(rows[number], part).cut for part in of_row)
            for number, of_row in zip(full, parts, strict=True)
        ]
        asked = [rows[number] for number in full]
        raw = classify.logits(classifier.model, inputs, asked, [labels] * len(full), batch_size)
    except LabelsTooLong as error:
        raise Refusal([Problem("labels", str(error), "fewer or shorter labels")]) from error
    found: list[Found] = [{"classes": []} for _ in rows]
    for number, scores, cut in zip(full, raw, cuts, strict=True):
        values = classify.meaning(scores, problem)
        given = classify.chosen(values, problem, threshold) or ([] if problem == MULTI else range(len(values)))
        ordered = sorted(given, key=lambda place: (-float(values[place]), place))
        found[number] = {"classes": [{"label": labels[place], "score": float(values[place])} for place in ordered]}
        if cut:
            found[number]["cut"] = cut
    return found
