from __future__ import annotations

from gliexp.data.doubts import doubts


def _row(words: str, *entities: list[object]) -> dict[str, object]:
    return {"tokenized_text": words.split(), "ner": list(entities)}


def test_rows_in_two_splits_contradictions_and_labels_that_look_alike_are_said() -> None:
    rows = {
        "train": [_row("a b", [0, 0, "Person"]), _row("a b"), _row("c", [0, 0, "person"])],
        "dev": [_row("d"), _row("c")],
        "test": [],
    }
    places = {"train": ["t:1", "t:2", "t:3"], "dev": ["d:1", "d:2"], "test": []}
    assert doubts(rows, places) == [
        "train: 1 rows have the words of another, annotated otherwise: t:2 and t:1",
        "1 rows are in both train and dev: t:3 and d:2",
        "one entity label or several? 'Person', 'person'",
    ]


def test_nothing_odd_nothing_said() -> None:
    assert doubts({"train": [_row("a", [0, 0, "x"])], "dev": [_row("b")]}, {"train": ["t:1"], "dev": ["d:1"]}) == []


def test_texts_and_labels_of_classification_are_doubted_too() -> None:
    rows = {
        "train": [{"text": "a b", "true": {"Refund": 1.0}}, {"text": "a b", "true": {}}],
        "dev": [{"text": "a b", "true": {"Refund": 1.0}, "all_labels": ["Refund", "refund"]}],
    }
    places = {"train": ["t:1", "t:2"], "dev": ["d:1"]}
    assert doubts(rows, places, ("class",)) == [
        "train: 1 rows have the words of another, annotated otherwise: t:2 and t:1",
        "1 rows are in both train and dev: t:1 and d:1",
        "one class label or several? 'Refund', 'refund'",
    ]
