from __future__ import annotations

from pathlib import Path

import pytest

from gliexp.data import tags
from gliexp.data.reading import read
from gliexp.data.row import BadRow, RowReader

WORDS = ["a", "b", "c", "d", "e"]
SPANS = [(0, 1, "x"), (2, 2, "x"), (4, 4, "y")]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("IOB2", "B-x I-x B-x O B-y"),
        ("IOB1", "I-x I-x B-x O I-y"),
        ("BIOES", "B-x E-x S-x O S-y"),
        ("BILOU", "B-x L-x U-x O U-y"),
        ("BMEWO", "B-x E-x W-x O W-y"),
        ("IOB2", "B_x I_x B_x _ B_y"),
        ("IOB2", "x-B x-I x-B O y-B"),
    ],
)
def test_every_scheme_says_the_same(name: str, line: str) -> None:
    scheme = tags.recognise([line.split()])
    assert scheme.name == name
    assert tags.decode(line.split(), scheme) == (SPANS, {})


def test_bare_labels_join_neighbours_of_one_label() -> None:
    line = ["x", "x", "O", "y", "x"]
    scheme = tags.recognise([line])
    assert scheme.name == "bare labels"
    assert tags.decode(line, scheme)[0] == [(0, 1, "x"), (3, 3, "y"), (4, 4, "x")]


def test_labels_with_hyphens_are_no_border_letters() -> None:
    assert tags.recognise([["E-mail", "O", "Bus-stop"]]).name == "bare labels"
    assert tags.decode(["B-a-b", "I-a-b"], tags.recognise([["B-a-b", "I-a-b"]]))[0] == [(0, 1, "a-b")]


@pytest.mark.parametrize(
    ("rows", "line", "spans", "mended"),
    [
        (["B-x O"], "O I-x I-x B-y I-x", [(1, 2, "x"), (3, 3, "y"), (4, 4, "x")], {tags.OPENED_INSIDE: 2}),
        (["B-x E-x"], "B-x I-x O B-y", [(0, 1, "x"), (3, 3, "y")], {tags.NEVER_ENDED: 2}),
        (["B-x E-x"], "O E-x S-x", [(1, 1, "x"), (2, 2, "x")], {tags.OPENED_AT_END: 1}),
    ],
)
def test_faults_with_one_reading_are_mended_and_counted(
    rows: list[str], line: str, spans: list[tuple[int, int, str]], mended: dict[str, int]
) -> None:
    scheme = tags.recognise([row.split() for row in rows])
    assert tags.decode(line.split(), scheme) == (spans, mended)


def test_one_stray_end_tag_does_not_make_another_scheme() -> None:
    rows = ["B-x I-x O B-y".split()] * 9 + ["B-x E-x O S-y".split()]
    scheme = tags.recognise(rows)
    assert scheme.name == "IOB2"
    assert tags.decode(rows[0], scheme) == ([(0, 1, "x"), (3, 3, "y")], {})
    assert tags.decode(rows[9], scheme) == ([(0, 1, "x"), (3, 3, "y")], {tags.STRAY_END: 1, tags.STRAY_SINGLE: 1})
    ended = tags.recognise([*[row[:] for row in [["B-x", "E-x", "O", "S-y"]] * 9], ["B-x", "I-x", "O"]])
    assert ended.name == "BIOES"


@pytest.mark.parametrize("line", ["B I O", "B- I_ O", "B-x I-x oops", "B-x - O", "x  y"])
def test_tags_without_a_meaning_are_bad(line: str) -> None:
    found = line.split(" ")
    with pytest.raises(BadRow, match="tag"):
        tags.decode(found, tags.recognise([["B-x"], found] if "B-x" in line else [found]))


def test_rows_may_carry_tags_as_text_or_numbers() -> None:
    expected = {"tokenized_text": WORDS, "ner": [list(span) for span in SPANS]}
    assert RowReader().tidy({"tokens": WORDS, "ner_tags": "B-x I-x B-x O B-y".split()}).example == expected
    reader = RowReader(tag_names=["O", "B-x", "I-x", "B-y"])
    assert reader.tidy({"tokens": WORDS, "ner_tags": [1, 2, 1, 0, 3]}).example == expected
    assert reader.tidy({"tokens": WORDS, "ner_tags": "1 2 1 0 3".split()}).example == expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"tokens": WORDS, "ner": [1, 2]}, "2 tags for 5 words"),
        ({"tokens": ["a", "b"], "ner": [1, 4]}, "tag 1 is 4, data.tag_names names 0 to 1"),
        ({"tokens": ["a", "b"], "ner": [1, -100]}, "tag 1 is -100"),
        ({"tokens": ["a", "b"], "ner": [1, None]}, "tag 1 is null"),
        ({"tokens": ["a", "b"], "ner": [1, True]}, "tag 1 is true or false"),
        ({"text": "a b", "ner": [1, 0]}, "needs tokenized_text or tokens, not raw text"),
    ],
)
def test_tags_that_do_not_fit_are_bad(row: dict[str, object], reason: str) -> None:
    with pytest.raises(BadRow, match=reason):
        RowReader(tag_names=["O", "B-x"]).tidy(row)
    if "-100" not in reason and "names 0" not in reason and "tag 1" not in reason:
        return
    with pytest.raises(BadRow, match=r"data.tag_names must name|is null|is true"):
        RowReader().tidy(row)


@pytest.mark.parametrize("tail", ["B-x I-x O", "U-x O B-y", "x-B x-I O", "I-x B-x O"])
def test_a_thousand_rows_without_entities_do_not_hide_the_scheme(tmp_path: Path, tail: str) -> None:
    sentence = [f"w{place} {tag}" for place, tag in enumerate(tail.split())]
    path = tmp_path / "sorted.conll"
    path.write_text("a O\n\n" * 3000 + "\n".join(sentence) + "\n", encoding="utf-8")
    alone = tags.decode(tail.split(), tags.recognise([tail.split()]))[0]
    assert [tuple(entity) for entity in read(path)[-1]["ner"]] == alone
    assert {label for _, _, label in alone} <= {"x", "y"}
