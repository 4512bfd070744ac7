from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gliexp.training.faults import NAMED_ROWS
from gliexp.training.trainer import Trainer


def trainer(**attributes: Any) -> Trainer:
    """One that trains nothing and can only name rows."""
    made = object.__new__(Trainer)
    made.__dict__ |= {"state": SimpleNamespace(global_step=4), "places": (), **attributes}
    return made


def test_a_failed_step_names_its_rows_by_file_and_line() -> None:
    named = trainer(places=["a.jsonl:1", "a.jsonl:7", "a.jsonl:7"])._place([2, 0])
    assert named == "step 5, training rows 2 (a.jsonl:7), 0 (a.jsonl:1) (counted from 0)"
    assert trainer()._place([3]) == "step 5, training rows 3 (counted from 0)"


def test_a_large_batch_is_not_named_in_full() -> None:
    assert f"{NAMED_ROWS - 1} and 4 more" in trainer()._place(range(NAMED_ROWS + 4))
