"""Two sides, a process each, that train by turns: while one makes a few steps the other waits.

Other work on the machine slows both alike, and what a side takes is told in the processor's seconds beside the clock's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.case import OWN, STOCK

COMMAND = Path(__file__).resolve().parents[1] / "benchmark_training.py"
Figures = dict[str, float]


class Side:
    """A process that serves one side; see bench/side.py."""

    def __init__(self, name: str, overrides: Sequence[str], model: Path, *, rows: int, dev: int, threads: int) -> None:
        self.name = name
        environment = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": str(threads)}
        words = [str(model), str(rows), str(dev), str(threads)]
        self._process = subprocess.Popen(
            [sys.executable, str(COMMAND), "--side", name, *words, *overrides],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if not os.environ.get("BENCH_DEBUG") else None,
            text=True,
            env=environment,
        )
        self.epoch_steps = int(self._read()["steps"])

    def steps(self, number: int, *, splits: bool = True) -> Figures:
        """Make so many steps; what they took, and where not `splits` without the parts of a step."""
        return self._asked({"steps": number, "splits": splits})

    def scores(self) -> Figures:
        """Dev figures; the training ends with it."""
        return self._asked({"score": True})

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _asked(self, asked: dict[str, Any]) -> Figures:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Figures:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with code {self._process.wait()}; BENCH_DEBUG=1 shows what it said")
        said: Figures = json.loads(line)
        return said


def build(overrides: Sequence[str], directory: Path) -> None:
    """Save the model that both sides begin with, in a process of its own."""
    subprocess.run([sys.executable, str(COMMAND), "--build", str(directory), *overrides], check=True)


@contextmanager
def both(overrides: Sequence[str], model: Path, *, rows: int, dev: int, threads: int) -> Iterator[dict[str, Side]]:
    """Both sides on the same model and rows."""
    sides: dict[str, Side] = {}
    try:
        for name in (STOCK, OWN):
            sides[name] = Side(name, overrides, model, rows=rows, dev=dev, threads=threads)
        yield sides
    finally:
        for side in sides.values():
            side.close()


def one_pass(sides: dict[str, Side], slice_: int) -> dict[str, Figures]:
    """One pass of each side over its rows, `slice_` steps at a time by turns; what each took in all."""
    left = {name: side.epoch_steps for name, side in sides.items()}
    total: dict[str, Figures] = {name: {} for name in sides}
    while any(left.values()):
        for name, side in sides.items():
            number = min(slice_, left[name])
            if not number:
                continue
            left[name] -= number
            for figure, value in side.steps(number).items():
                before = total[name].get(figure, 0.0)
                total[name][figure] = max(before, value) if figure == "peak" else before + value
    return total
