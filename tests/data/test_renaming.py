"""Labels under other names, from the reader to what a run says about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliexp.config.compose import compose
from gliexp.config.schema.data import Data
from gliexp.data import source, splits
from gliexp.data.class_row import ClassRowReader
from gliexp.data.reading import gather
from gliexp.data.renaming import Renaming, told
from gliexp.data.row import BadRow, RowReader
from gliexp.errors import Refusal

NAMES = {"PER": "person", "LOC": "place", "GPE": "place"}


def test_every_list_of_labels_takes_the_new_names() -> None:
    row = {
        "tokens": ["Ana", "in", "Oslo"],
        "ner": [[0, 0, "PER"], [2, 2, "LOC"], [2, 2, "GPE"], [1, 1, "x"]],
        "relations": [[0, 1, "IN"], [0, 2, "IN"]],
        "ner_labels": ["PER", "LOC", "GPE", "x"],
        "rel_labels": ["IN", "ON"],
    }
    tidied = RowReader(rename=Renaming({**NAMES, "IN": "lives in"})).tidy(row)
    assert tidied.example == {
        "tokenized_text": ["Ana", "in", "Oslo"],
        "ner": [[0, 0, "person"], [2, 2, "place"], [1, 1, "x"]],
        "relations": [[0, 1, "lives in"]],
        "ner_labels": ["person", "place", "x"],
        "rel_labels": ["lives in", "ON"],
    }
    assert tidied.dropped == {"entity stated twice": 1, "relation stated twice": 1}


def test_tags_and_classes_too() -> None:
    reader = RowReader(rename=Renaming(NAMES))
    assert reader.tidy({"tokens": ["Ana"], "ner": ["B-PER"]}).example["ner"] == [[0, 0, "person"]]
    classes = ClassRowReader(rename=Renaming({"+": "good", "++": "good"}))
    row = {"text": "a", "all_labels": ["+", "++", "-"], "true_labels": ["+", "++"]}
    assert classes.tidy(row).example == {"text": "a", "true": {"good": 1.0}, "all_labels": ["good", "-"]}
    scored = {"text": "a", "true_labels": {"+": 0.5, "++": 0.5}, "examples": [{"text": "b", "labels": ["+"]}]}
    assert classes.tidy(scored).example["true"] == {"good": 0.5}
    assert classes.tidy(scored).example["examples"] == [{"text": "b", "labels": ["good"]}]
    with pytest.raises(BadRow, match="one label good of several whose scores differ"):
        classes.tidy({"text": "a", "true_labels": {"+": 0.5, "++": 0.7}})


def test_labels_that_become_one_and_names_that_no_row_has_are_said() -> None:
    names = {**NAMES, "ORGS": "company"}
    rename = Renaming(names)
    rename.all(["PER", "place", "LOC", "ORG"])
    assert list(told(names, rename.met, ["person", "place", "ORG"])) == [
        "data.label_names makes one label 'place' of 'LOC', 'place'",
        "data.label_names: no row has the label 'GPE'",
        "data.label_names: no row has the label 'ORGS'; did you mean 'ORG'?",
    ]


@pytest.mark.parametrize("small", [0, 1 << 20])
def test_a_run_trains_under_the_new_names_and_says_what_became_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(source, "SMALL", small)
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"tokens": ["Ana", "x"], "ner": [[0, 0, "PER"], [1, 1, "person"]]}) + "\n")
    data = Data()
    data.train_data, data.cache_dir, data.label_names = str(path), str(tmp_path / "kept"), {"PER": "person", "O": "o"}
    for _ in range(2):
        found = splits.load(data, "ner")
        assert found.entity_labels == ["person"]
        assert found.notices[1:] == [
            "data.label_names makes one label 'person' of 'PER', 'person'",
            "data.label_names: no row has the label 'O'",
        ]
    data.label_names = None
    assert splits.load(data, "ner").entity_labels == ["PER", "person"]


def test_descriptions_and_names_for_labels_that_are_not_there_are_said_of_the_sample_too() -> None:
    data = Data()
    data.train_data, data.label_descriptions, data.label_names = "sample", {"persn": "a human"}, {"lawe": "x"}
    assert splits.load(data, "ner").notices == [
        "data.label_names: no row has the label 'lawe'; did you mean 'law'?",
        "data.label_descriptions: no row has the label 'persn'; did you mean 'person'?",
    ]


def test_a_reader_remembers_the_labels_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"tokens": ["a"], "ner": [[0, 0, "PER"]]}\n')
    rows: list[Any] = []
    reading = gather(tmp_path / "t.jsonl", lambda row, *_: rows.append(row), label_names=NAMES)
    assert (reading.renamed, rows[0]["ner"]) == ({"PER": "person"}, [[0, 0, "person"]])


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("data.label_names={PER: ''}", "'PER': '' is no text"),
        ("data.label_names={PER: 5}", "'PER': 5 is no text"),
        ("data.label_names={PER: 'a<<ENT>>'}", "reserved for the prompt"),
        ("data.label_names=[PER]", "data.label_names"),
    ],
)
def test_names_that_cannot_be_are_refused(tmp_path: Path, override: str, reason: str) -> None:
    (tmp_path / "t.jsonl").touch()
    with pytest.raises(Refusal, match=reason):
        compose([f"data.train_data={tmp_path}/t.jsonl", override])


def test_fixed_labels_go_by_their_new_names(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").touch()
    words = [f"data.train_data={tmp_path}/t.jsonl", "data.label_names={PER: person, LOC: PLACE, X: LOC}"]
    with pytest.raises(Refusal, match=r"'PER' has another name, 'person', by data\.label_names"):
        compose([*words, "data.entity_labels=[PER]"])
    compose([*words, "data.entity_labels=[person, LOC]"])
