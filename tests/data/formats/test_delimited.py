from __future__ import annotations

from pathlib import Path

import pytest

from gliexp.data.formats import Layout, recognise, rows
from gliexp.data.reading import read, scan
from gliexp.errors import Refusal
from tests.data.formats.written import put


def labelled(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"text": text, "label": label} for text, label in pairs]


HEAD = "text,ner\n"
GOOD = '"Ana, of Oslo","[[0, 3, ""p""]]"\n'


@pytest.mark.parametrize(
    ("name", "text", "layout", "expected"),
    [
        (
            "d.csv",
            'text,label\n"a, b",x\nc,"y ""z"""\n',
            Layout(),
            labelled(("a, b", "x"), ("c", 'y "z"')),
        ),
        (
            "d.csv",
            "Text;Label\na;x\n\nb, c;y\n",
            Layout(),
            [{"Text": "a", "Label": "x"}, {"Text": "b, c", "Label": "y"}],
        ),
        ("d.csv", "a|x\nb|y\n", Layout(), [{"0": "a", "1": "x"}, {"0": "b", "1": "y"}]),
        ("d.tsv", "I am\t4,27\te1\nok\t2\te2\n", Layout(names=("text", "labels", "id")), None),
        ("d.tsv", "text\tlabels\tid\nI am\t4,27\te1\nok\t2\te2\n", Layout(), None),
        ("d.tsv", "a\tb\tc\nI am\t4,27\te1\nok\t2\te2\n", Layout(header=True, names=("text", "labels", "id")), None),
        (
            "d.tsv",
            'text\tlabel\n"Hi" he said\tx\n"\ty\n',
            Layout(),
            labelled(('"Hi" he said', "x"), ('"', "y")),
        ),
        ("d.tsv", 'text\tlabel\n"""Hi"" he\nsaid"\tx\n', Layout(), [{"text": '"Hi" he\nsaid', "label": "x"}]),
        ("d.csv", "text#label\na#b\n", Layout(separator="#"), [{"text": "a", "label": "b"}]),
        ("d.csv", "\ufefftext,label\r\na,b\r\n", Layout(), [{"text": "a", "label": "b"}]),
        ("d.csv", "Satz,Art\na,b\n", Layout(known=("Satz",)), [{"Satz": "a", "Art": "b"}]),
    ],
)
def test_rows_as_they_stand(
    tmp_path: Path, name: str, text: str, layout: Layout, expected: list[dict[str, str]]
) -> None:
    path = put(tmp_path / name, text)
    found = recognise(path, layout)
    assert found is not None
    assert found.name == name[2:]
    if expected is None:
        expected = [{"text": "I am", "labels": "4,27", "id": "e1"}, {"text": "ok", "labels": "2", "id": "e2"}]
    assert [raw.row for raw in rows(path, found.name, layout)] == expected


def test_lists_in_cells_may_be_json_python_or_words(tmp_path: Path) -> None:
    path = put(
        tmp_path / "d.csv",
        'tokens,ner\n"[\'a\', \'b\']","[(0, 1, \'x\')]"\na b,B-x I-x\n"[""a"", ""b""]","[\'B-x\', \'I-x\']"\n',
    )
    assert read(path) == [{"tokenized_text": ["a", "b"], "ner": [[0, 1, "x"]]}] * 3


def test_columns_by_the_users_names(tmp_path: Path) -> None:
    path = put(tmp_path / "d.tsv", "a b\t7\tB-x O\n")
    fields = {"tokens": "0", "ner": "2"}
    assert read(path, fields) == [{"tokenized_text": ["a", "b"], "ner": [[0, 0, "x"]]}]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("a,[],c\n", "3 cells for 2 columns"),
        ("a\n", "1 cell for 2 columns"),
        ('"a" b,[]\n', "not CSV"),
        ('ab,"[[0, 1, ""p"""\n', "which is no list in JSON or Python"),
        ('ab,"[[0, 9, ""p""]]"\n', "beyond the 2 characters"),
        ("ab,x y\n", "ner holds tags, one a word"),
        ("ab,[__import__('os')]\n", "which is no list in JSON or Python"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, bad: str, reason: str) -> None:
    path = put(tmp_path / "d.csv", HEAD + GOOD + bad + GOOD)
    with pytest.raises(Refusal) as refused:
        read(path)
    (problem,) = refused.value.problems
    assert problem.where == f"{path}:3"
    assert reason in problem.message


def test_a_quote_that_never_ends_is_named_where_it_begins(tmp_path: Path) -> None:
    path = put(tmp_path / "d.csv", HEAD + GOOD + '"a,[]\n' + "b,[]\n")
    (problem,) = scan(path).problems
    assert (problem.where, "not CSV" in problem.message) == (f"{path}:3", True)


def test_a_row_over_several_lines_counts_from_its_first(tmp_path: Path) -> None:
    assert scan(put(tmp_path / "d.csv", HEAD + '"a\nb",[]\n' + GOOD)).lines == [2, 4]


def test_bytes_that_are_not_utf8_spoil_their_row_only(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(HEAD.encode() + b"\xe7a,[]\n" + GOOD.encode())
    (problem,) = scan(path).problems
    assert (problem.where, problem.message) == (f"{path}:2", "text is not UTF-8: byte 0xe7 at character 0")


@pytest.mark.parametrize(
    ("text", "layout", "reason"),
    [
        ("text,text\na,b\n", Layout(header=True), "two columns go by the name 'text'"),
        ("a,b\n", Layout(separator="::"), "parted by one character"),
        ("a,b\n", Layout(names=("text",)), "2 cells for 1 columns"),
        ("text,label\na,b\nc,d\n", Layout(), "label labels whole texts, which is classification"),
        ("text,category\na,b\nc,d\n", Layout(), "the row has text, category (so in all 2 rows)"),
    ],
)
def test_what_is_wrong_with_the_whole_file_is_said_once(tmp_path: Path, text: str, layout: Layout, reason: str) -> None:
    (problem,) = scan(put(tmp_path / "d.csv", text), None, "csv", layout).problems
    assert reason in problem.message


def test_a_cell_may_be_a_long_document(tmp_path: Path) -> None:
    assert len(read(put(tmp_path / "d.csv", HEAD + "a" * 200_000 + ",[]\n"))) == 1


def test_prose_is_no_table(tmp_path: Path) -> None:
    path = put(tmp_path / "d.txt", "One, two.\nThree, four, five.\nSix\n")
    assert recognise(path, Layout()) is None
    assert "cannot be told" in scan(path).problems[0].message


@pytest.mark.parametrize("cell", ["['EU' 'rejects']", "['EU'\n 'rejects' 'it']", "['EU', 'rejects' 'it']"])
def test_a_list_printed_by_numpy_does_not_become_one_word(tmp_path: Path, cell: str) -> None:
    path = put(tmp_path / "d.csv", f'tokens,ner\n"{cell}","[[0, 0, \'x\']]"\n')
    (problem,) = scan(path).problems
    assert "without commas between them" in problem.message
    assert problem.where == f"{path}:2"
