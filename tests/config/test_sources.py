from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gliexp.config.compose import compose
from gliexp.config.sources import Source, faults, files, sources
from gliexp.errors import Refusal


def test_entries_are_paths_or_objects() -> None:
    assert sources("a.jsonl") == [Source("a.jsonl")]
    assert sources(["a", {"path": "b", "weight": 2, "split": "validation", "subset": "en"}]) == [
        Source("a"),
        Source("b", 2, "validation", "en"),
    ]
    assert sources(None) == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([{"path": "a", "wight": 2}], "unknown key 'wight'"),
        ([{"weight": 2}], "path of an entry does not accept None"),
        ([{"path": "a", "split": 3}], "split of an entry does not accept 3"),
        ([{"path": "a", "weight": 0}], "weight does not accept 0"),
        ([{"path": "a", "weight": "2"}], "weight does not accept '2'"),
        ([{"path": "a", "weight": True}], "weight does not accept True"),
        ([{"path": "a", "weight": float("inf")}], "weight does not accept inf"),
        (["a", "a"], "a is named twice"),
        ([3], "does not accept 3"),
        ([""], "does not accept ''"),
    ],
)
def test_what_is_wrong_with_an_entry(value: Any, reason: str) -> None:
    (fault,) = faults(value, weighs=True)
    assert reason in fault[0]
    assert "weight is for training data" in next(iter(faults([{"path": "a", "weight": 2}], weighs=False)))[0]


def test_a_part_of_a_set_may_stand_beside_another_of_it() -> None:
    assert list(faults([{"path": "d", "split": "train"}, {"path": "d", "split": "extra"}], weighs=True)) == []


def test_patterns_meet_files_in_order(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "deep/c.jsonl", "x[1].jsonl", "pair.ann", "pair.txt", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")

    def met(pattern: str) -> list[str]:
        return [Path(source.path).name for source in files(Source(f"{tmp_path}/{pattern}", 3))]

    assert met("?.jsonl") == ["a.jsonl", "b.jsonl"]
    assert met("**/*.jsonl") == ["a.jsonl", "b.jsonl", "c.jsonl", "x[1].jsonl"]
    assert met("x[1].jsonl") == ["x[1].jsonl"]
    assert met("[ab].jsonl") == ["a.jsonl", "b.jsonl"]
    assert met("*t*") == ["notes.txt", "pair.txt"]
    assert met("*.ann") == ["pair.ann"]
    assert met("p*") == ["pair.ann"]
    assert met("nothing*") == []
    assert files(Source("hub:a/b*")) == [Source("hub:a/b*")]


def test_config_takes_entries_and_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("")
    config = compose([f"data.train_data=[{{path: {tmp_path}/a.jsonl, weight: 2}}]"]).config
    assert config.data.train_data == [{"path": f"{tmp_path}/a.jsonl", "weight": 2}]
    with pytest.raises(Refusal) as refused:
        compose([f"data.train_data=['{tmp_path}/*.csv', {{path: {tmp_path}/b.jsonl}}]", "data.val_data=[{pth: x}]"])
    text = str(refused.value)
    assert f"no file is like {tmp_path}/*.csv" in text
    assert f"did you mean {tmp_path}/a.jsonl?" in text
    assert "did you mean path?" in text
    assert compose([f"data.train_data={tmp_path}", "data.format=dataset"]).config.data.format == "dataset"
    assert compose(["data.train_data=hub:owner/name"]).config.data.train_data == "hub:owner/name"
