"""What a model is shown of the data: rows or chunks of long documents, and what of them it cannot use, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gliexp.config.compose import Composed
from gliexp.data.chunking import Chunked, Chunker, Row, part
from gliexp.data.labels import LabelSampler, Offered
from gliexp.data.losses import CUT, UNREAD, View, account, settle
from gliexp.data.row import Example
from gliexp.data.splits import Splits
from gliexp.data.windows import Window, WindowRule
from gliexp.errors import Problem, Refusal
from gliexp.models.room import Room
from gliexp.runs.crowding import refuse_crowding, refuse_wide_overlap

Ask = Callable[[Row], Offered]
"""The labels that a row is asked about: in training the most that it may be, else the whole set."""


@dataclass
class Shown:
    """The splits as the model is shown them: training rows are chunks, dev and test rows stay documents.

    `chunker` cuts these when they are predicted. `dropped` counts losses by split and reason, `chunks` says for each
    split what became of its documents.
    """

    splits: Splits
    chunker: Chunker | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    chunks: dict[str, dict[str, int]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def show(composed: Composed, model: Any, splits: Splits, labels: LabelSampler) -> Shown:
    """Cut what is to be cut and count what is lost.

    Raises Refusal where the labels leave no room for text, where chunks are longer than what the model reads, and
    under data.on_loss=error when training rows lose something.
    """
    config = composed.config
    room = Room(model)
    whole = Offered(splits.entity_labels, splits.relation_labels if config.run.task == "relex" else [])
    shown = Shown(splits, dropped=dict(splits.dropped))
    shown.notices += refuse_crowding(composed, splits, room, labels, whole)
    asked: dict[str, Ask] = {"train": labels.most, "dev": lambda _: whole, "test": lambda _: whole}
    for split, ask in asked.items():
        rows: list[Example] = getattr(splits, split)
        if not rows:
            continue
        chunked = None
        if config.data.long_doc_chunking.enabled:
            chunker = _chunker(composed, model, room, ask)
            places = splits.places.get(split) or [f"row {number}" for number in range(len(rows))]
            refuse_wide_overlap(config.data.long_doc_chunking, rows, places, room, ask)
            drop_empty = split == "train" and config.data.long_doc_chunking.drop_empty_chunks
            chunked = chunker.cut(rows, gold=split == "train", drop_empty=drop_empty)
            shown.chunks[split] = _record(chunked)
            shown.notices.append(_told(split, chunked, chunker.rule.max_words))
            if split != "train":
                shown.chunker = chunker
        views = _views(rows, chunked, room, ask, model.config.max_len)
        _account(composed, model, shown, split, views)
        if split == "train":
            shown.splits = _training(splits, chunked, views)
    for split, unknown in splits.unknown.items():
        named = ", ".join(f"{label} ({count})" for label, count in unknown.most_common(5))
        shown.notices.append(f"{split} has labels that are never offered: {named}")
    return shown


def _chunker(composed: Composed, model: Any, room: Room, ask: Ask) -> Chunker:
    chunking = composed.config.data.long_doc_chunking
    if chunking.max_words > model.config.max_len:
        message = f"{chunking.max_words} words a chunk, but the saved model reads {model.config.max_len}"
        raise Refusal([Problem("data.long_doc_chunking.max_words", message, f"1 to {model.config.max_len}")])
    rule = WindowRule(chunking.max_words, chunking.stride, chunking.respect_sentences)
    return Chunker(rule, lambda row: room.budgets(row["tokenized_text"], ask(row)))


def _views(rows: Sequence[Example], chunked: Chunked | None, room: Room, ask: Ask, max_len: int) -> list[list[View]]:
    """For each row what the model is shown of it, and how far it reads."""
    found = []
    for number, row in enumerate(rows):
        words = row["tokenized_text"]
        windows = chunked.windows[number] if chunked else [Window(0, min(len(words), max_len))]
        asked = ask(row)
        found.append([View(start, end, start + room.seen(words[start:end], asked)) for start, end in windows])
    return found


def _account(composed: Composed, model: Any, shown: Shown, split: str, views: Sequence[Sequence[View]]) -> None:
    task, settings, data = composed.config.run.task, model.config, composed.config.data
    found = account(
        getattr(shown.splits, split),
        settings.max_len,
        None if settings.span_mode == "token_level" else settings.max_width,
        places=shown.splits.places.get(split),
        relations=task == "relex",
        one_label=task == "decoder",
        views=views,
    )
    shown.dropped.update({f"{split}: {reason}": count for reason, count in found.counts.items()})
    summary = settle(found, data.on_loss if split == "train" else "warn")
    if not summary:
        return
    use = "cannot be used in training" if split == "train" else "cannot be found by this model"
    hint = ""
    if not data.long_doc_chunking.enabled and (CUT in found.counts or UNREAD in found.counts):
        hint = "\ndata.long_doc_chunking.enabled=true reads long rows in chunks instead"
    shown.notices.append(f"{split}, {use}:\n{summary}{hint}")


def _training(splits: Splits, chunked: Chunked | None, views: Sequence[Sequence[View]]) -> Splits:
    """The splits with chunks for training rows, each at its document's place.

    A row that the tokenizer would cut is cut here: what it does not see must not be trained on as vectors of zeros.
    """
    if chunked is None:
        return replace(splits, train=[_read_part(row, view) for row, (view,) in zip(splits.train, views, strict=True)])
    read = {(number, view.start): view for number, of_row in enumerate(views) for view in of_row}
    rows = []
    for number, window, example in chunked.chunks:
        start, end, seen = read[number, window.start]
        rows.append(_read_part(example, View(0, end - start, seen - start)))
    if not rows:
        message = "no chunk holds a whole entity, so that none is left to train on"
        raise Refusal([Problem("data.long_doc_chunking.drop_empty_chunks", message, "false, or longer chunks")])
    places = splits.places.get("train")
    moved = [places[chunk.document] for chunk in chunked.chunks] if places else []
    return replace(splits, train=rows, places={**splits.places, "train": moved})


def _read_part(row: Example, view: View) -> Example:
    return row if view.read >= view.end else part(row, Window(0, max(1, view.read)))


def _record(chunked: Chunked) -> dict[str, int]:
    return {
        "documents": len(chunked.windows),
        "cut": chunked.cut,
        "chunks": len(chunked.chunks),
        "longest": max(end - start for windows in chunked.windows for start, end in windows),
        "tight": chunked.tight,
        "halved": chunked.halved,
        "empty": chunked.empty,
    }


def _told(split: str, chunked: Chunked, max_words: int) -> str:
    """One line for the start of a run."""
    documents, chunks = len(chunked.windows), len(chunked.chunks)
    if not chunked.cut:
        return f"{split}: none of the {documents} rows is longer than a chunk ({max_words} words)"
    became = "became" if split == "train" else "are predicted in"
    parts = [f"{split}: {documents} documents {became} {chunks} chunks of at most {max_words} words"]
    if chunked.tight:
        parts.append(f"{chunked.tight} are shorter, to fit into the tokenizer's limit")
    if chunked.halved:
        parts.append(f"{chunked.halved} times a chunk shows part of an entity")
    if chunked.empty:
        parts.append(f"{chunked.empty} without a whole entity are left out")
    return "; ".join(parts)
