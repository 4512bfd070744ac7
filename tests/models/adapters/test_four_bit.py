"""QLoRA and LoftQ, in a process of their own that sees bitsandbytes (`make test` puts it beside the environment)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
BESIDE = Path(sys.prefix) / "four_bit"


@pytest.mark.slow
def test_the_cases_hold_where_bitsandbytes_is() -> None:
    if not (BESIDE / "bitsandbytes").is_dir():
        pytest.skip(f"bitsandbytes is not in {BESIDE}: `make .venv/.four_bit` puts it there")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(BESIDE)])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, str(TESTS / "models/adapters/four_bit_cases.py")],
        check=False,
        cwd=TESTS.parent,
        env={name: value for name, value in environment.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
