from __future__ import annotations

from typing import Any

import pytest

from gliexp.data.labels import Offered
from gliexp.data.rows import Rows
from gliexp.models import architecture, gliner
from gliexp.models.room import Room

from .conftest import ENTITY_TYPES, RELATION_TYPES

OFFERED = Offered(ENTITY_TYPES, RELATION_TYPES)
WORDS = "alice worked unbelievably near londonish é \xad zürich , ".split(" ")
NAMES = ["uni_markerV0", "uni_token", "bi_span", "decoder_span", "decoder_span_bare", "relex_span_dot", "streaming"]


@pytest.fixture(scope="module", params=NAMES)
def model(request: Any, values: Any) -> Any:
    blank = {"blank_entity_prob": 0.0} if request.param.startswith("decoder") else {}  # a blank prompt is a short one
    return gliner.build(values(request.param, **blank), seed=1)


def read_by_library(model: Any, words: list[str]) -> int:
    """How many words have a place in the library's own masks; a word cut in the middle has one, which is one more."""
    types: dict[str, Any] = {"entity_types": [ENTITY_TYPES]}
    if architecture.has_relations(model):
        types["relation_types"] = [RELATION_TYPES]
    batch = gliner.training_collator(model)([{"tokenized_text": words, "ner": []}], **types)
    masks = [batch[name] for name in ("words_mask", "decoder_words_mask") if name in batch]
    return min(int(mask.max()) for mask in masks)


@pytest.mark.parametrize("count", [3, 20, 60, 100, 300, 700])
def test_the_words_that_are_seen_are_those_that_the_library_reads(model: Any, count: int) -> None:
    words = [word for word in WORDS if word not in ("", "\xad")] * 100
    words = words[: min(count, 384)]
    room = Room(model)
    seen = room.seen(words, OFFERED)
    assert seen <= read_by_library(model, words) <= seen + 1


def test_rows_that_are_read_whole_are_told_from_their_columns(model: Any) -> None:
    odd = [*WORDS[:7], "\ufdfa", "中文字", "👩‍👩‍👧", "e\u0301" * 9, "x" * 200, "!?" * 9, "①½", "ẞ"]
    rows = [{"tokenized_text": odd[place % 9 :] * times, "ner": []} for place in range(9) for times in (1, 2, 9, 30)]
    room = Room(model)
    whole = room.whole(Rows.of(rows), lambda _: OFFERED).tolist()
    assert whole == [room.seen(row["tokenized_text"], OFFERED) == len(row["tokenized_text"]) for row in rows]
    assert room.limit is None or 0 < sum(whole) < len(whole)


@pytest.mark.parametrize(
    "word", [*"aé中!", "\ufdfa", "\u3300", "ﬃ", "👩‍👩‍👧", "x" * 60, "a-b_c", "ñ" * 9, "\U0001d518\U0001d518", "\u0130"]
)
def test_no_word_has_more_sub_tokens_than_its_bound(model: Any, word: str) -> None:
    rows = Rows.of([{"tokenized_text": [word], "ner": []}])
    for budget in Room(model).budgets([word], OFFERED):
        assert budget.costs[0] <= rows.word_bounds()[0]


def test_labels_take_room_except_where_they_are_read_apart(model: Any) -> None:
    room = Room(model)
    more = Offered([*ENTITY_TYPES, "another label"], RELATION_TYPES)
    assert room.limit is not None
    assert (room.prompt(more) > room.prompt(OFFERED)) == (not architecture.has_labels_encoder(model))
    assert room.left(OFFERED) is not None
    related = Offered(ENTITY_TYPES, [*RELATION_TYPES, "one more"])
    assert (room.prompt(related) > room.prompt(OFFERED)) == architecture.has_relations(model)


def test_a_prompt_longer_than_the_limit_leaves_nothing(values: Any) -> None:
    room = Room(gliner.build(values("uni_markerV0"), seed=1))
    crowd = Offered([f"label {number}" for number in range(200)], [])
    left = room.left(crowd)
    assert left is not None
    assert left < 0
    assert room.seen(["alice"], crowd) == 0


def test_a_tokenizer_without_limit_has_room_for_all(values: Any) -> None:
    model: Any = gliner.build(values("uni_markerV0"), seed=1)
    model.data_processor.transformer_tokenizer.model_max_length = int(1e30)
    room = Room(model)
    assert room.limit is None
    assert room.left(OFFERED) is None
    assert room.budgets(["alice"], OFFERED) == []
    assert room.seen(["alice"] * 5000, OFFERED) == 5000


def test_words_cost_what_they_cost_in_a_row(model: Any) -> None:
    words = ["acme", "acme-works", "londonish", "é", "Zürich", "12.5", "acme", "—", "a" * 40]
    tokenizer = model.data_processor.transformer_tokenizer
    ids = tokenizer(["<", *words], is_split_into_words=True, add_special_tokens=False).word_ids()
    first = Room(model).budgets(words, OFFERED)[0]
    assert first.costs == [ids.count(place) for place in range(1, len(words) + 1)]
    again = Room(model)
    again.seen(words[3:], OFFERED)
    assert again.budgets(words, OFFERED)[0] == first
