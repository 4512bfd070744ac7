"""Of huge files of lines the beginning is read, under the user's own path."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliexp.config.schema.data import Data
from gliexp.config.sources import sources
from gliexp.data import head


@pytest.fixture(autouse=True)
def _small_is_huge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "HUGE", 100)
    monkeypatch.setattr(head, "HEAD", 50)


def cut(data: Data, tmp_path: Path) -> tuple[list[str], head.Heads]:
    found = head.heads(data, tmp_path / "copies")
    return [Path(source.path).read_text() for source in sources(found.data.train_data)], found


def test_lines_of_json_end_whole(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"a": 1234567}\n' * 20)
    texts, found = cut(Data(train_data=[{"path": str(file), "weight": 2.0}]), tmp_path)
    assert texts == ['{"a": 1234567}\n' * 3]
    (source,) = sources(found.data.train_data)
    assert source.weight == 2.0
    assert found.original(f"{source.path}:7 is bad") == f"{file}:7 is bad"


def test_sentences_in_columns_end_whole(tmp_path: Path) -> None:
    file = tmp_path / "train.conll"
    file.write_text("Ana B-person\nLima I-person\n\n" * 20)
    texts, _ = cut(Data(train_data=str(file)), tmp_path)
    assert texts == ["Ana B-person\nLima I-person\n\n"]


def test_what_is_small_or_cannot_be_cut_is_left_alone(tmp_path: Path) -> None:
    small, table = tmp_path / "small.jsonl", tmp_path / "table.csv"
    small.write_text('{"a": 1}\n')
    table.write_text("a,b\n" + "1,2\n" * 100)
    data = Data(train_data=[str(small), str(table)], val_data="sample")
    assert head.heads(data, tmp_path / "copies").data is data
