"""Forward and backward of a training step: a built model by the cheaper ways beside the same model by the library's.

python scripts/benchmark_model.py CASE… [--data DIR] [--repeats N] [--threads N]

One process, the two by turns on the same batches; medians over the pairs, of processor time and of elapsed time.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from bench import record

from gliexp.config.compose import compose
from gliexp.models import anatomy, gliner
from gliexp.models.fast.ways import Ways, take
from gliexp.runs import base
from gliexp.training.class_collator import targets

BATCH = 8
LOSS = {"alpha": 0.75, "gamma": 0.0, "reduction": "mean", "masking": "none"}
CASES = {
    "span": ("lener_br", ["span_mode=marker_v0"]),
    "token": ("lener_br", ["span_mode=token_level"]),
    "bi_span": ("lener_br", ["task=biencoder", "span_mode=marker_v0"]),
    "bi_token": ("lener_br", ["task=biencoder", "span_mode=token_level"]),
    "relex": ("conll04", ["task=relex"]),
    "uni_classes": ("clinc150", ["task=classification"]),
    "bi_classes": ("clinc150", ["task=classification", "model.architecture_type=bi-encoder"]),
}
LADDER = {
    "heads": Ways("torch", cheap_dropout=False, unpadded=False, folded_heads=True),
    "and products": Ways("auto", cheap_dropout=False, unpadded=False, folded_heads=True),
    "and dropout": Ways("auto", cheap_dropout=True, unpadded=False, folded_heads=True),
    "and no padding": Ways("auto", cheap_dropout=True, unpadded=True, folded_heads=True),
}


def batches(model: Any, rows: list[dict[str, Any]], number: int, alike: bool = False) -> list[dict[str, Any]]:
    """Batches of shuffled rows, or of rows of like length, that offer every label of the data."""
    random.Random(0).shuffle(rows)
    if alike:
        rows = sorted(rows[: BATCH * 40], key=lambda row: len(row.get("tokenized_text", ()) or row["text"]))
        rows = [row for place in range(5, 5 + 15 * number, 15) for row in rows[place * BATCH : (place + 1) * BATCH]]
    parts = [rows[start : start + BATCH] for start in range(0, number * BATCH, BATCH)]
    if not hasattr(model, "data_processor"):
        offered = sorted({label for row in rows for label in row["true_labels"]})[:25]
        return [_classes(model, part, offered) for part in parts]
    entity = sorted({entity[2] for row in rows for entity in row["ner"]})
    relation = sorted({relation[2] for row in rows for relation in row.get("relations", ())})
    collate = gliner.training_collator(model)
    return [{**collate(part, [entity] * len(part), [relation] * len(part)), **LOSS} for part in parts]


def _classes(model: Any, rows: list[dict[str, Any]], offered: Sequence[str]) -> dict[str, Any]:
    settings = model.model.config
    read = [{"text": row["text"], "true": dict.fromkeys(set(row["true_labels"]) & set(offered), 1.0)} for row in rows]
    asked = [offered] * len(read)
    batch = model.inputs(512).batch(read, asked)
    return {**batch, "labels": targets(read, asked, settings.problem_type, settings.ignore_index)}


def timed(core: Any, batch: dict[str, Any]) -> tuple[float, float]:
    """Processor and elapsed seconds of forward and backward."""
    processor, elapsed = time.process_time(), time.perf_counter()
    core(**batch).loss.backward()
    found = time.process_time() - processor, time.perf_counter() - elapsed
    core.zero_grad()
    return found


def compared(
    build: Callable[[], Any], rows: list[dict[str, Any]], ways: Ways, repeats: int, alike: bool
) -> dict[str, float]:
    """Medians: seconds of the processor of both, their ratio, that of elapsed seconds."""
    model = build()
    stock = anatomy.of(model).core.train()
    fast = copy.deepcopy(stock)
    take(fast, ways)
    found = batches(model, rows, 3 if not alike else 2, alike)
    timed(stock, found[0]), timed(fast, found[0])
    pairs = [(timed(stock, batch), timed(fast, batch)) for _ in range(repeats) for batch in found]
    middle = statistics.median
    processor = middle(theirs[0] / ours[0] for theirs, ours in pairs)
    elapsed = middle(theirs[1] / ours[1] for theirs, ours in pairs)
    theirs, ours = middle(pair[0][0] for pair in pairs), middle(pair[1][0] for pair in pairs)
    return {"library": theirs, "here": ours, "ratio": processor, "clock_ratio": elapsed}


def main() -> None:
    """Run the cases that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ladder", action="store_true", help="one way after the other instead of all at once")
    parser.add_argument("--alike", action="store_true", help="batches of rows of like length, nearly without padding")
    record.add_option(parser)
    given = parser.parse_args()
    found = []
    torch.set_num_threads(given.threads)
    print(f"{'case':14} {'ways':16} {'library s':>8} {'here s':>8} {'ratio':>8} {'elapsed':>8}")
    for case in given.cases:
        data, overrides = CASES[case]
        file = given.data / data / "train.jsonl"
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        config = compose([*overrides, "backbone=minilm", f"data.train_data={file}"], environment=False).config
        for name, ways in LADDER.items() if given.ladder else [("all", Ways())]:
            one = compared(partial(base.of(config).build, False), list(rows), ways, given.repeats, given.alike)
            found.append({"case": case, "ways": name, **one})
            line = f"{one['library']:8.3f} {one['here']:8.3f} {one['ratio']:8.2f} {one['clock_ratio']:8.2f}"
            print(f"{case:14} {name:16} {line}", flush=True)
    record.write(given.json, {"cases": found})


if __name__ == "__main__":
    main()
