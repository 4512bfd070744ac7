"""The cache of rows: kept by content, shared, rebuilt when damaged, done without where it cannot be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gliexp.config.schema.data import Data
from gliexp.data import reading, source, splits
from gliexp.data.rows import Rows
from gliexp.data.stored import cache
from gliexp.errors import Refusal

ROW = {"tokens": ["Ana", "in", "Oslo"], "ner": [[0, 0, "person"], [2, 2, "city"]]}


@pytest.fixture(autouse=True)
def _every_file_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SMALL", 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps({**ROW, "tokens": ["Ana", "in", f"Oslo{n}"]}) + "\n" for n in range(60)))
    return path


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read, one entry a reading."""
    seen: list[str] = []

    def counting(path: str, *others: Any) -> reading.Reading:
        seen.append(Path(path).name)
        return reading.gather(path, *others)

    monkeypatch.setattr(source, "gather", counting)
    return seen


def section(file: Path, home: Path, **values: Any) -> Data:
    data = Data()
    data.train_data, data.cache_dir = str(file), str(home)
    for key, value in values.items():
        setattr(data, key, value)
    return data


def entries(home: Path) -> list[Path]:
    return sorted(path for path in home.iterdir() if path.is_dir())


def test_a_file_is_read_once_and_gives_the_same_rows(file: Path, tmp_path: Path, readings: list[str]) -> None:
    plain = splits.load(section(file, tmp_path / "none", cache=False), "ner")
    assert not (tmp_path / "none").exists()
    found = [splits.load(section(file, tmp_path / "kept"), "ner") for _ in range(3)]
    assert readings == ["train.jsonl"] * 2
    for one in found:
        assert (one.train, one.dev, one.places, one.sources) == (plain.train, plain.dev, plain.places, plain.sources)
        assert one.notices == plain.notices
    assert isinstance(found[2].train, Rows)
    assert all(path.name != "rows.pkl" for path in (tmp_path / "kept").rglob("*"))


def test_what_was_dropped_and_left_out_is_remembered(tmp_path: Path, readings: list[str]) -> None:
    (tmp_path / "d.txt").write_text("ab cd ef", encoding="utf-8")
    (tmp_path / "d.ann").write_text("T1\tx 0 2;6 8\tab ef\nT2\tx 3 5\tcd\nA1\tNegated T2\n", encoding="utf-8")
    found = [splits.load(section(tmp_path / "d.ann", tmp_path / "kept"), "ner") for _ in range(2)]
    assert readings == ["d.ann"]
    assert found[0].notices == found[1].notices
    assert found[0].dropped == found[1].dropped
    assert found[0].left_out == found[1].left_out
    assert "T1 x 'ab ef' is in 2 pieces" in found[1].left_out["train"][0]
    with pytest.raises(Refusal, match="is in 2 pieces"):
        splits.load(section(tmp_path / "d.ann", tmp_path / "kept", on_loss="error"), "ner")


def test_contents_and_manner_decide_and_the_name_does_not(file: Path, tmp_path: Path, readings: list[str]) -> None:
    home = tmp_path / "kept"
    splits.load(section(file, home), "ner")
    moved = file.rename(tmp_path / "moved.jsonl")
    assert splits.load(section(moved, home), "ner").places["train"][0].startswith(f"{moved}:")
    assert len(readings) == 1
    renamed = section(moved, home)
    renamed.fields.ner = "ner_tags"
    splits.load(renamed, "ner")
    assert len(readings) == 2
    moved.write_text(moved.read_text() + json.dumps(ROW) + "\n")
    assert len(splits.load(section(moved, home, val_data=str(moved)), "ner").train) == 61
    assert len(readings) == 3  # train and dev are one entry
    assert len(entries(home)) == 3


@pytest.mark.parametrize("harm", ["flip", "cut", "about", "empty", "gone"])
def test_a_damaged_entry_is_noticed_and_built_again(file: Path, tmp_path: Path, readings: list[str], harm: str) -> None:
    home = tmp_path / "kept"
    plain = list(splits.load(section(file, home), "ner").train)
    (entry,) = entries(home)
    rows = entry / cache.ROWS
    content = bytearray(rows.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 1
    elif harm == "cut":
        del content[100:]
    elif harm == "empty":
        content.clear()
    rows.unlink()  # whoever has the file mapped keeps it
    if harm != "gone":
        rows.write_bytes(content)
    if harm == "about":
        (entry / cache.ABOUT).write_text('{"rows": ')
    again = splits.load(section(file, home), "ner")
    assert again.train == plain
    assert len(readings) == 2
    assert any("was damaged" in notice for notice in again.notices)
    assert not any("was damaged" in notice for notice in splits.load(section(file, home), "ner").notices)
    assert len(readings) == 2


def test_bad_rows_are_refused_and_nothing_is_kept(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text() + '{"tokens": ["a"], "ner": [[0, 7, "x"]]}\n')
    for _ in range(2):
        with pytest.raises(Refusal, match="beyond the 1 words"):
            splits.load(section(file, tmp_path / "kept"), "ner")
    assert entries(tmp_path / "kept") == []


def test_a_place_that_cannot_be_written_is_done_without(file: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    found = splits.load(section(file, blocked), "ner")
    assert len(found.train) == 54
    assert any("held in memory, the cache" in notice for notice in found.notices)


FULL = """
import resource, sys
from gliexp.config.schema.data import Data
from gliexp.data import source, splits
source.SMALL = 0
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
data = Data()
data.train_data, data.cache_dir = sys.argv[1], sys.argv[2]
found = splits.load(data, "ner")
print(len(found.train) + len(found.dev), *found.notices, sep="\\n")
"""


@pytest.mark.parametrize("size", [0, 3000])
def test_a_full_disk_does_not_end_a_run(file: Path, tmp_path: Path, size: int) -> None:
    """A limit on the size of files stands for the disk: writing fails with an error of the system, as it does there."""
    words = [sys.executable, "-c", FULL, str(file), str(tmp_path / "kept"), str(size)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("60\n"), ended.stderr
    assert "held in memory" in ended.stdout
    assert entries(tmp_path / "kept") == []


TWICE = """
import sys
from gliexp.config.schema.data import Data
from gliexp.data import reading, source, splits
source.SMALL = 0
def told(*words):
    print("read", flush=True)
    return reading.gather(*words)
source.gather = told
data = Data()
data.train_data, data.cache_dir = sys.argv[1], sys.argv[2]
print(len(splits.load(data, "ner").train))
"""


@pytest.mark.slow
def test_two_runs_that_start_at_once_read_the_file_once(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text() * 200)
    words = [sys.executable, "-c", TWICE, str(file), str(tmp_path / "kept")]
    started = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [one.communicate()[0].split() for one in started]
    assert [one[-1] for one in told] == ["10800"] * 3
    assert sum(one.count("read") for one in told) == 1
    assert len(entries(tmp_path / "kept")) == 1


@pytest.mark.slow
def test_a_run_that_is_killed_while_it_writes_leaves_nothing_that_looks_whole(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text() * 3000)
    home = tmp_path / "kept"
    words = [sys.executable, "-c", TWICE, str(file), str(home)]
    killed = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "read\n"
    until = time.monotonic() + 60
    while not list(home.glob(".*-*/rows.arrow")) and time.monotonic() < until:
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert [path for path in entries(home) if not path.name.startswith(".")] == []
    again = subprocess.run(words, capture_output=True, text=True, check=True)
    assert again.stdout.split() == ["read", "162000"]


def test_a_file_that_changes_while_it_is_read_is_refused(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meddling(path: str, *others: Any) -> reading.Reading:
        found = reading.gather(path, *others)
        os.truncate(path, 100)
        return found

    monkeypatch.setattr(source, "gather", meddling)
    with pytest.raises(Refusal, match="changed while it was read"):
        splits.load(section(file, tmp_path / "kept"), "ner")


def test_classification_is_kept_too(tmp_path: Path, readings: list[str]) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"text": "a", "all_labels": ["x", "y"], "true_labels": {"x": 0.5}}\n' * 30)
    found = [splits.load(section(path, tmp_path / "kept"), "classification") for _ in range(2)]
    assert len(readings) == 1
    assert found[0].train == found[1].train == [{"text": "a", "all_labels": ["x", "y"], "true": {"x": 0.5}}] * 27
    assert found[1].class_labels == ["x", "y"]
