"""Evaluation beside the stock library's `model.evaluate`: the same model, rows, labels and threshold, by turns.

    python scripts/benchmark_evaluation.py outputs/ner/<run> test.jsonl --rounds 3

Says the elapsed and the processor time of every round, their ratios, and micro F1 of both. Other work on the machine
slows both sides, so only the ratios mean something; processor time is the steadier one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

from bench import record
from gliner import GLiNER

from gliexp.data.held_out import labels_of
from gliexp.data.reading import read
from gliexp.runs import ways
from gliexp.runs.model_source import find
from gliexp.runs.prepared import quiet_libraries
from gliexp.training.evaluation import Evaluation


def main() -> None:
    """Measure by turns and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("rows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--batch-size", type=int, default=8, help="of gliexp; the stock library keeps its default, 12")
    record.add_option(parser)
    given = parser.parse_args()
    quiet_libraries()
    rows = [dict(row) for row in read(given.rows)]
    source = find(given.model)
    labels = list(source.usage.entity_labels) or labels_of(rows, "ner", "ner_labels")
    stock, ours = GLiNER.from_pretrained(str(source.place)), source.open()
    ways.take_all(ours)  # as `evaluate` does
    scoring = Evaluation(labels, (), given.threshold, flat_ner=True, batch_size=given.batch_size)

    def theirs() -> float:
        _, f1 = stock.evaluate(rows, flat_ner=True, threshold=given.threshold, entity_types=labels)
        return float(f1)

    def mine() -> float:
        return float(scoring.score(ours, rows)["ner_micro_f1"])

    stock_f1, own_f1, elapsed, processor = 0.0, 0.0, [], []
    for number in range(1, given.rounds + 1):
        stock_f1, stock_seconds, stock_work = _timed(theirs)
        own_f1, own_seconds, own_work = _timed(mine)
        elapsed.append(stock_seconds / own_seconds)
        processor.append(stock_work / own_work)
        print(
            f"round {number}: stock {stock_seconds:.1f} s ({stock_work:.1f} of a processor), micro F1 {stock_f1:.6f}; "
            f"gliexp {own_seconds:.1f} s ({own_work:.1f}), micro F1 {own_f1:.6f}; "
            f"ratio {elapsed[-1]:.2f} ({processor[-1]:.2f})",
            flush=True,
        )
    record.write(
        given.json,
        {
            "rows": len(rows),
            "ratio": median(processor),
            "clock_ratio": median(elapsed),
            "ratios": processor,
            "f1": {"stock": stock_f1, "gliexp": own_f1},
        },
    )
    print(
        f"{len(rows)} rows, {len(labels)} labels, threshold {given.threshold:g}: ratio {median(elapsed):.2f} elapsed, "
        f"{median(processor):.2f} of processor time (medians); micro F1 {'equal' if stock_f1 == own_f1 else 'differs'}"
    )


def _timed(call: Callable[[], float]) -> tuple[float, float, float]:
    """The result, elapsed seconds, and seconds of processor time of all threads."""
    started, worked = time.perf_counter(), time.process_time()
    result = call()
    return result, time.perf_counter() - started, time.process_time() - worked


if __name__ == "__main__":
    main()
