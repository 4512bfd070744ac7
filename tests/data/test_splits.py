from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gliexp.config.schema.data import Data
from gliexp.data import splits
from gliexp.errors import Refusal


def section(**values: Any) -> Data:
    data = Data()
    for key, value in values.items():
        setattr(data, key, value)
    return data


def rows(path: Path, count: int, label: str = "x") -> str:
    row = {"tokens": ["a", "b"], "ner": [[0, 0, label], [1, 1, "y"]], "relations": [[0, 1, "r"]]}
    path.write_text("".join(json.dumps(row) + "\n" for _ in range(count)), encoding="utf-8")
    return str(path)


def test_the_sample_brings_its_three_splits() -> None:
    loaded = splits.load(section(train_data="sample"), "ner")
    assert (len(loaded.train), len(loaded.dev), len(loaded.test)) == (640, 80, 120)
    assert len(loaded.entity_labels) == 8
    assert loaded.entity_labels == sorted(loaded.entity_labels)
    assert loaded.unknown == {}
    assert [source.path for source in loaded.sources] == ["sample:train", "sample:dev", "sample:test"]


def test_a_tenth_becomes_dev_by_the_seed_and_nothing_is_lost(tmp_path: Path) -> None:
    data = section(train_data=rows(tmp_path / "t.jsonl", 50))
    first, again, other = (splits.load(data, "ner", seed=seed) for seed in (1, 1, 2))
    assert (len(first.train), len(first.dev), first.test) == (45, 5, [])
    assert first.places == again.places
    assert first.places["dev"] != other.places["dev"]
    assert sorted(first.places["train"] + first.places["dev"]) == sorted(
        f"{tmp_path}/t.jsonl:{n}" for n in range(1, 51)
    )


def test_a_file_is_hashed_and_several_are_joined(tmp_path: Path) -> None:
    paths = [rows(tmp_path / "a.jsonl", 3), rows(tmp_path / "b.jsonl", 2)]
    loaded = splits.load(section(train_data=paths, val_data=paths[0]), "ner")
    assert [(source.split, source.rows) for source in loaded.sources] == [("train", 3), ("train", 2), ("dev", 3)]
    assert loaded.sources[1].sha256 == hashlib.sha256(Path(paths[1]).read_bytes()).hexdigest()


def test_labels_that_training_does_not_know_are_reported(tmp_path: Path) -> None:
    train, dev = rows(tmp_path / "t.jsonl", 3), rows(tmp_path / "d.jsonl", 2, label="z")
    assert splits.load(section(train_data=train, val_data=dev), "ner").unknown == {"dev": {"z": 2}}
    fixed = splits.load(section(train_data=train, val_data=dev, entity_labels=["z", "y"]), "ner")
    assert fixed.entity_labels == ["z", "y"]
    assert fixed.unknown == {"train": {"x": 3}}


def test_bad_rows_of_all_files_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{}\n", encoding="utf-8")
    data = section(train_data=str(tmp_path / "bad.jsonl"), val_data=str(tmp_path / "none.jsonl"))
    with pytest.raises(Refusal) as refused:
        splits.load(data, "ner")
    assert len(refused.value.problems) == 2


def test_data_without_anything_to_learn_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"tokens": ["a"], "ner": []}\n', encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        splits.load(section(train_data=str(path)), "relex")
    assert len(refused.value.problems) == 2
    with pytest.raises(Refusal, match="nothing to train on"):
        splits.load(section(), "ner")
