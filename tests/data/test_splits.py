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
    assert sorted([*first.places["train"], *first.places["dev"]]) == sorted(
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


def test_labels_keep_their_shares_in_dev(tmp_path: Path) -> None:
    paths = [rows(tmp_path / f"{label}.jsonl", count, label) for label, count in (("x", 160), ("z", 40))]
    for seed in range(3):
        loaded = splits.load(section(train_data=paths), "ner", seed=seed)
        counts = [sum(row["ner"][0][2] == label for row in loaded.dev) for label in "xz"]
        assert counts == [16, 4]


def test_patterns_and_weights_count_after_dev_is_drawn(tmp_path: Path) -> None:
    for name, count in (("a", 20), ("b1", 10), ("b2", 10)):
        rows(tmp_path / f"{name}.jsonl", count)
    value = [{"path": str(tmp_path / "a.jsonl"), "weight": 2}, {"path": f"{tmp_path}/b*.jsonl", "weight": 0.5}]
    loaded = splits.load(section(train_data=value), "ner", seed=1)
    train, dev = loaded.places["train"], loaded.places["dev"]
    assert not set(train) & set(dev)
    assert len(dev) == 4
    of_a = [place for place in train if "a.jsonl" in place]
    assert len(of_a) == 2 * len(set(of_a)) == 2 * (20 - sum("a.jsonl" in place for place in dev))
    assert len(train) - len(of_a) == round((20 - sum("/b" in place for place in dev)) / 2)
    assert any(f"the weights make {len(train)} rows of 36" in notice for notice in loaded.notices)


def test_how_files_were_read_and_what_was_left_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("Bo B-x\nan I-y\n\n" + "Bo B-x\nx O\n\n" * 2, encoding="utf-8")
    loaded = splits.load(section(train_data=str(tmp_path / "a.conll")), "ner")
    assert loaded.notices == [
        f"train: read as conll (2 columns parted by space, IOB2): {tmp_path}/a.conll",
        "left out or mended while reading: I- tag without B- (opened an entity) (1)",
    ]
    assert loaded.sources[0].format == "conll"


def test_what_is_left_out_stops_the_run_where_the_config_says_so(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("ab cd ef", encoding="utf-8")
    (tmp_path / "d.ann").write_text("T1\tx 0 2;6 8\tab ef\nT2\tx 3 5\tcd\n", encoding="utf-8")
    data = section(train_data=str(tmp_path / "d.ann"))
    assert "T1 x 'ab ef' is in 2 pieces" in splits.load(data, "ner").notices[-1]
    data.on_loss = "error"
    with pytest.raises(Refusal, match="T1 x 'ab ef' is in 2 pieces"):
        splits.load(data, "ner")


def test_columns_and_tag_names_come_from_the_config(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1|Bo\n0|x\n\n" * 2, encoding="utf-8")
    data = section(train_data=str(tmp_path / "a.txt"), format="conll", tag_names=["O", "B-x"])
    data.columns.separator, data.columns.token, data.columns.tag = "|", 1, 0
    assert splits.load(data, "ner").train == [{"tokenized_text": ["Bo", "x"], "ner": [[0, 0, "x"]]}] * 2


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (["*.nothing"], "the pattern meets no file"),
        (["{path}/a.jsonl", "{path}/*.jsonl"], "the file is named twice"),
        ([{"path": "{path}/a.jsonl", "weight": -1}], "weight does not accept -1"),
        ([{"path": "{path}/a.jsonl", "weight": 0.01}], "the weights leave no row"),
    ],
)
def test_files_that_cannot_be_meant_are_refused(tmp_path: Path, value: list[Any], reason: str) -> None:
    rows(tmp_path / "a.jsonl", 5)
    filled = json.loads(json.dumps(value).replace("{path}", str(tmp_path)))
    with pytest.raises(Refusal, match=reason):
        splits.load(section(train_data=filled), "ner")


def test_rows_of_classification_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"text": "a", "all_labels": ["x"], "true_labels": ["x"]}\n' * 30, encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        splits.load(section(train_data=str(path)), "ner")
    (problem,) = refused.value.problems
    assert "true_labels labels whole texts, which is classification" in problem.message
