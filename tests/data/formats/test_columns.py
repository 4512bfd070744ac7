from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from gliexp.data.formats import Layout
from gliexp.data.reading import scan
from gliexp.errors import Refusal
from tests.data.formats import written


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path / "d.parquet")
    return path / "d.parquet"


@pytest.mark.parametrize("write", [written.parquet, written.arrow_file, written.arrow_stream])
def test_a_table_that_breaks_off_or_is_damaged_is_named(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert "damaged or breaks off" in scan(path).problems[-1].message


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"tokens": ["a"], "ner": [{"start": 0, "end": 4, "label": "x"}]}, "beyond the 1 words"),
        ({"tokens": ["a"], "ner": [{"start": 0, "end": 0, "label": None}]}, "label is null"),
        ({"tokens": ["a", None], "ner": []}, "tokens[1] is null"),
        ({"tokens": ["a"], "ner": None}, "ner must be a list, it is null"),
    ],
)
def test_a_bad_row_is_named_by_its_number(tmp_path: Path, row: dict[str, Any], reason: str) -> None:
    good = {"tokens": ["a"], "ner": [{"start": 0, "end": 0, "label": "x"}]}
    path = parquet(tmp_path, [good, row, good])
    (problem,) = scan(path).problems
    assert (problem.where, reason in problem.message) == (f"{path}:2", True)


def test_lists_side_by_side_are_spans(tmp_path: Path) -> None:
    ner = {"start": [0, 1], "end": [0, 2], "label": ["x", "y"]}
    relations = {"head": [0], "tail": [1], "label": ["r"]}
    path = parquet(tmp_path, [{"tokens": ["a", "b", "c"], "ner": ner, "relations": relations}])
    assert scan(path).examples[0]["ner"] == [[0, 0, "x"], [1, 2, "y"]]
    assert scan(path).examples[0]["relations"] == [[0, 1, "r"]]
    ner["end"].pop()
    assert "different lengths" in scan(parquet(tmp_path, [{"tokens": ["a"], "ner": ner}])).problems[0].message


def test_numbers_take_the_names_that_datasets_wrote_into_the_file(tmp_path: Path) -> None:
    import datasets

    found = datasets.load_from_disk(str(written.dataset(tmp_path)))
    found.to_parquet(str(tmp_path / "d.parquet"))
    assert scan(tmp_path / "d.parquet").examples == written.WITHOUT_RELATIONS
    (arrow,) = (tmp_path / "dataset").glob("*.arrow")
    assert scan(arrow).examples == written.WITHOUT_RELATIONS
    bare = parquet(tmp_path, [{"tokens": ["a", "b"], "ner_tags": [1, 0]}])
    assert "data.tag_names must name the numbers" in scan(bare).problems[0].message
    assert scan(bare, tag_names=["O", "B-x"]).examples[0]["ner"] == [[0, 0, "x"]]


def test_a_data_set_of_several_splits_is_read_by_its_split(tmp_path: Path) -> None:
    import datasets

    part = datasets.load_from_disk(str(written.dataset(tmp_path)))
    path = tmp_path / "several"
    datasets.DatasetDict({"train": part, "validation": part.select([2])}).save_to_disk(str(path))
    assert scan(path).examples == written.WITHOUT_RELATIONS
    assert scan(path, layout=Layout(split="dev")).examples == written.WITHOUT_RELATIONS[2:]
    (problem,) = scan(path, layout=Layout(split="test")).problems
    assert "has no split test, it has train, validation" in problem.message
    (path / "train" / "dataset_info.json").write_text("{", encoding="utf-8")
    assert "cannot be read" in scan(path).problems[0].message


def test_a_hub_name_goes_through_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    asked = []
    part = datasets.load_from_disk(str(written.dataset(tmp_path)))

    def load(name: str, subset: str | None) -> Any:
        asked.append((name, subset))
        return datasets.DatasetDict({"train": part})

    monkeypatch.setattr(datasets, "load_dataset", load)
    assert scan("hub:owner/name", layout=Layout(subset="en")).examples == written.WITHOUT_RELATIONS
    assert scan("owner/name", file_format="dataset").format == "dataset"
    assert list(dict.fromkeys(asked)) == [("owner/name", "en"), ("owner/name", None)]


def test_a_hub_that_cannot_be_reached_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets.config

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    (problem,) = scan("hub:nobody/nothing-of-this-name").problems
    assert "the data set cannot be read" in problem.message


@pytest.mark.parametrize(("module", "write"), [("pyarrow", written.parquet), ("datasets", written.dataset)])
def test_an_absent_library_is_said_with_the_extra_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, write: Any
) -> None:
    path = write(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Refusal, match=r"pip install gliexp\[data\]"):
        scan(path)
