from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliexp.data.audit import NAMED, audit, reason_kind
from gliexp.errors import Refusal


def _file(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_figures_of_a_small_file(tmp_path: Path) -> None:
    path = _file(
        tmp_path / "a.jsonl",
        {"tokens": ["Ana", "Lima", "works", "at", "Helix"], "ner": [[0, 1, "Person"], [0, 0, "name"], [4, 4, "org"]]},
        {"tokens": ["Ana", "Lima"], "ner": [[0, 1, "person"]], "relations": []},
        {"tokens": ["nothing"], "ner": []},
        {"tokens": ["a", "b"], "ner": [[0, 0, "org"], [1, 1, "org"]], "relations": [[0, 1, "owns"], [0, 1, "owns"]]},
        {"tokens": ["Ana", "Lima"], "ner": []},
        {"tokens": ["a"], "ner": [[0, 4, "org"]]},
    )
    found = audit(path, count_tokens=lambda words: 2 * len(words))
    assert (found.format, found.rows, found.bad_rows, found.empty_rows) == ("jsonl", 5, 1, 2)
    assert (found.entities, found.relations) == (6, 1)
    assert found.words.figures() == {"total": 5, "min": 1, "p50": 2, "p95": 5, "p99": 5, "max": 5}
    assert found.sub_tokens.figures()["max"] == 10
    assert found.widths.counts == {1: 4, 2: 2}
    assert found.labels_per_row.counts == {3: 1, 1: 2}
    assert found.crossings == {"nested": 1}
    assert found.collisions == [("Person", "person")]
    assert found.twins.contradicting == [(5, 2)]
    assert found.dropped == {"relation stated twice": 1}
    assert [problem.where for problem in found.bad] == [f"{path}:6"]
    assert json.loads(json.dumps(found.figures()))["entity_labels"]["org"] == 3


def test_a_file_of_bad_rows_does_not_fill_the_memory(tmp_path: Path) -> None:
    found = audit(_file(tmp_path / "a.jsonl", *["{}"] * (NAMED + 5)))
    assert (found.bad_rows, len(found.bad)) == (NAMED + 5, NAMED)
    assert list(found.reasons.values()) == [NAMED + 5]


def test_reasons_of_one_kind_are_counted_together() -> None:
    first, second = "entity 3: [5, 9] lies beyond the 7 words", "entity 0: [1, 2] lies beyond the 2 words"
    assert reason_kind(first) == reason_kind(second) != reason_kind("entity 0: [3, 2] ends before it starts")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("")
    with pytest.raises(Refusal, match=r"no such file.*did you mean train\.jsonl"):
        audit(tmp_path / "trian.jsonl")
