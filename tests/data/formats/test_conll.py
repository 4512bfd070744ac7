from __future__ import annotations

from pathlib import Path

import pytest

from gliexp.data import formats, reading
from gliexp.data.formats import Layout, conll
from gliexp.data.reading import read, scan
from gliexp.errors import Refusal
from tests.data.formats.written import put

GOOD = "Ana B-p\nsings O\n\n"


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("Ana;x;B-p\nLu;x;I-p\n;y;O\n\nBo;x;O\n", Layout()),
        ("1\tAna\tB-p\t_\n2\tLu\tI-p\t_\n3\t;\tO\t_\n\n1\tBo\tO\t_\n", Layout(token=1, tag=2)),
        ("B-p||Ana\nI-p||Lu\nO||;\n\nO||Bo\n", Layout(separator="||", token=1, tag=0)),
        ("-DOCSTART- -X- O\n\nAna   NNP B-p\nLu\tNNP  I-p\n; : O\n\n\n\n# id 1 of many\nBo NNP O\n", Layout()),
        ("Ana B-p\r\nLu I-p\r\n; O\r\n \r\nBo O\r\n\r\n", Layout()),
        ("\ufeffAna B-p\nLu I-p\n; O\n\nBo O", Layout()),
    ],
)
def test_any_separator_and_column(tmp_path: Path, text: str, layout: Layout) -> None:
    path = put(tmp_path / "d.conll", text.replace("\n;y;O", "\nx;y;O"))
    rows = read(path, None, "conll", layout)
    assert [row["ner"] for row in rows] == [[[0, 1, "p"]], []]
    assert [row["tokenized_text"][:2] for row in rows] == [["Ana", "Lu"], ["Bo"]]


def test_lines_of_sentences_are_named_and_comments_are_no_rows(tmp_path: Path) -> None:
    reading = scan(put(tmp_path / "d.conll", "# a b c\nAna B-p\n\n\n# O\nBo O\n"))
    assert reading.lines == [2, 5]
    assert reading.examples[1]["tokenized_text"] == ["#", "Bo"]


def test_a_no_break_space_stays_in_its_word_and_edges_are_counted(tmp_path: Path) -> None:
    reading = scan(put(tmp_path / "d.conll", "8ª\u00a0 B-n\n1\u00a0000 I-n\n\u00a0 O\nx O\n\n"))
    assert reading.examples == [{"tokenized_text": ["8ª", "1\u00a0000", "x"], "ner": [[0, 1, "n"]]}]
    assert reading.dropped == {"empty word left out": 1, "space at the edges of a word left out": 1}


@pytest.mark.parametrize(
    ("bad", "line", "reason"),
    [
        ("Bo\n\n", 4, "1 column, other lines have 2"),
        ("Bo O x\n\n", 4, "3 columns, other lines have 2"),
        ("Bo X-p\nx O\n\n", 4, "'X-p', which is no tag of IOB2"),
        ("Bo B-\n\n", 4, "no tag of IOB2"),
        ("\u00a0 B-p\n\n", 4, "tokenized_text[0] is empty"),
        ("\u00a0 O\n\n", 4, "a sentence of empty words"),
        ("Bo <<SEP>>\n\n", 4, "no tag of IOB2"),
        ("<<SEP>> O\n\n", 4, "reserves"),
    ],
)
def test_a_bad_sentence_is_named_and_hides_no_other(tmp_path: Path, bad: str, line: int, reason: str) -> None:
    path = put(tmp_path / "d.conll", GOOD + bad + GOOD * 3)
    with pytest.raises(Refusal) as refused:
        read(path)
    (problem,) = refused.value.problems
    assert problem.where == f"{path}:{line}"
    assert reason in problem.message


def test_bytes_that_are_not_utf8_spoil_their_sentence_only(tmp_path: Path) -> None:
    path = tmp_path / "d.conll"
    path.write_bytes(GOOD.encode() + b"\xe7 O\n\n" + GOOD.encode())
    reading = scan(path)
    assert [(problem.where, problem.message) for problem in reading.problems] == [
        (f"{path}:4", "not UTF-8: byte 0xe7 at place 0")
    ]
    assert len(reading.examples) == 2


def test_a_column_that_is_not_there_is_said_once(tmp_path: Path) -> None:
    path = put(tmp_path / "d.conll", GOOD * 3)
    assert "no column 4" in scan(path, None, "conll", Layout(token=4)).problems[0].message
    assert "no separator" in scan(path, None, "conll", Layout(separator="#")).problems[0].message


def test_comments_with_as_many_columns_as_words_are_no_words(tmp_path: Path) -> None:
    text = "# id ca12\tdomain=train\nAna _ _ B-p\nsings _ _ O\n\n# sent_id = 2\n# _ _ O\nBo _ _ B-p\n\n"
    rows = read(put(tmp_path / "d.conll", text))
    assert [row["tokenized_text"] for row in rows] == [["Ana", "sings"], ["#", "Bo"]]


def test_a_column_that_counts_the_words_is_not_taken_for_them(tmp_path: Path) -> None:
    path = put(tmp_path / "d.conll", "1\tAna\tB-p\n2\tLu\tI-p\n3\tsings\tO\n\n")
    (problem,) = scan(path).problems
    assert "only counts them: data.columns.token" in problem.message
    assert problem.where == f"{path}:1"
    assert read(path, None, "conll", Layout(token=1))[0]["tokenized_text"] == ["Ana", "Lu", "sings"]


def test_a_file_named_conll_is_one_without_a_blank_line(tmp_path: Path) -> None:
    reading = scan(put(tmp_path / "d.conll", "New York\tB-p\nsings\tO\n"))
    assert (reading.format, reading.examples) == (
        "conll",
        [{"tokenized_text": ["New York", "sings"], "ner": [[0, 0, "p"]]}],
    )


ODD_BLOCKS = [
    "Ana B-p\nsings O\n",
    "Ana  B-p\n sings O \n",
    "Ana\tB-p\n",
    "# id 1 of\nBo O\n",
    "-DOCSTART- O\n",
    "Bo\u00a0 B-p\n\u00a0 O\n",
    "Bo\n",
    "\ufeffBo O\r\n",
    "Bo O\r\nx\r O\r\n",
    "1 O\n2 O\n3 O\n",
]


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize("ending", ["", "\n", "\n \t"])
def test_the_quick_way_and_the_careful_one_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, ending: str
) -> None:
    blank = ["\n", "\n\n", " \t\r\n"]
    text = "".join(block + blank[place % 3] for place, block in enumerate(ODD_BLOCKS * 3)) + "Bo O" + ending
    path = put(tmp_path / "d.conll", text)
    monkeypatch.setattr(conll, "PIECE", piece)
    quick = list(formats.rows(path, "conll"))
    monkeypatch.setattr(conll._Table, "plain", lambda *_: None)
    assert quick == list(formats.rows(path, "conll"))
    lines = text.split("\n")
    for raw in quick:
        word = raw.row["tokenized_text"][0] if isinstance(raw.row, dict) else ""
        assert lines[raw.line - 1].strip(" \ufeff").startswith(word)
    assert sum(isinstance(raw.row, dict) for raw in quick) > 15


@pytest.mark.parametrize(("held", "times"), [(2_000_000, 1), (5, 2)])
def test_a_file_is_gone_through_once_unless_it_is_too_long_to_wait_for_its_scheme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int, times: int
) -> None:
    path = put(tmp_path / "d.conll", GOOD * 10)
    opened: list[Path] = []
    original = formats.rows

    def counting(path: Path, *others: object) -> object:
        opened.append(path)
        return original(path, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(formats, "rows", counting)
    monkeypatch.setattr(reading, "HELD", held)
    assert len(read(path)) == 10
    assert len(opened) == times
