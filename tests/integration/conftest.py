"""Runs `python -m gliexp` as a user does: a process of its own, in a directory of its own, with no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


def environment() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


@pytest.fixture
def gliexp(tmp_path: Path) -> Command:
    def call(*words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gliexp", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=timeout, check=False
        )

    return call


@pytest.fixture
def only_run(tmp_path: Path) -> Callable[[], Path]:
    """The one run directory that the test's commands made."""

    def find() -> Path:
        (record,) = tmp_path.glob("outputs/*/*/run.json")
        return record.parent

    return find


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
