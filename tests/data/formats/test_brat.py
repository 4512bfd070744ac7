from __future__ import annotations

from pathlib import Path

import pytest

from gliexp.data.reading import read, scan
from gliexp.errors import Refusal
from tests.data.formats.written import put

TEXT = "Ana Lu\r\nlives in Oslo and in Rio.\n"
GOOD = "T1\tperson 0 6\tAna Lu\nT2\tcity 17 21\tOslo\n"


def pair(directory: Path, ann: str, text: str = TEXT) -> Path:
    put(directory / "d.txt", text)
    return put(directory / "d.ann", ann)


def test_relations_events_and_notes(tmp_path: Path) -> None:
    ann = GOOD + (
        "E1\tperson:T1 Where:T2 When:T2\nR1\tin Arg1:E1 Arg2:T2\t\nA1\tNegated E1\n#1\tNote T1\thm\n"
        "*\tEquiv T1 T2\nN1\tReference T2 Wiki:585\tOslo\n\n"
    )
    path = pair(tmp_path, ann)
    for file in (path, path.with_suffix(".txt"), tmp_path):
        reading = scan(file)
        assert reading.format == "brat"
        assert [(row["ner"], row["relations"]) for row in reading.examples] == [
            ([[0, 1, "person"], [4, 4, "city"]], [[0, 1, "in"]])
        ]
        assert reading.dropped == {
            "event argument left out": 2,
            "attribute left out": 1,
            "note left out": 1,
            "equivalence left out": 1,
            "reference left out": 1,
        }
    assert scan(tmp_path).place(0) == f"{tmp_path}/d.ann:1"


def test_an_entity_in_pieces_is_named_and_counted_with_its_relations(tmp_path: Path) -> None:
    path = pair(tmp_path, GOOD + "T3\tplan 8 16;29 32\tlives in Rio\nR1\tby Arg1:T3 Arg2:T1\nR2\tin Arg1:T1 Arg2:T2\n")
    reading = scan(path)
    assert reading.examples[0]["ner"] == [[0, 1, "person"], [4, 4, "city"]]
    assert reading.examples[0]["relations"] == [[0, 1, "in"]]
    assert reading.dropped == {"entity in pieces left out": 1, "relation of an entity in pieces left out": 1}
    assert reading.notes == [
        f"{path}:line 3: T3 plan 'lives in Rio' is in 2 pieces, left out",
        f"{path}:line 4: R1 by leads to an entity in pieces, left out",
    ]


def test_a_border_inside_a_word_is_moved_and_counted(tmp_path: Path) -> None:
    reading = scan(pair(tmp_path, "T1\tplace 18 21\tslo\n"))
    assert reading.examples[0]["ner"] == [[4, 4, "place"]]
    assert reading.dropped == {"entity that began or ended inside a word (widened to whole words)": 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("T3\tcity 18 21\tOslo", "says 'Oslo', the text there is 'slo'"),
        ("T3\tcity 17 99\tOslo", "does not lie within the 34 characters"),
        ("T3\tcity 21 17\tOslo", "does not lie within"),
        ("T3\tcity -4 2\tOslo", "does not lie within"),
        ("T3\tcity 17\tOslo", "is not label, start and end"),
        ("T3\tcity a b\tOslo", "is not label, start and end"),
        ("T3", "is not label, start and end"),
        ("T2\tcity 17 21\tOslo", "T2 is there twice"),
        ("T3\t 17 21\tOslo", "label is empty"),
        ("T3\tcity 16 17\t", "hold no word"),
        ("R1\tin Arg1:T1", "R1 must be a label and two arguments"),
        ("R1", "R1 must be a label and two arguments"),
        ("R1\tin Arg1:T1 Arg2:T9", "R1: T9 is not there"),
        ("E1\tgo:T9", "its trigger T9 is not there"),
        ("E1\t", "E1 has no trigger"),
        ("hello", "is no line of brat"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = pair(tmp_path, GOOD + line + "\n")
    with pytest.raises(Refusal) as refused:
        read(path)
    (problem,) = refused.value.problems
    assert reason in problem.message
    # What is only seen once characters became words belongs to the document as a whole.
    assert problem.where == f"{path}:{1 if reason in ('label is empty', 'hold no word') else 3}"


def test_half_a_pair_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "d.ann", GOOD)
    assert scan(path).problems[0].message == "the pair lacks d.txt"
    (tmp_path / "d.txt").write_bytes(b"Ana \xe7")
    assert "d.txt: not UTF-8" in scan(path).problems[0].message


def test_pieces_with_only_space_between_them_are_one_entity(tmp_path: Path) -> None:
    text = "Ministry of\n  Public Works built it.\n"
    ann = "T1\torganization 0 11;14 26\tMinistry of Public Works\nT2\tverb 27 32\tbuilt\nR1\tby Arg1:T2 Arg2:T1\n"
    reading = scan(pair(tmp_path, ann, text))
    (row,) = reading.examples
    assert (row["ner"], row["relations"]) == ([[0, 3, "organization"], [4, 4, "verb"]], [[1, 0, "by"]])
    assert reading.dropped == {}
    apart = scan(pair(tmp_path, "T1\torganization 0 8;14 26\tMinistry Public Works\n", text))
    assert apart.examples[0]["ner"] == []
    assert apart.dropped == {"entity in pieces left out": 1}
