from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliexp.data.reading import SHOWN, read, scan
from gliexp.errors import Refusal

GOOD = {"tokenized_text": ["Ana", "lives", "in", "Oslo"], "ner": [[0, 0, "person"], [3, 3, "city"]]}


def lines(path: Path, *rows: Any) -> Path:
    path.write_text(
        "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8"
    )
    return path


def row(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


BAD = {
    "neither": {"ner": []},
    "no entities": {"tokens": ["a"]},
    "must be an object": [1],
    "is a number, not text": row(tokenized_text=["a", 3]),
    "tokenized_text is empty": row(tokenized_text=[]),
    "tokenized_text[1] is empty": row(tokenized_text=["a", " "]),
    "beyond the 4 words": row(ner=[[2, 4, "x"]]),
    "ends before it starts": row(ner=[[2, 1, "x"]]),
    "negative": row(ner=[[-1, 1, "x"]]),
    "'0', not a whole number": row(ner=[["0", 1, "x"]]),
    "True, not a whole number": row(ner=[[True, 1, "x"]]),
    "0.0, not a whole number": row(ner=[[0.0, 1, "x"]]),
    "label is null": row(ner=[[0, 1, None]]),
    "label is empty": row(ner=[[0, 1, " "]]),
    "says 'Ana', at its place stands 'Ana lives'": row(ner=[{"start": 0, "end": 1, "label": "x", "text": "Ana"}]),
    "says 'Oslo', at its place stands 'in O'": {
        "text": "Ana in Oslo",
        "ner": [{"start": 4, "end": 8, "label": "x", "text": "Oslo"}],
    },
    "lacks label": row(ner=[{"start": 0, "end": 1}]),
    "must be [start, end, label]": row(ner=[[0, 1]]),
    "tail 2 names no entity": row(relations=[[0, 2, "r"]]),
    "head -1 names no entity": row(relations=[[-1, 0, "r"]]),
    "relation 0: label is a number": row(relations=[[0, 1, 5]]),
    "ner_labels lacks the row's own label city": row(ner_labels=["person"]),
    "rel_labels lacks": row(relations=[[0, 1, "r"]], rel_labels=[]),
    "<<SEP>>": row(tokenized_text=["a", "<<SEP>>", "b", "c"]),
    "characters 2 to 3 hold no word": {"text": "ab cd", "ner": [[2, 3, "x"]]},
    "holds no word": {"text": " ", "ner": []},
    "a word holds half of a character (U+D800)": row(tokenized_text=["a", "\ud800", "c", "d"]),
    "label holds half of a character (U+DC00)": row(ner=[[0, 1, "x\udc00"]]),
    "<<ENT>>": {"text": "a <<ENT>> b", "ner": []},
    "not JSON": '{"tokens": ["a"',
    "NaN is no JSON": '{"tokens": ["a"], "ner": [[NaN, 0, "x"]]}',
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_row_is_named_with_file_line_and_reason(tmp_path: Path, reason: str) -> None:
    path = lines(tmp_path / "d.jsonl", GOOD, "", BAD[reason], GOOD)
    with pytest.raises(Refusal) as refused:
        read(path)
    (problem,) = refused.value.problems
    assert problem.where == f"{path}:3"
    assert reason in problem.message


def test_all_bad_rows_are_gathered_and_the_rest_counted(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read(lines(tmp_path / "d.jsonl", *[row(ner=[[9, 9, "x"]])] * (SHOWN + 3)))
    assert len(refused.value.problems) == SHOWN + 1
    assert "3 more bad rows" in str(refused.value)


@pytest.mark.parametrize("fields", [None, {"tokens": "tokenized_text", "ner": "ner", "text": "text"}])
@pytest.mark.parametrize(("tokens", "ner"), [("tokenized_text", "ner"), ("tokens", "ner_tags"), ("tokens", "entities")])
def test_usual_names_are_understood(tmp_path: Path, tokens: str, ner: str, fields: Any) -> None:
    path = lines(tmp_path / "d.jsonl", {tokens: GOOD["tokenized_text"], ner: GOOD["ner"]})
    assert read(path, fields) == [GOOD]


def test_a_name_of_the_users_own_stands_alone(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "d.jsonl", {"w": ["Ana"], "tokens": ["no"], "spans": [{"start": 0, "end": 0, "label": "p"}]}
    )
    assert read(path, {"tokens": "w", "ner": "spans"}) == [{"tokenized_text": ["Ana"], "ner": [[0, 0, "p"]]}]
    with pytest.raises(Refusal, match="neither words nor text"):
        read(path, {"tokens": "words", "ner": "spans"})


def test_raw_text_is_split_and_characters_become_words(tmp_path: Path) -> None:
    path = lines(tmp_path / "d.jsonl", {"text": "Dr. Ana-Lu, Oslo", "ner": [[4, 10, "person"], [12, 16, "city"]]})
    assert read(path) == [
        {"tokenized_text": ["Dr", ".", "Ana-Lu", ",", "Oslo"], "ner": [[2, 2, "person"], [4, 4, "city"]]}
    ]


def test_an_entity_stated_twice_is_dropped_counted_and_relations_follow(tmp_path: Path) -> None:
    ner = [[0, 0, "person"], [0, 0, "person"], [3, 3, "city"], [0, 0, "name"]]
    reading = scan(lines(tmp_path / "d.jsonl", row(ner=ner, relations=[[0, 2, "in"], [1, 2, "in"], [3, 2, "in"]])))
    assert reading.examples[0]["ner"] == [[0, 0, "person"], [3, 3, "city"], [0, 0, "name"]]
    assert reading.examples[0]["relations"] == [[0, 1, "in"], [2, 1, "in"]]
    assert reading.dropped == {"entity stated twice": 1, "relation stated twice": 1}


def test_a_json_list_equals_json_lines_and_keeps_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text("\ufeff[\n" + json.dumps(GOOD) + ",\n\n" + json.dumps(GOOD) + "\n]\n", encoding="utf-8")
    reading = scan(path)
    assert reading.examples == [GOOD, GOOD]
    assert reading.lines == [2, 4]


@pytest.mark.parametrize(
    ("text", "line"), [("[\n{}", 2), ('[\n{"a": 1},\n{"b"', 3), ("[{}]\nx", 2), ('[{"a": NaN}]', 1)]
)
def test_a_broken_list_is_named_where_it_breaks(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "d.json"
    path.write_text(text, encoding="utf-8")
    problems = [problem for problem in scan(path).problems if "not JSON" in problem.message]
    assert [problem.where for problem in problems] == [f"{path}:{line}"]


def test_a_byte_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b'\n{"tokens": ["\xe7"], "ner": []}\n')
    with pytest.raises(Refusal, match="0xe7") as refused:
        read(path)
    assert refused.value.problems[0].where == f"{path}:2"


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    lines(tmp_path / "train.jsonl", GOOD)
    lines(tmp_path / "empty.jsonl")
    assert scan(tmp_path / "trian.jsonl").problems[0].nearest == "train.jsonl"
    assert "directory" in scan(tmp_path).problems[0].message
    assert "no row" in scan(tmp_path / "empty.jsonl").problems[0].message
    assert scan(tmp_path / "train.jsonl", file_format="jsnl").problems[0].nearest == "jsonl"


def test_no_row_is_lost_where_the_scheme_of_tags_is_told(tmp_path: Path) -> None:
    rows = [{"tokens": [str(number), "x"], "ner_tags": ["B-a", "O"]} for number in range(2003)]
    reading = scan(lines(tmp_path / "d.jsonl", *rows))
    assert [row["tokenized_text"][0] for row in reading.examples] == [str(number) for number in range(len(rows))]
    assert reading.detail == "IOB2"


def test_an_entity_may_say_which_text_it_means(tmp_path: Path) -> None:
    of_words = {"tokens": ["Ana", "-", "Lu", "sings"], "ner": [{"start": 0, "end": 2, "label": "p", "text": "Ana-Lu"}]}
    of_text = {"text": "Ana  Lu", "ner": [{"start": 0, "end": 7, "label": "p", "text": "Ana Lu"}]}
    read_rows = read(lines(tmp_path / "d.jsonl", of_words, of_text))
    assert [row["ner"] for row in read_rows] == [[[0, 2, "p"]], [[0, 1, "p"]]]
