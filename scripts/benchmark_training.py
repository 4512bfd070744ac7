"""Training throughput beside the stock libraries' own Trainers: the same data, model, settings, examples and threads.

    python scripts/benchmark_training.py [--cases span,token] [--passes 5] [--rows 96] [--json FILE]
    python scripts/benchmark_training.py --short   # the embedded sample; fails where a ratio fell on the same processor

Each side is a process; they train by turns, a few steps at a time, so that other work on the machine meets both. A pass
is one epoch over the rows; the first is a warm-up. Ratios are of processor time, the clock's beside them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import record
from bench.case import CASES, SHORT, Case
from bench.comparison import Comparison, is_worse
from rich.console import Console

KEPT = Path(__file__).parent / "bench" / "short.json"
"""What the short form reached when it was last kept."""


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print and write; 1 where a ratio of the short form has fallen."""
    words = sys.argv[1:] if words is None else list(words)
    if words[:1] in (["--side"], ["--build"]):
        _serve(words)
        return 0
    given = _parser().parse_args(words)
    console = Console()
    cases = [
        case for case in (SHORT if given.short else CASES) if not given.cases or case.name in given.cases.split(",")
    ]
    found = []
    for case in cases:
        if not case.is_there:
            console.print(f"{case.name}: left out, there is no {case.directory}", style="yellow")
            continue
        found.append(compare(case, given, console))
    if not found:
        return 0
    from bench import table

    console.print(table.of(found))
    record.write(given.json, {"cases": [one.record() for one in found]})
    return _fallen(found, console) if given.short and not given.keep else 0


def compare(case: Case, given: argparse.Namespace, console: Console) -> Comparison:
    """Train both sides of one case by turns, and score them."""
    from bench import turns

    passes: list[dict[str, Any]] = []
    scores: dict[str, list[dict[str, float]]] = {}
    epochs = given.passes + 1
    for seed in given.seeds:
        own = [*given.set, f"training.num_train_epochs={epochs}", f"run.seed={seed}"]
        if given.batch_size:
            own.append(f"training.per_device_train_batch_size={given.batch_size}")
        overrides = case.config(own)
        with tempfile.TemporaryDirectory(prefix="gliexp-bench-") as directory:
            turns.build(overrides, Path(directory) / "model")
            sizes = {"rows": given.rows, "dev": given.dev, "threads": given.threads}
            with turns.both(overrides, Path(directory) / "model", **sizes) as sides:
                for number in range(epochs):
                    one = turns.one_pass(sides, given.slice)
                    if number:
                        passes.append(one)
                        _say(console, case, seed, number, one)
                if given.dev:
                    for name, side in sides.items():
                        scores.setdefault(name, []).append(side.scores())
    return Comparison.of(case.name, passes, scores, case.aim)


def _say(console: Console, case: Case, seed: int, number: int, one: dict[str, Any]) -> None:
    speeds = ", ".join(
        f"{name} {figures['examples'] / figures['processor']:.2f} examples/s" for name, figures in one.items()
    )
    console.print(f"{case.name}, seed {seed}, pass {number}: {speeds}", highlight=False)


def _fallen(found: Sequence[Comparison], console: Console) -> int:
    before = json.loads(KEPT.read_text(encoding="utf-8"))
    if before["machine"] != record.processor():
        console.print(
            f"not compared with {KEPT.name}: it was kept on {before['machine']}, this is {record.processor()}"
        )
        return 0
    kept = {one["case"]: one for one in before["cases"]}
    fallen = [one for one in found if one.case in kept and is_worse(one, kept[one.case])]
    for one in fallen:
        console.print(f"{one.case}: the ratio was {kept[one.case]['ratio']:.2f} and is {one.ratio:.2f}", style="red")
    return 1 if fallen else 0


def _serve(words: Sequence[str]) -> None:
    from bench import side

    if words[0] == "--build":
        side.build(list(words[2:]), Path(words[1]))
        return
    _, name, model, rows, dev, threads, *overrides = words
    side.run(name, overrides, Path(model), int(rows), int(dev), int(threads))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", help="names with commas between: " + ", ".join(case.name for case in CASES))
    parser.add_argument("--short", action="store_true", help="the embedded sample, against what was kept")
    parser.add_argument("--keep", action="store_true", help="with --short and --json: do not compare")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--rows", type=int, default=96, help="training rows, drawn evenly over the file")
    parser.add_argument("--dev", type=int, default=100, help="dev rows that both are scored on at the end; 0 for none")
    parser.add_argument("--slice", type=int, default=3, help="steps of a turn")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default=[42])
    record.add_option(parser)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an override of the config")
    return parser


if __name__ == "__main__":
    sys.exit(main())
