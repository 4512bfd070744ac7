"""Label sets that leave no room for text: asked in parts, whose answers are merged.

In training such a set is refused; a finished model is asked several times. Scores of labels that are not in one prompt
have not seen one another, so a set that fits is never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gliexp.data.chunking import Chunker
from gliexp.data.labels import Offered
from gliexp.errors import Problem, Refusal
from gliexp.models.documents import Part, gather, predict_documents, without_conflicts
from gliexp.models.predict import Prediction, Rows, predict
from gliexp.models.room import Room

LEAST_ROOM = 16
"""Sub-tokens of text beside the labels; with less a word and what stands around it are hardly read."""


def label_parts(room: Room, offered: Offered) -> list[Offered]:
    """The set as it is where it leaves room for text, else parts of it that leave half of what the model reads.

    A relation needs its ends in one prompt: where the model looks for relations, each part has all entity labels and
    some of the relations. Raises Refusal where even a single label leaves no room.
    """
    left, limit = room.left(offered), room.limit
    if left is None or limit is None or left >= LEAST_ROOM:
        return [offered]
    if not offered.relation:
        return [Offered(part, []) for part in _cut(room, limit, offered.entity, lambda some: Offered(some, []))]
    parts = _cut(room, limit, offered.relation, lambda some: Offered(offered.entity, some))
    return [Offered(offered.entity, part) for part in parts]


def longest(room: Room, parts: Sequence[Offered]) -> Offered:
    """The part that leaves the least room."""
    return max(parts, key=room.prompt)


def told(room: Room, offered: Offered, parts: Sequence[Offered]) -> list[str]:
    """That a set is asked in parts, in words; nothing where it is not."""
    if len(parts) == 1:
        return []
    count = len(offered.entity) + len(offered.relation)
    taken = f"{count} labels take {room.prompt(offered)} of the {room.limit} sub-tokens that the model reads"
    return [f"{taken}: it is asked in {len(parts)} parts, whose answers are merged"]


def predict_in_parts(
    model: Any, rows: Rows, parts: Sequence[Offered], chunker: Chunker | None, *, flat_ner: bool, **options: Any
) -> list[Prediction]:
    """What `model` finds in the rows, asked about one part after the other; with a `chunker` in chunks."""
    found = []
    for part in parts:
        asked = (part.entity, part.relation or None)
        if chunker is None:
            found.append(predict(model, rows, *asked, flat_ner=flat_ner, **options))
        else:
            found.append(predict_documents(model, rows, chunker, *asked, flat_ner=flat_ner, **options))
    if len(found) == 1:
        return found[0]
    return [merge_parts(of_row, flat_ner=flat_ner) for of_row in zip(*found, strict=True)]


def merge_parts(found: Sequence[Prediction], *, flat_ner: bool) -> Prediction:
    """One prediction for a row out of those of all parts: what may not stand together goes by score, as within one."""
    together = gather(Part.whole(prediction) for prediction in found)
    entities = without_conflicts(together.entities, flat_ner)
    kept = {(span.start, span.end, span.label) for span in entities}
    relations = tuple(
        one
        for one in together.relations
        if all((end.start, end.end, end.label) in kept for end in (one.head, one.tail))
    )
    return Prediction(tuple(entities), relations)


def _cut(room: Room, limit: int, labels: Sequence[str], made: Callable[[list[str]], Offered]) -> list[list[str]]:
    """Runs of labels, each as long as its prompt takes half of the limit at most, or one label."""
    base = room.prompt(made([]))
    if limit - base < 2 * LEAST_ROOM:
        message = f"what every part must hold takes {base} of the {limit} sub-tokens that the model reads"
        raise Refusal([Problem("labels", f"{message}: there is no room for text", "fewer or shorter labels")])
    wanted = base + (limit - base) // 2
    parts: list[list[str]] = [[]]
    for label in labels:
        if parts[-1] and room.prompt(made([*parts[-1], label])) > wanted:
            parts.append([])
        parts[-1].append(label)
    for part in parts:
        left = room.left(made(part))
        if left is not None and left < LEAST_ROOM:
            message = f"the label {part[0]!r:.60} takes {room.prompt(made(part))} of the {limit} sub-tokens"
            raise Refusal([Problem("labels", f"{message}: there is no room for text", "a shorter label")])
    return parts
