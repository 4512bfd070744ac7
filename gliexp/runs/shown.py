"""What a model is shown of the data: rows or chunks of long documents, and what of them it cannot use, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gliexp.config.compose import Composed
from gliexp.config.schema.data import THRESHOLD, TUNE, Data
from gliexp.data.chunking import Chunker
from gliexp.data.labels import LabelSampler, Offered
from gliexp.data.losses import CUT, UNREAD, Limits, Losses, settle
from gliexp.data.row import Example
from gliexp.data.rows import Rows
from gliexp.data.splits import Splits
from gliexp.data.windows import WindowRule
from gliexp.errors import Problem, Refusal
from gliexp.models.room import Ask, Room
from gliexp.runs.crowding import refuse_crowding, refuse_wide_overlap
from gliexp.runs.pieces import Pieces, look


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
        given: Sequence[Example] = getattr(splits, split)
        if not given:
            continue
        rows = Rows.of(given)
        places = splits.places.get(split) or [f"row {number}" for number in range(len(rows))]
        fits = room.whole(rows, ask)
        chunker = None
        if config.data.long_doc_chunking.enabled:
            chunker = _chunker(composed, model, room, ask)
            refuse_wide_overlap(config.data.long_doc_chunking, rows, places, room, ask, fits)
        drop_empty = split == "train" and chunker is not None and config.data.long_doc_chunking.drop_empty_chunks
        pieces, losses = look(
            rows,
            places,
            room=room,
            ask=ask,
            fits=fits,
            max_len=model.config.max_len,
            limits=_limits(composed, model),
            chunker=chunker,
            gold=split == "train",
            drop_empty=drop_empty,
        )
        if chunker is not None:
            shown.chunks[split] = pieces.record()
            shown.notices.append(_told(split, pieces, chunker.rule.max_words))
            if split != "train":
                shown.chunker = chunker
        _say(composed, shown, split, losses)
        if split == "train":
            shown.splits = _training(splits, rows, pieces)
    for split, unknown in splits.unknown.items():
        named = ", ".join(f"{label} ({count})" for label, count in unknown.most_common(5))
        shown.notices.append(f"{split} has labels that are never offered: {named}")
    return shown


def untuned(data: Data, splits: Splits) -> list[str]:
    """What is to be said where a threshold is to be tuned and there is nothing to tune it on."""
    if data.threshold != TUNE or splits.dev:
        return []
    return [f"data.threshold=tune needs dev rows, of which there are none: {THRESHOLD} is taken"]


def _chunker(composed: Composed, model: Any, room: Room, ask: Ask) -> Chunker:
    chunking = composed.config.data.long_doc_chunking
    if chunking.max_words > model.config.max_len:
        message = f"{chunking.max_words} words a chunk, but the saved model reads {model.config.max_len}"
        raise Refusal([Problem("data.long_doc_chunking.max_words", message, f"1 to {model.config.max_len}")])
    rule = WindowRule(chunking.max_words, chunking.stride, chunking.respect_sentences)
    return Chunker(rule, lambda row: room.budgets(row["tokenized_text"], ask(row)))


def _limits(composed: Composed, model: Any) -> Limits:
    task, settings = composed.config.run.task, model.config
    width = None if settings.span_mode == "token_level" else settings.max_width
    return Limits(width, relations=task == "relex", one_label=task == "decoder")


def _say(composed: Composed, shown: Shown, split: str, losses: Losses) -> None:
    """Note what is lost; raises Refusal where nothing may be."""
    data = composed.config.data
    shown.dropped.update({f"{split}: {reason}": count for reason, count in losses.counts.items()})
    summary = settle(losses, data.on_loss if split == "train" else "warn")
    if not summary:
        return
    use = "cannot be used in training" if split == "train" else "cannot be found by this model"
    hint = ""
    if not data.long_doc_chunking.enabled and (CUT in losses.counts or UNREAD in losses.counts):
        hint = "\ndata.long_doc_chunking.enabled=true reads long rows in chunks instead"
    shown.notices.append(f"{split}, {use}:\n{summary}{hint}")


def _training(splits: Splits, rows: Rows, pieces: Pieces) -> Splits:
    """The splits with chunks for training rows, each at its document's place.

    A row that the tokenizer would cut is cut here: what it does not see must not be trained on as vectors of zeros.
    """
    numbers, starts, ends = pieces.readable()
    if not len(numbers):
        message = "no chunk holds a whole entity, so that none is left to train on"
        raise Refusal([Problem("data.long_doc_chunking.drop_empty_chunks", message, "false, or longer chunks")])
    given = splits.places.get("train")
    train = rows.windows(numbers, starts, ends)
    places = [] if not given else train.places if rows is splits.train else [given[number] for number in numbers]
    return replace(splits, train=train, places={**splits.places, "train": places})


def _told(split: str, pieces: Pieces, max_words: int) -> str:
    """One line for the start of a run."""
    record = pieces.record()
    documents, chunks = record["documents"], record["chunks"]
    if not record["cut"]:
        return f"{split}: none of the {documents} rows is longer than a chunk ({max_words} words)"
    became = "became" if split == "train" else "are predicted in"
    parts = [f"{split}: {documents} documents {became} {chunks} chunks of at most {max_words} words"]
    if record["tight"]:
        parts.append(f"{record['tight']} are shorter, to fit into the tokenizer's limit")
    if record["halved"]:
        parts.append(f"{record['halved']} times a chunk shows part of an entity")
    if record["empty"]:
        parts.append(f"{record['empty']} without a whole entity are left out")
    return "; ".join(parts)
