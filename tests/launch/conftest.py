"""Sweeps whose training is replaced: a run is written by hand, its F1 a function of rate and seed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from gliexp.config import secrets
from gliexp.errors import Interrupted, Pruned, RunFailed
from tests.runs.directories import write_run


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """The configs that were trained, in their order. A rate of 1 fails, weight_decay=0.9 is interrupted."""
    from gliexp.runs.directory import setting_of, signature_of

    calls: list[Any] = []

    def train(composed: Any, directory: Path, console: Any = None, *, advice: Any = None) -> Any:
        calls.append(composed.config)
        rate, seed = composed.config.training.learning_rate, composed.config.run.seed
        facts = {
            "overrides": list(composed.overrides),
            "signature": signature_of(composed),
            "setting": setting_of(composed),
            "name": composed.name,
        }
        os.environ["LEFT_BEHIND"] = str(seed)
        if composed.config.training.weight_decay == 0.9:
            write_run(directory, None, status="interrupted", **facts)
            raise Interrupted("interrupted at step 3", 2)
        if rate == 1:
            write_run(directory, None, status="failed", error="loss is nan", **facts)
            raise RunFailed("loss is nan\nrows 1, 2")
        f1 = round(0.5 + 100 * rate + 0.01 * seed, 4)
        for step in (10, 20, 30) if advice is not None else ():
            if advice.should_end(step, f1 * step / 30):
                write_run(directory, None, status="pruned", **facts)
                raise Pruned(f"ended at step {step}")
        write_run(directory, f1, **facts)
        return SimpleNamespace(metrics={"eval": {"ner_micro_f1": f1}})

    stub = ModuleType("gliexp.runs.train")
    stub.train = train  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gliexp.runs.train", stub)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEFT_BEHIND", raising=False)
    secrets.forget()
    return calls
