from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliexp.data.audit import audit
from gliexp.data.class_audit import ClassAudit
from gliexp.data.class_row import ClassRowReader
from gliexp.data.proposal import propose

ROWS = [
    {"text": "one two three", "all_labels": ["a", "b", "B"], "true_labels": ["a"]},
    {"text": "one", "all_labels": ["a", "b"], "true_labels": []},
    {"text": "one two three", "all_labels": ["a", "b"], "true_labels": ["b"]},
    {"text": "four", "true_labels": {"a": 0.5, "b": 0.0}},
    {"text": "five", "all_labels": ["a"], "true_labels": ["c"]},
    {"text": "", "true_labels": ["a"]},
]


def audited(path: Path, rows: list[dict[str, object]]) -> ClassAudit:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = ClassAudit(str(path), "jsonl")
    assert audit(path, found=found, own_reader=ClassRowReader()) is found
    return found


def test_every_figure_of_a_file(tmp_path: Path) -> None:
    found = audited(tmp_path / "a.jsonl", ROWS)
    assert (found.rows, found.empty_rows, found.bad_rows, found.graded) == (4, 1, 2, 1)
    assert found.entity_labels == {"a": 2, "b": 1}
    assert found.offered_labels == {"a": 3, "b": 3, "B": 1}
    assert found.labels_per_row.counts == {1: 3, 0: 1}
    assert found.offered_per_row.counts == {3: 1, 2: 2}
    assert found.words.counts == {3: 2, 1: 2}
    assert found.twins.contradicting == [(3, 1)]
    assert [(problem.where.rpartition(":")[2], problem.message) for problem in found.bad] == [
        ("5", "all_labels lacks the true label c"),
        ("6", "text is empty"),
    ]
    assert [set(names) for names in found.collisions] == [{"b", "B"}]
    figures = json.loads(json.dumps(found.figures()))
    assert figures["true_labels"] == {"a": 2, "b": 1}
    assert figures["graded_rows"] == 1
    assert "span_widths" not in figures


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([ROWS[0]], "single"),
        ([ROWS[0], ROWS[1]], "multi"),
        ([ROWS[0], {**ROWS[0], "true_labels": ["a", "b"]}], "multi"),
        ([{"text": "x", "true_labels": {"a": 0.5}}], "multi"),
    ],
)
def test_the_problem_type_that_the_rows_allow_is_proposed(
    rows: list[dict[str, object]], kind: str, tmp_path: Path
) -> None:
    settings = dict(setting.override.split("=", 1) for setting in propose([audited(tmp_path / "a.jsonl", rows)]))
    assert settings["model.problem_type"] == f"{kind}_label_classification"


def test_slots_are_as_many_as_a_row_offers_at_most(tmp_path: Path) -> None:
    found = [audited(tmp_path / "a.jsonl", ROWS[:3]), audited(tmp_path / "b.jsonl", ROWS[3:4])]
    assert "model.max_num_classes=3" in [setting.override for setting in propose(found)]
    (only,) = [audited(tmp_path / "c.jsonl", ROWS[3:4])]
    assert "model.max_num_classes=1" in [setting.override for setting in propose([only])]
