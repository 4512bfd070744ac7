"""What a benchmark's JSON file says beside its figures, and the benchmark of sweeps that writes one."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))


def test_figures_are_kept_with_when_and_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench import record

    monkeypatch.setattr(sys, "argv", ["scripts/benchmark_any.py", "--rounds", "3"])
    record.write(tmp_path / "found.json", {"ratio": 2.5})
    kept = json.loads((tmp_path / "found.json").read_text())
    assert kept["benchmark"] == "benchmark_any"
    assert kept["command"] == "--rounds 3"
    assert kept["date"] == date.today().isoformat()
    assert kept["ratio"] == 2.5
    assert kept["torch"]


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench import record

    monkeypatch.chdir(tmp_path)
    record.write(None, {"ratio": 2.5})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_member_of_a_sweep_is_measured_beside_a_command(tmp_path: Path) -> None:
    from benchmark_sweep import main

    main(["--members", "2", "--rounds", "1", "--json", str(tmp_path / "found.json")])
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["sweep"] > found["alone"] > 0
    assert found["member"] == pytest.approx(found["sweep"] - found["alone"])
