import pytest

from gliexp.data.class_row import TWICE, ClassRowReader
from gliexp.data.row import BadRow

GOOD = {"text": "hello", "all_labels": ["a", "b"], "true_labels": ["a"]}


def test_lists_and_scores():
    assert ClassRowReader().tidy(GOOD).example == {"text": "hello", "true": {"a": 1.0}, "all_labels": ["a", "b"]}
    scored = ClassRowReader().tidy({**GOOD, "true_labels": {"a": 0.3, "b": 1}})
    assert scored.example["true"] == {"a": 0.3, "b": 1.0}


def test_names_of_the_user_prompt_and_examples():
    reader = ClassRowReader({"text": "sentence", "true_labels": "classes"})
    row = {"sentence": "x", "classes": [], "prompt": "p", "examples": [{"text": "t", "true_labels": ["a"]}]}
    assert reader.tidy(row).example == {
        "text": "x",
        "true": {},
        "prompt": "p",
        "examples": [{"text": "t", "labels": ["a"]}],
    }


def test_plain_text_is_one_label_or_those_between_the_separator():
    reader, split = ClassRowReader(), ClassRowReader(separator=",")
    assert reader.tidy({"text": "x", "true_labels": "card, lost"}).example["true"] == {"card, lost": 1.0}
    assert split.tidy({"text": "x", "true_labels": "card, lost"}).example["true"] == {"card": 1.0, "lost": 1.0}
    assert split.tidy({"text": "x", "true_labels": " "}).example["true"] == {}
    with pytest.raises(BadRow, match=r"true_labels\[1\] is empty"):
        split.tidy({"text": "x", "true_labels": "card,,lost"})


def test_repeated_labels_are_counted():
    tidied = ClassRowReader().tidy({**GOOD, "all_labels": ["a", "b", "b"], "true_labels": ["a", "a"]})
    assert tidied.example["all_labels"] == ["a", "b"]
    assert tidied.dropped == {TWICE: 2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": ""}, "text is empty"),
        ({"text": 3}, "text is a number"),
        ({"all_labels": []}, "all_labels is empty"),
        ({"true_labels": ["c"]}, "all_labels lacks the true label c"),
        ({"true_labels": {"a": "1"}}, "not a number"),
        ({"true_labels": {"a": float("nan")}}, "not a number"),
        ({"true_labels": 3}, "must be a list"),
        ({"text": "a <<LABEL>> b"}, "<<LABEL>>"),
        ({"all_labels": ["a", "<<SEP>>"]}, "<<SEP>>"),
        ({"examples": ["x"]}, "must be an object"),
    ],
)
def test_what_the_library_would_train_wrong_on_is_refused(change, said):
    with pytest.raises(BadRow, match=said):
        ClassRowReader().tidy({**GOOD, **change})


def test_a_row_without_text_or_labels_is_refused():
    for key in ("text", "true_labels"):
        with pytest.raises(BadRow, match=key):
            ClassRowReader().tidy({name: value for name, value in GOOD.items() if name != key})
