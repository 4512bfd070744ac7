"""SpERT and DocRED, which are JSON with a form of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliexp.data.reading import read, scan
from gliexp.errors import Refusal
from tests.data.formats.written import put

SPERT: dict[str, Any] = {"tokens": ["a", "b", "c"], "entities": [{"type": "x", "start": 0, "end": 2}], "relations": []}
DOCRED: dict[str, Any] = {
    "title": "t",
    "sents": [["Ana", "\u00a0", "Lu", "sings"], ["Lu", "of", "Oslo", ",", "Oslo"]],
    "vertexSet": [
        [{"sent_id": 0, "pos": [0, 3], "type": "PER"}, {"sent_id": 1, "pos": [0, 1], "type": "PER"}],
        [{"sent_id": 1, "pos": [4, 5], "type": "LOC"}, {"sent_id": 1, "pos": [2, 3], "type": "LOC"}],
    ],
    "labels": [{"h": 0, "t": 1, "r": "P19", "evidence": [1]}],
}


def docred(**changes: Any) -> dict[str, Any]:
    return {**DOCRED, **changes}


def mention(**changes: Any) -> dict[str, Any]:
    return docred(vertexSet=[[{"sent_id": 0, "pos": [0, 1], "type": "PER", **changes}], DOCRED["vertexSet"][1]])


def test_a_cluster_relation_is_written_between_the_closest_mentions(tmp_path: Path) -> None:
    reading = scan(put(tmp_path / "d.json", json.dumps([DOCRED])))
    assert reading.format == "docred"
    assert reading.examples == [
        {
            "tokenized_text": ["Ana", "Lu", "sings", "Lu", "of", "Oslo", ",", "Oslo"],
            "ner": [[0, 1, "PER"], [3, 3, "PER"], [5, 5, "LOC"], [7, 7, "LOC"]],
            "relations": [[1, 2, "P19"]],
            "clusters": [[0, 1], [2, 3]],
        }
    ]
    assert reading.dropped == {"empty word left out": 1}


def test_docred_labels_may_stand_side_by_side(tmp_path: Path) -> None:
    labels = {"head": [0], "tail": [1], "relation_id": ["P19"], "relation_text": ["born in"], "evidence": [[1]]}
    (row,) = read(put(tmp_path / "d.jsonl", json.dumps(docred(labels=labels)) + "\n"))
    assert row["relations"] == [[1, 2, "born in"]]


def test_spert_is_told_from_our_form_by_a_later_row(tmp_path: Path) -> None:
    text = json.dumps([{"tokens": ["a"], "entities": [], "relations": []}, SPERT])
    reading = scan(put(tmp_path / "d.json", text))
    assert (reading.format, reading.examples[1]["ner"]) == ("spert", [[0, 1, "x"]])
    own = {"tokens": ["a"], "entities": [{"label": "x", "start": 0, "end": 0}]}
    assert scan(put(tmp_path / "o.json", json.dumps([own]))).format == "json"


@pytest.mark.parametrize(
    ("form", "row", "reason"),
    [
        ("spert", {**SPERT, "entities": [{"type": "x", "start": 1, "end": 1}]}, "is empty (SpERT's end is exclusive)"),
        ("spert", {**SPERT, "entities": [{"type": "x", "start": 1, "end": 4}]}, "beyond the 3 words"),
        ("spert", {**SPERT, "entities": [{"start": 1, "end": 2}]}, "entity 0 lacks type"),
        ("spert", {**SPERT, "entities": [[0, 1, "x"]]}, "entity 0 must be an object"),
        ("spert", {**SPERT, "relations": [{"type": "r", "head": 0, "tail": 1}]}, "tail 1 names no entity"),
        ("spert", {**SPERT, "relations": {}}, "relations must be a list"),
        ("spert", {"tokens": ["a"]}, "SpERT needs entities"),
        ("spert", [1], "must be an object"),
        ("docred", docred(sents=["ab"]), "sents[0] must be a list"),
        ("docred", docred(sents=[[1]]), "sents[0] holds 1, not text"),
        ("docred", mention(sent_id=2), "sent_id 2 names no sentence, the document has 2"),
        ("docred", mention(pos=[3, 5]), "does not lie within the 4 words of sentence 0"),
        ("docred", mention(pos=[-1, 1]), "does not lie within"),
        ("docred", mention(pos=[0.0, 1]), "not two whole numbers"),
        ("docred", mention(pos=[1, 2]), "holds empty words only"),
        ("docred", mention(type=None), "type is None, not text"),
        ("docred", docred(vertexSet=[[{"pos": [0, 1]}]]), "mention 0.0 needs pos, sent_id and type"),
        ("docred", docred(labels=[{"h": 0, "t": 2, "r": "P1"}]), "t 2 names no vertex, the document has 2"),
        ("docred", docred(labels=[{"h": 0, "t": 1}]), "label 0 needs h, t and r"),
        ("docred", docred(labels=[{"h": 0, "t": 1, "r": 3}]), "label is a number, not text"),
        ("docred", docred(labels={"head": [0], "tail": [], "relation_id": ["r"]}), "of one length"),
        ("docred", docred(vertexSet=[[], DOCRED["vertexSet"][1]]), "h 0 is a vertex without mentions"),
        ("docred", {"title": "t"}, "DocRED needs an object with sents and vertexSet"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, form: str, row: object, reason: str) -> None:
    good = json.dumps(SPERT if form == "spert" else DOCRED)
    path = put(tmp_path / "d.jsonl", f"{good}\n{json.dumps(row)}\n{good}\n")
    with pytest.raises(Refusal) as refused:
        read(path)
    (problem,) = refused.value.problems
    assert problem.where == f"{path}:2"
    assert reason in problem.message


def test_one_object_over_many_lines_is_told_to_be_a_list(tmp_path: Path) -> None:
    path = put(tmp_path / "d.json", '{\n "data": [\n  {"tokens": ["a"], "ner": []}\n ]\n}\n')
    (problem,) = scan(path).problems
    assert "must hold a list of rows" in problem.message
