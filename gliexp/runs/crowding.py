"""Labels that leave no room for text: the tokenizer would cut the text off and the run would train on nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gliexp.config.compose import Composed
from gliexp.config.schema.data import LongDocChunking
from gliexp.data.labels import LabelSampler, Offered
from gliexp.data.reading import shortened
from gliexp.data.rows import Rows
from gliexp.data.splits import Splits
from gliexp.errors import Problem, Refusal
from gliexp.models.room import Ask, Room


def refuse_crowding(composed: Composed, splits: Splits, room: Room, labels: LabelSampler, whole: Offered) -> list[str]:
    """Raise Refusal where a prompt that will be given has no room for text behind it.

    `whole` is what dev and test rows are asked about, and training rows too unless labels are sampled. A training row
    is held against the longest prompt that it may get. Returns a notice where only the whole set is too long, and this
    run does not need it.
    """
    left = room.left(whole)
    if left is None:
        return []
    notices = []
    if left < 1:
        taken, count = room.prompt(whole), len(whole.entity) + len(whole.relation)
        says = f"{count} labels take {taken} of the {room.limit} sub-tokens that the tokenizer reads"
        if splits.dev or splits.test or composed.config.data.label_sampling != "sampled":
            allowed = "fewer or shorter labels, or a backbone that reads more"
            raise Refusal([Problem("data.entity_labels", f"{says}: there is no room for text", allowed)])
        notices.append(f"{says}: this model can only be asked about fewer of them at once")
    rows = Rows.of(splits.train)
    # without labels of its own or unknown ones, no row is asked about more than the whole set
    own = any(one.entity_offered is not None or one.relation_offered is not None for one in rows.label_sets())
    if left >= 1 and not own and "train" not in splits.unknown:
        return notices
    numbers, sets = rows.labels
    crowded = {}
    for number in np.unique(numbers).tolist():
        most = labels.most(sets[number].example())
        row_left = room.left(most)
        if row_left is not None and row_left < 1:
            crowded[number] = room.prompt(most)
    places = splits.places.get("train")
    problems = []
    for row in np.flatnonzero(np.isin(numbers, list(crowded))).tolist():
        taken = crowded[int(numbers[row])]
        message = f"the labels of this row take {taken} of {room.limit} sub-tokens: no room for text"
        place = places[row] if places else f"row {row}"
        problems.append(Problem("data", message, "fewer labels on the row, or a lower model.max_types", place))
    if problems:
        raise Refusal(shortened(problems))
    return notices


def refuse_wide_overlap(
    chunking: LongDocChunking,
    rows: Rows,
    places: Sequence[str],
    room: Room,
    ask: Ask,
    fits: npt.NDArray[np.bool_],
) -> None:
    """Raise Refusal where the words that windows share do not fit into what the labels leave of the tokenizer's limit.

    Windows would go on by one word at a time, cut off all the same. A document is judged by its mean word; those that
    fit whole (`fits`) are not cut.
    """
    crowded: list[str] = []
    fitting = chunking.stride
    for number in np.flatnonzero(~fits).tolist():
        row, place = rows[number], places[number]
        words = row["tokenized_text"]
        for budget in room.budgets(words, ask(row)):
            cost = sum(budget.costs)
            fitting_here = budget.room * len(words) // cost - 1  # shared words, so that one more is left to go on by
            if cost > budget.room and fitting_here < chunking.stride:
                crowded.append(place)
                fitting = min(fitting, max(0, fitting_here))
                break
    if crowded:
        found = f"{len(crowded)} documents ({', '.join(crowded[:5])}{', …' if len(crowded) > 5 else ''})"
        message = f"{chunking.stride} shared words do not fit into {room.limit} sub-tokens beside the labels: {found}"
        raise Refusal([Problem("data.long_doc_chunking.stride", message, f"0 to {fitting}, or fewer labels")])
