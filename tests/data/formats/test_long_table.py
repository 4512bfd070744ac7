"""Tables with a word a row and a column that names the sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliexp.config.schema.data import Data
from gliexp.data import splits
from gliexp.data.formats import Layout
from gliexp.data.reading import read, scan
from tests.data.formats.written import put

EXPECTED = [
    {"tokenized_text": ["Ana", "Lu", ",", "sings"], "ner": [[0, 1, "per"]]},
    {"tokenized_text": ["Oslo"], "ner": [[0, 0, "geo"]]},
]
NAMED_ONCE = """Sentence #,Word,POS,Tag
Sentence: 1,Ana,NNP,B-per
,Lu,NNP,I-per
,",",",",O
,sings,VB,O
Sentence: 2,Oslo,NNP,B-geo
"""


def test_the_sentence_may_be_named_on_its_first_row_alone(tmp_path: Path) -> None:
    reading = scan(put(tmp_path / "ner.csv", NAMED_ONCE))
    assert (reading.examples, reading.lines, reading.format) == (EXPECTED, [2, 6], "csv")
    assert reading.dropped == {}


def test_or_on_each_row_by_tab_with_a_number_from_zero(tmp_path: Path) -> None:
    lines = ["sentence_id\ttoken\tner_tag", *"0\tAna\tB-per|0\tLu\tI-per|0\t,\tO|0\tsings\tO|1\tOslo\tB-geo".split("|")]
    assert read(put(tmp_path / "ner.tsv", "\n".join(lines) + "\n")) == EXPECTED


def test_columns_of_any_name_and_place(tmp_path: Path) -> None:
    text = "Tag;Satz;w\nB-per;a;Ana\nI-per;a;Lu\nO;a;,\nO;a;sings\nB-geo;b;Oslo\n"
    path = put(tmp_path / "d.csv", text)
    assert read(path, None, "csv", Layout(separator=";", header=True, sentence="Satz", token=2, tag=0)) == EXPECTED
    data = Data()
    data.train_data, data.format = str(path), "csv"
    data.fields.tokens, data.fields.ner = "w", "Tag"
    data.columns.sentence, data.columns.separator, data.columns.header = "Satz", ";", True
    assert splits.load(data, "ner").train == EXPECTED


def test_without_names_columns_go_by_their_numbers(tmp_path: Path) -> None:
    path = put(tmp_path / "d.csv", "1,Ana,B-per\n1,Lu,I-per\n1,:,O\n1,sings,O\n2,Oslo,B-geo\n")
    rows = read(path, None, "csv", Layout(sentence="0", header=False))
    assert [row["ner"] for row in rows] == [[[0, 1, "per"]], [[0, 0, "geo"]]]


@pytest.mark.parametrize(
    ("row", "line", "reason"),
    [
        (",x", 3, "2 cells for 4 columns"),
        (",x,NN,", 3, "the word 'x' has no tag"),
        (",x,NN,oops-", 2, "which is no tag"),
        (",,NN,B-per", 2, "is empty"),
        ("Sentence: 0,x,NN,O", 3, "'Sentence: 0' was there before"),
    ],
)
def test_a_bad_row_spoils_its_sentence_and_is_named(tmp_path: Path, row: str, line: int, reason: str) -> None:
    text = f"Sentence #,Word,POS,Tag\nSentence: 0,a,NN,B-per\n{row}\nSentence: 1,Bo,NNP,B-per\n,Lu,NNP,I-per\n"
    if "before" in reason:
        text = text.replace("Sentence: 0,a,NN,B-per\n", "Sentence: 0,a,NN,B-per\nSentence: 9,b,NN,O\n")
        line = 4
    reading = scan(put(tmp_path / "d.csv", text))
    assert [problem.where for problem in reading.problems] == [f"{tmp_path}/d.csv:{line}"]
    assert reason in reading.problems[0].message
    assert [row["tokenized_text"] for row in reading.examples][-1] == ["Bo", "Lu"]


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(NAMED_ONCE.encode().replace(b"Lu", b"L\xfa"))
    reading = scan(path)
    assert [(p.where, p.message) for p in reading.problems] == [(f"{path}:3", "not UTF-8: byte 0xfa")]


def test_a_hollow_word_is_left_out_and_counted(tmp_path: Path) -> None:
    reading = scan(put(tmp_path / "d.csv", NAMED_ONCE.replace(",sings,VB,O", ",sings,VB,O\n, ,_,O")))
    assert reading.examples == EXPECTED
    assert reading.dropped == {"empty word left out": 1}


@pytest.mark.parametrize(
    ("layout", "reason"),
    [
        (Layout(sentence="Satz"), "there is no column 'Satz', but Sentence #, Word, POS, Tag"),
        (Layout(sentence="POS", token=7), "there is no column 7"),
        (Layout(sentence="POS", token=3), "which of Sentence #, Word, POS, Tag holds words"),
    ],
)
def test_columns_that_are_not_there_are_refused(tmp_path: Path, layout: Layout, reason: str) -> None:
    (problem,) = scan(put(tmp_path / "d.csv", NAMED_ONCE), None, "csv", layout).problems
    assert reason in problem.message


def test_a_table_of_lists_stays_one(tmp_path: Path) -> None:
    text = 'sentence,tokens,ner_tags\n"Ana Lu","[""Ana"", ""Lu""]","[""B-p"", ""I-p""]"\n'
    assert read(put(tmp_path / "d.csv", text))[0]["ner"] == [[0, 1, "p"]]
