"""Predicts entities, generated labels and relations on tokenised rows, in word positions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gliexp.models import architecture
from gliexp.models.upstream.invisible_words import VisibleWords

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Span:
    """An entity: first and last word (0-based, inclusive), its label and score in 0..1; label decoders add theirs."""

    start: int
    end: int
    label: str
    score: float
    generated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """A directed relation between two predicted entities, with its score in 0..1."""

    head: Span
    tail: Span
    label: str
    score: float


@dataclass(frozen=True)
class Prediction:
    """What the model finds in one row."""

    entities: tuple[Span, ...] = ()
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True)
class Output:
    """A batch of rows (their numbers), the tensors that went in, and what the library's model gave."""

    numbers: list[int]
    batch: dict[str, Any]
    result: Any


def predict(
    model: Any,
    rows: Rows,
    entity_types: Sequence[str],
    relation_types: Sequence[str] | None = None,
    *,
    threshold: float,
    flat_ner: bool,
    batch_size: int,
) -> list[Prediction]:
    """Predictions for `rows` (each with `tokenized_text`), in their order, for one set of types for all.

    `threshold` in 0..1 holds for entities and relations. `flat_ner` keeps spans from overlapping. Words beyond the
    model's max_len, or its tokenizer's limit, are not seen (models/documents.py reads on). Works on the model's device;
    its mode and all random states are put back afterwards.
    """
    predictions = [Prediction()] * len(rows)
    for output in outputs(model, rows, entity_types, relation_types, threshold=threshold, batch_size=batch_size):
        decoded = model.decode_batch(output.result, output.batch, threshold=threshold, flat_ner=flat_ner)
        entities, relations = decoded if architecture.has_relations(model) else (decoded, [()] * len(output.numbers))
        read = output.batch["words_mask"].amax(dim=1).tolist()
        for number, found, related, seen in zip(output.numbers, entities, relations, read, strict=True):
            predictions[number] = _prediction(found, related, min(seen, len(rows[number]["tokenized_text"])))
    return predictions


def outputs(
    model: Any,
    rows: Rows,
    entity_types: Sequence[str],
    relation_types: Sequence[str] | None = None,
    *,
    threshold: float,
    batch_size: int,
) -> Iterator[Output]:
    """The library's raw outputs, batch by batch, longest rows first."""
    if not entity_types:
        return
    collator = model.create_collator()
    types: dict[str, Any] = {"entity_types": list(entity_types)}
    if architecture.has_relations(model):
        types["relation_types"] = list(relation_types or ())
    visible = VisibleWords(model.data_processor.transformer_tokenizer)
    order = sorted(range(len(rows)), key=lambda number: -len(rows[number]["tokenized_text"]))
    for start in range(0, len(order), batch_size):
        numbers = order[start : start + batch_size]
        inputs = [{"tokenized_text": visible(rows[number]["tokenized_text"]), "ner": None} for number in numbers]
        with undisturbed(model):
            batch = model.collate_batch(inputs, collator=collator, **types)
            result = _run(model, batch, threshold)
        yield Output(numbers, batch, result)


def _run(model: Any, batch: dict[str, Any], threshold: float) -> Any:
    with torch.inference_mode():
        return _forward(model, batch, threshold)


def _forward(model: Any, batch: dict[str, Any], threshold: float) -> Any:
    if not architecture.has_decoder(model):
        return model.run_batch(batch, threshold=threshold)
    # run_batch would generate for a batch without spans too, on which the stock library fails (gliner/modeling/
    # base.py:2032), and would sample: that is its default even at temperature 0.01 (gliner/model.py:5346)
    moved = {key: value.to(model.device) if torch.is_tensor(value) else value for key, value in batch.items()}
    result = model.model(**moved, threshold=threshold)
    mask = result.decoder_embedding_mask
    found = mask is not None and bool(mask.any())
    result.gen_labels = model.generate_labels(result, do_sample=False, temperature=1.0) if found else []
    result.num_gen_sequences = 1
    return result


@contextmanager
def undisturbed(model: Any) -> Iterator[None]:
    """Run a block in eval mode; put back each module's mode and the random states of Python, numpy and torch."""
    modes = {module: module.training for module in model.modules()}
    state, numpy_state = random.getstate(), np.random.get_state()
    devices = [model.device] if model.device.type == "cuda" else []
    model.eval()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)
        for module, mode in modes.items():
            module.training = mode


def _prediction(entities: Sequence[Any], relations: Sequence[Any], words: int) -> Prediction:
    """Without spans that reach beyond `words`: into the padding of a shorter row, which token decoders can return, or
    into words that the tokenizer's limit cut off, which are vectors of zeros.
    """
    spans = {number: _span(entity) for number, entity in enumerate(entities) if int(entity.end) < words}
    related = tuple(
        Relation(spans[head], spans[tail], label, float(score))
        for head, label, tail, score in map(tuple, relations)
        if head in spans and tail in spans
    )
    return Prediction(tuple(spans.values()), related)


def _span(entity: Any) -> Span:
    generated = tuple(getattr(entity, "generated_labels", None) or ())
    return Span(int(entity.start), int(entity.end), entity.entity_type, float(entity.score), generated)
