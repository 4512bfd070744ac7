"""Labels that leave no room for text: the tokenizer would cut the text off and the run would train on nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gliexp.config.compose import Composed
from gliexp.config.schema.data import LongDocChunking
from gliexp.data.chunking import Row
from gliexp.data.labels import LabelSampler, Offered
from gliexp.data.reading import shortened
from gliexp.data.splits import Splits
from gliexp.errors import Problem, Refusal
from gliexp.models.room import Room


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
    # without labels of its own or unknown ones, no row is asked about more than the whole set
    own = [row for row in splits.train if "ner_labels" in row or "rel_labels" in row]
    if left >= 1 and not own and "train" not in splits.unknown:
        return notices
    places = splits.places.get("train") or [f"row {number}" for number in range(len(splits.train))]
    problems = []
    for row, place in zip(splits.train, places, strict=True):
        most = labels.most(row)
        row_left = room.left(most)
        if row_left is not None and row_left < 1:
            message = f"the labels of this row take {room.prompt(most)} of {room.limit} sub-tokens: no room for text"
            problems.append(Problem("data", message, "fewer labels on the row, or a lower model.max_types", place))
    if problems:
        raise Refusal(shortened(problems))
    return notices


def refuse_wide_overlap(
    chunking: LongDocChunking, rows: Sequence[Row], places: Sequence[str], room: Room, ask: Callable[[Row], Offered]
) -> None:
    """Raise Refusal where the words that windows share do not fit into what the labels leave of the tokenizer's limit.

    Windows would go on by one word at a time, cut off all the same. A document is judged by its mean word.
    """
    crowded: list[str] = []
    fitting = chunking.stride
    for row, place in zip(rows, places, strict=True):
        words = row["tokenized_text"]
        for budget in room.budgets(words, ask(row)):
            cost = sum(budget.costs)
            fits = budget.room * len(words) // cost - 1  # shared words, so that one more is left to go on by
            if cost > budget.room and fits < chunking.stride:
                crowded.append(place)
                fitting = min(fitting, max(0, fits))
                break
    if crowded:
        found = f"{len(crowded)} documents ({', '.join(crowded[:5])}{', …' if len(crowded) > 5 else ''})"
        message = f"{chunking.stride} shared words do not fit into {room.limit} sub-tokens beside the labels: {found}"
        raise Refusal([Problem("data.long_doc_chunking.stride", message, f"0 to {fitting}, or fewer labels")])
