"""Processor time of making batches, by the library's collator and by training/quick_collation.py, by turns.

python scripts/benchmark_collation.py [--cases span,token,relex] [--batch-size 8] [--batches 20] [--rounds 5]
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import Any

from bench import record
from bench.case import CASES
from bench.own import Composition

from gliexp.models import gliner
from gliexp.training.quick_collation import quicken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="span,token,relex")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    record.add_option(parser)
    given = parser.parse_args()
    found = {}
    for case in CASES:
        if case.name in given.cases.split(",") and case.is_there:
            held = Composition.of(case.config(), given.batch_size * given.batches, 8)
            found[case.name] = _compared(case.name, held, given)
    record.write(given.json, {"cases": found})


def _compared(name: str, held: Composition, given: argparse.Namespace) -> dict[str, float]:
    """Milliseconds of a batch by the library and here, and their ratio."""
    model = held.built().model
    rows = [dict(row) for row in held.splits.train]
    types = {"entity_types": [list(held.splits.entity_labels)] * given.batch_size}
    types["relation_types"] = [list(held.splits.relation_labels)] * given.batch_size
    batches = [rows[start : start + given.batch_size] for start in range(0, len(rows), given.batch_size)]
    sides = {
        "library": gliner.training_collator(model),
        "quick": quicken(gliner.training_collator(model), model),
    }
    took: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(given.rounds + 1):
        for side, collator in sides.items():
            took[side].append(_timed(collator, batches, types))
    library, quick = (1000 * median(took[side][1:]) / len(batches) for side in sides)
    print(f"{name}: {library:.2f} ms a batch of {given.batch_size} by the library, {quick:.2f} ms here")
    return {"library": library, "here": quick, "ratio": library / quick}


def _timed(collator: Any, batches: list[Any], types: Any) -> float:
    started = time.process_time()
    for batch in batches:
        collator(batch, **{key: value[: len(batch)] for key, value in types.items()})
    return time.process_time() - started


if __name__ == "__main__":
    main()
