"""The short form of the training benchmark, which fails where a ratio to the stock library has fallen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))


def figures(processor: float) -> dict[str, float]:
    return {
        "examples": 8,
        "tokens": 60,
        "cells": 80,
        "loss": 4.0,
        "steps": 2,
        "seconds": 2 * processor,
        "processor": processor,
        "data": 0.1,
        "forward": 0.3,
        "backward": 0.4,
        "optimizer": 0.1,
        "peak": 100.0,
    }


def compared(*passes: tuple[float, float]):
    from bench.comparison import Comparison

    told = [{"stock": figures(stock), "gliexp": figures(own)} for stock, own in passes]
    return Comparison.of("a case", told, {}, None)


def test_ratios_are_of_examples_a_second_by_pass(bench: None) -> None:
    found = compared((4.0, 2.0), (6.0, 2.0), (8.0, 2.0))
    assert found.ratios == (2.0, 3.0, 4.0)
    assert (found.ratio, found.noise) == (3.0, 1.0)
    assert found.own.examples == 4.0
    assert found.own.padding == 0.25
    assert found.own.loss == 2.0


def test_dev_figures_are_told_over_seeds(bench: None) -> None:
    from bench import table
    from bench.comparison import Comparison

    told = [{"stock": figures(4.0), "gliexp": figures(2.0)}]
    scores = {
        "stock": [{"ner_micro_f1": 0.25}, {"ner_micro_f1": 0.75}],
        "gliexp": [{"ner_micro_f1": 0.5}, {"ner_micro_f1": 0.5}],
    }
    found = Comparison.of("a case", told, scores, None)
    assert found.mean_and_deviation("stock", "ner_micro_f1") == (0.5, pytest.approx(0.3536, abs=1e-4))
    assert found.mean_and_deviation("gliexp", "ner_micro_f1") == (0.5, 0.0)
    shown = table.of([found]).columns[6]
    assert list(shown.cells) == ["0.500 ± 0.354 → 0.500 ± 0.000"]


def test_a_ratio_that_falls_beyond_the_noise_fails_and_one_within_it_does_not(bench: None) -> None:
    from bench.comparison import is_worse

    kept = {"ratio": 2.0, "noise": 0.05}
    assert is_worse(compared((3.0, 2.0), (3.1, 2.0), (2.9, 2.0)), kept)
    assert not is_worse(compared((3.8, 2.0), (3.6, 2.0), (3.9, 2.0)), kept)
    assert not is_worse(compared((9.0, 2.0), (9.1, 2.0), (8.9, 2.0)), kept)


@pytest.mark.slow
def test_no_ratio_has_fallen_since_it_was_kept(tmp_path: Path) -> None:
    written = tmp_path / "short.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "benchmark_training.py"), "--short", "--json", str(written)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cases = json.loads(written.read_text())["cases"]
    kept = json.loads((SCRIPTS / "bench" / "short.json").read_text())["cases"]
    assert [case["case"] for case in cases] == [case["case"] for case in kept]
    for case in cases:
        assert len(case["ratios"]) == 5
        assert case["stock"]["examples"] > 0
        assert 0 <= case["own"]["padding"] < 1
        shares = case["own"]["shares"]
        assert 0.5 < sum(shares.values()) <= 1.01, shares
