"""How long a run on a large file takes until its first batch, and how much memory: the first time and from the cache.

    python scripts/benchmark_data.py [--rows 1000000] [--words 60] [--directory DIR] [override …]

Writes rows as JSON Lines, then starts processes: the first reads, checks and keeps the rows, the others take them from
the cache. Each does what a run does up to its first batch: signature, reading, dev rows drawn, doubts, model, losses,
trainer. Seconds are of the clock and of the processor (the machine may be busy with other things); memory is resident,
at its peak, above the same process before it touched any data.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from bench import record

LABELS = "person organization city country law product event disease chemical date".split()
VOCABULARY = 200_000


def write(path: Path, rows: int, words: int, seed: int = 1) -> None:
    """Rows of `words` words whose frequencies fall as in texts (Zipf), one to five entities each."""
    draw = Random(seed)
    vocabulary = [f"w{number:x}" for number in range(VOCABULARY)]
    weights, total = [], 0.0
    for rank in range(1, VOCABULARY + 1):
        total += 1 / rank
        weights.append(total)
    pool = draw.choices(vocabulary, cum_weights=weights, k=2_000_000)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            at = draw.randrange(len(pool) - words)
            text = [*pool[at : at + words - 1], f"n{number}"]
            starts = sorted(draw.sample(range(words - 4), draw.randint(1, 5)))
            spans = [[start, start + draw.randint(0, 2), draw.choice(LABELS)] for start in starts]
            file.write(json.dumps({"tokenized_text": text, "ner": spans}) + "\n")


def memory() -> dict[str, float]:
    """Resident MB now, and at the peak so far."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "resident": pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def start(overrides: list[str]) -> None:
    """What a run does up to its first batch; prints the figures as one line of JSON."""
    from gliexp.config.compose import compose
    from gliexp.data.splits import load
    from gliexp.runs import stages
    from gliexp.runs.directory import signature_of

    began, empty = (time.perf_counter(), time.process_time()), memory()
    figures: dict[str, Any] = {"empty": empty}
    steps: dict[str, tuple[float, float]] = {}

    def done(name: str) -> None:
        steps[name] = (time.perf_counter() - began[0], time.process_time() - began[1])

    composed = compose(overrides)
    signature_of(composed)
    done("signature")
    splits = load(composed.config.data, composed.config.run.task, seed=composed.config.run.seed)
    done("loaded")
    built = stages.build_model(composed)
    done("model")
    shown = stages.shown(composed, built, splits)
    done("shown")
    with tempfile.TemporaryDirectory() as directory:
        trainer = stages.make_trainer(composed, built, shown, Path(directory), [])
        done("trainer")
        next(iter(trainer.get_train_dataloader()))
        done("first batch")
    figures["steps"] = {name: [round(clock, 2), round(cpu, 2)] for name, (clock, cpu) in steps.items()}
    figures["rows"] = [len(shown.splits.train), len(shown.splits.dev)]
    figures["above"] = round(memory()["peak"] - empty["resident"])
    print(json.dumps(figures))


def main() -> None:
    """Write the file, start the processes, print their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--times", type=int, default=2)
    parser.add_argument("--start", action="store_true", help=argparse.SUPPRESS)
    record.add_option(parser)
    given, overrides = parser.parse_known_args()
    if given.start:
        start(overrides)
        return
    with tempfile.TemporaryDirectory() as temporary:
        directory = given.directory or Path(temporary)
        path = directory / f"{given.rows}x{given.words}.jsonl"
        if not path.exists():
            write(path, given.rows, given.words)
        cache = Path(temporary) / "cache"
        print(f"{given.rows:,} rows of {given.words} words, {path.stat().st_size / 1e6:.0f} MB")
        words = [f"data.train_data={path}", f"data.cache_dir={cache}", *overrides]
        told = []
        for number in range(given.times):
            command = [sys.executable, __file__, "--start", *words]
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            if ended.returncode:
                raise SystemExit(ended.stderr)
            figures = json.loads(ended.stdout.splitlines()[-1])
            told.append(figures)
            print("first time" if number == 0 else "from the cache")
            for name, (clock, cpu) in figures["steps"].items():
                print(f"  {name:12} {clock:7.1f} s, {cpu:7.1f} s of the processor")
            print(f"  {figures['above']} MB above the {figures['empty']['resident']:.0f} of the empty process")
        kept = sum(part.stat().st_size for part in cache.rglob("*") if part.is_file())
        print(f"the cache takes {kept / 1e6:.0f} MB")
        record.write(given.json, {"rows": given.rows, "words": given.words, "times": told, "cache_bytes": kept})


if __name__ == "__main__":
    main()
