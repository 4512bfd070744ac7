from __future__ import annotations

import pytest

from gliexp.data import losses
from gliexp.errors import Refusal

ROW = {
    "tokenized_text": ["w"] * 12,
    "ner": [[0, 0, "a"], [0, 0, "b"], [2, 5, "a"], [8, 10, "a"], [11, 11, "a"]],
    "relations": [[0, 2, "r"], [1, 2, "r"], [1, 4, "r"], [1, 0, "r"]],
}


def test_span_modes_lose_width_length_and_their_relations() -> None:
    counted = losses.account([ROW], max_len=10, max_width=3)
    assert counted.counts == {
        losses.CUT: 1,
        losses.WORD: 2,
        losses.BEYOND: 2,
        losses.WIDE: 1,
        losses.ENDLESS: 3,
    }


def test_label_decoders_write_one_label_for_a_span() -> None:
    assert losses.account([ROW], max_len=10, max_width=3, one_label=True).counts[losses.SECOND] == 1


def test_token_modes_know_no_width_and_take_two_labels_on_a_span() -> None:
    counted = losses.account([ROW], max_len=11)
    assert counted.counts == {losses.CUT: 1, losses.WORD: 1, losses.BEYOND: 1, losses.ENDLESS: 1}


def test_nothing_lost_is_false_and_silent() -> None:
    counted = losses.account([ROW], max_len=12)
    assert not counted
    assert losses.settle(counted, "error") == ""


def test_a_row_left_empty_is_counted_and_rows_without_entities_are_not() -> None:
    rows = [{"tokenized_text": ["a", "b"], "ner": [[0, 1, "x"]]}, {"tokenized_text": ["a"], "ner": []}]
    counted = losses.account(rows, max_len=9, max_width=1)
    assert counted.counts[losses.EMPTIED] == 1
    assert counted.places[losses.EMPTIED] == ["row 0"]


def test_a_width_of_exactly_max_width_is_kept() -> None:
    assert not losses.account([{"tokenized_text": ["a"] * 3, "ner": [[0, 2, "x"]]}], max_len=3, max_width=3)


def test_places_are_named_up_to_a_limit_and_on_loss_decides() -> None:
    rows = [{"tokenized_text": ["a", "b"], "ner": []}] * 30
    counted = losses.account(rows, max_len=1, places=[f"f.jsonl:{n}" for n in range(1, 31)])
    assert counted.counts[losses.CUT] == 30
    assert len(counted.places[losses.CUT]) == losses.SHOWN
    assert "30 x row longer than max_len: f.jsonl:1" in losses.settle(counted, "warn")
    with pytest.raises(Refusal, match=r"f\.jsonl:1"):
        losses.settle(counted, "error")


def test_relations_can_be_left_out_of_account() -> None:
    assert losses.ENDLESS not in losses.account([ROW], max_len=10, relations=False).counts


def test_what_the_tokenizer_cuts_is_lost_too() -> None:
    counted = losses.account([ROW], max_len=12, views=[[losses.View(0, 11, 5)]])
    assert counted.counts == {
        losses.CUT: 1,
        losses.WORD: 1,
        losses.UNREAD: 6,
        losses.HIDDEN: 2,
        losses.BEYOND: 1,
        losses.ENDLESS: 3,
    }


def test_in_chunks_only_what_no_chunk_serves_is_lost() -> None:
    views = [losses.View(0, 5, 5), losses.View(4, 9, 8), losses.View(7, 12, 12)]
    counted = losses.account([ROW], max_len=4, views=[views])
    assert counted.counts == {losses.SPLIT: 1, losses.ENDLESS: 2, losses.APART: 1}
    assert losses.account([ROW], max_len=4, max_width=2, views=[views]).counts[losses.WIDE] == 1
    short = [losses.View(0, 7, 7), losses.View(6, 12, 8)]
    assert losses.account([ROW], max_len=4, views=[short]).counts[losses.UNREAD] == 4
