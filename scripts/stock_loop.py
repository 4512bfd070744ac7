"""What gliner's own training gives on the same data: GLiNER.from_config + train_model, its label sampling, its loop.

The comparison table of the README comes from here. The loop is the library's, untouched; only the scoring is ours,
since the library measures nothing while it trains. Prints one JSON object.

    python scripts/stock_loop.py TRAIN TEST --model DIR --span-mode markerV0 --lr 5e-5 --others-lr 5e-4 --epochs 12
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def train(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> Any:
    """The library's documented way from a backbone to a trained model."""
    import torch
    from gliner import GLiNER
    from transformers import set_seed

    set_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    config: dict[str, Any] = {
        "model_name": arguments.model,
        "span_mode": arguments.span_mode,
        "hidden_size": arguments.hidden_size,
        "max_len": 512,
    }
    if arguments.relations_layer:
        config["relations_layer"] = arguments.relations_layer
    model = GLiNER.from_config(config)
    if arguments.fixed_labels:
        labels = sorted({entity[2] for row in rows for entity in row["ner"]})
        rows = [{**row, "ner_labels": labels} for row in rows]
    with tempfile.TemporaryDirectory() as directory:
        model.train_model(
            train_dataset=rows,
            eval_dataset=None,
            output_dir=directory,
            learning_rate=arguments.lr,
            others_lr=arguments.others_lr,
            per_device_train_batch_size=arguments.batch_size,
            num_train_epochs=arguments.epochs,
            max_steps=-1,
            save_strategy="no",
            dataloader_num_workers=0,
            use_cpu=True,
            seed=arguments.seed,
            disable_tqdm=True,
        )
    model.eval()
    return model


def score(model: Any, rows: list[dict[str, Any]], labels: list[str], relations: list[str]) -> dict[str, float]:
    """Micro F1 at 0.5 and at the best of nine thresholds (chosen on these very rows: an upper bound for the stock)."""
    from gliexp.training.evaluation import Evaluation

    def at(threshold: float) -> dict[str, Any]:
        return Evaluation(labels, relations, threshold, flat_ner=True, batch_size=16).score(model, rows)

    half = at(0.5)
    names = ("ner_micro_f1", "rel_strict_micro_f1")
    figures = {f"{name}@0.5": half[name] for name in names if name in half}
    best = max((at(step / 10) for step in range(1, 10)), key=lambda metrics: metrics["ner_micro_f1"])
    return figures | {"ner_micro_f1@best": best["ner_micro_f1"], "best_threshold": best["threshold"]}


def score_with_own_types(model: Any, rows: list[dict[str, Any]]) -> float:
    """Micro F1 at 0.5 when each row is asked about the types that it holds, and about no other.

    A much easier question than the whole set: no type that is absent can be predicted. Shown beside the other figure,
    since published scores are often of this kind.
    """
    from gliexp.models.predict import predict
    from gliexp.training.metrics import score_entities

    gold, found = [], []
    for types, alike in _by_types(rows).items():
        predictions = predict(model, alike, types, threshold=0.5, flat_ner=True, batch_size=16)
        gold += [row["ner"] for row in alike]
        found += [[(span.start, span.end, span.label) for span in prediction.entities] for prediction in predictions]
    return float(score_entities(gold, found)["ner_micro_f1"])


def _by_types(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        types = tuple(sorted({entity[2] for entity in row["ner"]}))
        if types:
            alike.setdefault(types, []).append(row)
    return alike


def main() -> None:
    """Train (or open a saved model), score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--model", default="minilm", help="directory of the backbone, or a built-in name")
    parser.add_argument("--span-mode", default="markerV0")
    parser.add_argument("--relations-layer")
    parser.add_argument("--hidden-size", type=int, default=512)
    parser.add_argument("--lr", type=float, default=5e-5)
    parser.add_argument("--others-lr", type=float, default=5e-4)
    parser.add_argument("--epochs", type=float, default=12)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--fixed-labels", action="store_true", help="offer every label of the training file on every row"
    )
    parser.add_argument("--saved", type=Path, help="score this saved model in place of training one")
    arguments = parser.parse_args()

    from gliexp.models import gliner
    from gliexp.models.backbone import BUILT_IN, locate

    if arguments.model in BUILT_IN:
        arguments.model = locate(arguments.model, "built_in")
    rows, test = read(arguments.train), read(arguments.test)
    started = time.perf_counter()
    model = gliner.load(str(arguments.saved), None).eval() if arguments.saved else train(arguments, rows)
    seconds = time.perf_counter() - started
    labels = sorted({entity[2] for row in rows for entity in row["ner"]})
    relations = sorted({relation[2] for row in rows for relation in row.get("relations", [])})
    figures = score(model, test, labels, relations if arguments.relations_layer else [])
    if not arguments.relations_layer:
        figures["ner_micro_f1@0.5 own types"] = score_with_own_types(model, test)
    print(json.dumps({**vars(arguments), "seconds": round(seconds, 1), **figures}, default=str))


if __name__ == "__main__":
    main()
