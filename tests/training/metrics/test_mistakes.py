from __future__ import annotations

from random import Random

from gliexp.training.metrics.mistakes import NOTHING, confusion, matches

from .test_against_others import beside, nested

GOLD = [(0, 0, "person"), (2, 4, "city"), (6, 7, "law"), (9, 9, "law")]


def kinds(predicted) -> list[str]:
    return [match.kind for match in matches(GOLD, predicted)]


def test_each_kind() -> None:
    predicted = [(0, 0, "person"), (2, 4, "country"), (6, 6, "law"), (11, 11, "person")]
    assert kinds(predicted) == ["right", "wrong label", "wrong boundary", "missed", "spurious"]
    assert kinds([(1, 2, "law")])[1] == "wrong label and boundary"


def test_the_better_match_is_taken_whatever_the_order() -> None:
    found = matches([(0, 5, "a")], [(0, 1, "a"), (1, 5, "a"), (0, 5, "b")])
    assert [(match.kind, match.predicted) for match in found if match.gold] == [("wrong label", (0, 5, "b"))]
    found = matches([(0, 5, "a")], [(0, 1, "a"), (1, 5, "a")])
    assert [match.predicted for match in found if match.gold] == [(1, 5, "a")]


def test_every_entity_of_both_sides_is_listed_once() -> None:
    for number in range(300):
        draw = Random(number)
        gold = nested(draw)
        predicted = beside(draw, gold, nested)
        found = matches(gold, predicted)
        assert sorted(match.gold for match in found if match.gold) == gold
        assert sorted(match.predicted for match in found if match.predicted) == predicted
        right = [match for match in found if match.kind == "right"]
        assert len(right) == len(set(gold) & set(predicted))
        assert confusion([found]).total() == len(found)


def test_confusion_counts_labels_against_labels() -> None:
    found = confusion([matches(GOLD, [(2, 4, "country"), (6, 6, "law"), (11, 11, "person")])])
    assert found == {
        ("person", NOTHING): 1,
        ("city", "country"): 1,
        ("law", "law"): 1,
        ("law", NOTHING): 1,
        (NOTHING, "person"): 1,
    }
