"""How long `python -m gliexp runs` takes over many run directories, as a whole process.

    python scripts/benchmark_runs.py [--runs 10000] [--directory DIR]

Makes synthetic run directories (each with run.json, metrics.json, a resolved config, a log and a checkpoint directory;
one in fifty broken in some way) and lists them three times.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import record

BREAKS = ("no record", "half a record", "no metrics", "old")
LABELS = ("person", "organization", "location", "date", "law", "money", "product", "document number")


def main() -> None:
    """Make the directories and time the listing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--directory", type=Path)
    record.add_option(parser)
    given = parser.parse_args()
    took = {}
    with tempfile.TemporaryDirectory() as temporary:
        root = given.directory or Path(temporary)
        make(root, given.runs)
        for form in ([], ["--json"], ["--csv"]):
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "gliexp", "runs", str(root), *form], capture_output=True, text=True, check=True
            )
            seconds = took[" ".join(["runs", *form])] = time.perf_counter() - started
            print(
                f"runs {' '.join(form):<7} {given.runs} directories, {seconds:.2f} s, {len(done.stdout):,} characters"
            )
    record.write(given.json, {"runs": given.runs, "seconds": took})


def make(root: Path, count: int) -> None:
    """Write `count` run directories under `root`."""
    draw = random.Random(0)
    for number in range(count):
        directory = root / "ner" / f"bench-{number:010x}"
        (directory / "checkpoints" / "checkpoint-100").mkdir(parents=True)
        (directory / ".hydra").mkdir()
        (directory / "train.log").write_text("")
        (directory / "config.resolved.yaml").write_text("run:\n  task: ner\n")
        record, metrics = json.dumps(_record(number), indent=2), json.dumps(_metrics(draw), indent=2)
        broken = BREAKS[number // 50 % len(BREAKS)] if number % 50 == 0 else ""
        if broken == "half a record":
            record = record[: len(record) // 2]
        if broken == "old":
            record = json.dumps({"status": "done", "name": "old"})
        if broken != "no record":
            (directory / "run.json").write_text(record)
        if broken != "no metrics":
            (directory / "metrics.json").write_text(metrics)


def _record(number: int) -> dict[str, Any]:
    overrides = [f"run.seed={number % 5}", f"training.learning_rate={1e-5 * (1 + number % 7)}", f"peft.r={number % 3}"]
    return {
        "status": "done",
        "task": "ner",
        "name": "bench",
        "signature": f"{number:010x}",
        "command": "python -m gliexp " + " ".join(overrides),
        "overrides": overrides,
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:01:00+00:00",
        "seconds": 60.0,
        "versions": {"python": "3.11.7", "torch": "2.13.0", "transformers": "5.16.1"},
        "data": [
            {"path": f"{split}.jsonl", "split": split, "rows": 100, "sha256": "0" * 64} for split in ("train", "dev")
        ],
        "parameters": {"total": 524_544, "trainable": 524_544, "parts": {}},
    }


def _metrics(draw: random.Random) -> dict[str, Any]:
    def split() -> dict[str, Any]:
        table = {label: {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 10} for label in LABELS}
        return {"ner_micro_f1": draw.random(), "ner_macro_f1": draw.random(), "ner_per_label": table, "threshold": 0.5}

    return {"eval": split(), "test": split()}


if __name__ == "__main__":
    main()
