import copy

import pytest

from gliexp.data import repair
from gliexp.data.repair import mend
from gliexp.data.row import BadRow, RowReader

NAMES = RowReader().names


@pytest.mark.parametrize(
    ("row", "kind", "count"),
    [
        ({"tokenized_text": ["a", "b"], "ner": [["0", "1", "x"]]}, repair.NUMBER, 2),
        ({"tokenized_text": ["a", "b"], "ner": [[0.0, 1, "x"]]}, repair.NUMBER, 1),
        ({"tokens": ["a", "b"], "entities": [{"start": "0", "end": 1.0, "label": "x"}]}, repair.NUMBER, 2),
        ({"tokenized_text": ["a"], "ner": [[0, 0, " x "]]}, repair.SPACE, 1),
        ({"tokenized_text": ["a"], "ner": [[0, 0, "x"]], "ner_labels": ["y"]}, repair.OFFERED, 1),
        ({"tokenized_text": ["a", "", "b", " "], "ner": [[0, 2, "x"]]}, repair.HOLLOW, 2),
        (
            {"tokenized_text": ["a", "b"], "ner": [[0, 0, "x"], [1, 1, "x"]], "relations": [["0", "1", "r "]]},
            repair.NUMBER,
            2,
        ),
    ],
)
def test_what_has_one_reading_is_mended(row: dict[str, object], kind: str, count: int) -> None:
    before = copy.deepcopy(row)
    mended = mend(row, NAMES)
    assert mended.repairs[kind] == count
    assert row == before
    tidied = RowReader().tidy(mended.row).example
    assert all(label == label.strip() for *_, label in tidied["ner"])


def test_hollow_words_take_the_spans_with_them() -> None:
    mended = mend({"tokenized_text": ["", "a", "", "b"], "ner": [[1, 3, "x"], [3, 3, "y"]]}, NAMES)
    assert mended.row == {"tokenized_text": ["a", "b"], "ner": [[0, 1, "x"], [1, 1, "y"]]}


@pytest.mark.parametrize(
    "row",
    [
        {"tokenized_text": ["a", "b"], "ner": [[1, 0, "x"]]},
        {"tokenized_text": ["a", "b"], "ner": [[-1, 0, "x"]]},
        {"tokenized_text": ["a", "b"], "ner": [[0, 2, "x"]]},
        {"tokenized_text": ["a", "b"], "ner": [[0.5, 1, "x"]]},
        {"tokenized_text": ["a", "b"], "ner": [["one", 1, "x"]]},
        {"tokenized_text": ["a", ""], "ner": [[0, 1, "x"]]},
        {"tokenized_text": ["a"], "ner": [[0, 0, "x"]], "relations": [[0, 1, "r"]]},
        {"tokenized_text": ["", " "], "ner": []},
        {"tokenized_text": ["a"], "ner": None},
        {"tokenized_text": ["a"], "ner": [[0, 0, 7]]},
        {"tokenized_text": ["a"], "ner": [[0, 0, " "]]},
        {"tokenized_text": ["<<ENT>>"], "ner": []},
        ["not", "a", "row"],
        None,
    ],
)
def test_what_could_mean_two_things_is_left_bad(row: object) -> None:
    with pytest.raises(BadRow):
        RowReader().tidy(mend(row, NAMES).row)


def test_a_good_row_stays_as_it_is() -> None:
    row = {"tokenized_text": ["a", "b"], "ner": [[0, 1, "x"]], "ner_labels": ["x", "y"], "relations": []}
    mended = mend(row, NAMES)
    assert (mended.row, +mended.repairs) == (row, {})
