"""Run directories as runs leave them, written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VERSIONS = {"python": "3.11", "torch": "2.13"}


def record(**facts: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "status": "done",
        "task": "ner",
        "name": "grid",
        "signature": "0123456789",
        "command": "python -m gliexp",
        "overrides": [],
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:01:00+00:00",
        "seconds": 60.0,
        "versions": VERSIONS,
        "error": None,
    }
    return {**whole, **facts}


def write_run(directory: Path, f1: float | None = 0.5, **facts: Any) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "run.json").write_text(json.dumps(record(**facts)), encoding="utf-8")
    if f1 is not None:
        split = {"ner_micro_f1": f1, "ner_per_label": {"person": {"f1": f1}}, "threshold": 0.5}
        (directory / "metrics.json").write_text(json.dumps({"eval": split, "test": split}), encoding="utf-8")
    return directory


def grid(root: Path) -> list[Path]:
    """Two settings with three seeds each: rate 1e-4 is better by 0.2 and one of its runs failed."""
    found = []
    for place, (rate, seed) in enumerate((rate, seed) for rate in ("1e-5", "1e-4") for seed in (1, 2, 3)):
        f1 = 0.5 + 0.01 * seed + (0.2 if rate == "1e-4" else 0.0)
        given = [f"training.learning_rate={rate}", f"run.seed={seed}", "training.max_steps=5"]
        failed = (rate, seed) == ("1e-4", 3)
        facts = {"overrides": given, "signature": f"{place:010x}", "seconds": 10.0 + place}
        if failed:
            facts |= {"status": "failed", "error": "loss is nan\nat step 3"}
        found.append(write_run(root / str(place), None if failed else f1, **facts))
    return found
