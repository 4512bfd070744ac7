"""Processor time until a run has made its first training step, beside `import gliner` alone: by turns, in processes.

    python scripts/benchmark_start.py [--rounds 5] [KEY=VALUE …]

The run is the embedded default with the overrides that are given; the first round warms the disk's cache and is left
out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from unittest.mock import patch

from bench import record

STEP = "--to-the-first-step"
ALONE = "import gliner, time; print(time.process_time())"


def main(words: list[str]) -> None:
    """Measure by turns and print."""
    if words[:1] == [STEP]:
        to_the_first_step(words[1:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("overrides", nargs="*")
    record.add_option(parser)
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="gliexp-bench-") as root:
        overrides = [f"run.root={root}", "run.rerun=true", *given.overrides]
        pairs = [(_seconds(["-c", ALONE]), _seconds([__file__, STEP, *overrides])) for _ in range(given.rounds + 1)][1:]
    alone, step = (median(seconds) for seconds in zip(*pairs, strict=True))
    ratio = median(one / other for other, one in pairs)
    record.write(given.json, {"import": alone, "first_step": step, "ratio": ratio, "pairs": pairs})
    print(f"import gliner {alone:.2f} s, to the first step {step:.2f} s of a processor: {ratio:.2f} times")


def _seconds(command: list[str]) -> float:
    """What a process says last."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def to_the_first_step(overrides: list[str]) -> None:
    """Start a run as the command line does, and end the process after its first step."""
    from gliexp.cli import main as command
    from gliexp.runs import train
    from gliexp.runs.imports import uncollected

    @contextmanager
    def imported() -> Iterator[None]:
        with uncollected():
            yield
        from gliexp.training.steps import Steps

        step = Steps.training_step

        def first(self: Any, *given: Any, **options: Any) -> None:
            step(self, *given, **options)
            print(time.process_time(), flush=True)
            os._exit(0)

        Steps.training_step = first  # type: ignore[method-assign,assignment]

    with patch.object(train, "uncollected", imported):
        command(overrides)


if __name__ == "__main__":
    main(sys.argv[1:])
