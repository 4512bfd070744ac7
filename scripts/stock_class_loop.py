"""What gliclass's own training gives on the same data: its dataset, collator, arguments and Trainer, as in train.py.

train.py itself stops at start-up under transformers 5 (`warmup_ratio` is gone), wants a label encoder even where none
is used, never evaluates, and cuts its own test rows off before any seed is set. What is mended here is only what makes
it run: warm-up in steps, no label encoder, the files that are given. What trains otherwise than it reads stays:
train.py hands prompt_first to the argument before it (add_description), so that the text goes first in training and
last at inference; --prompt-first mends that too. Scored as gliexp scores its own models, the threshold taken on dev.
Prints one JSON object.

    python scripts/stock_class_loop.py TRAIN DEV TEST --model minilm --epochs 3
"""

from __future__ import annotations

import argparse
import json
import math
import random
import tempfile
import time
from pathlib import Path
from typing import Any


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def train(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> tuple[Any, Any]:
    """The library's way from a backbone to a trained model and its tokenizer."""
    import torch
    from gliclass import GLiClassModel, GLiClassModelConfig
    from gliclass.data_processing import AugmentationConfig, DataCollatorWithPadding, GLiClassDataset
    from gliclass.training import Trainer, TrainingArguments
    from transformers import AutoConfig, AutoTokenizer, set_seed

    set_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    config = GLiClassModelConfig(
        encoder_config=AutoConfig.from_pretrained(arguments.model),
        encoder_model=arguments.model,
        class_token_index=len(tokenizer),
        text_token_index=len(tokenizer) + 1,
        example_token_index=len(tokenizer) + 2,
        problem_type="multi_label_classification",
        prompt_first=True,
        embed_class_token=arguments.embed_class_token,
        dropout=arguments.dropout,
    )
    model = GLiClassModel(config, from_pretrained=True)
    tokenizer.add_tokens(["<<LABEL>>", "<<SEP>>", "<<EXAMPLE>>"], special_tokens=True)
    model.resize_token_embeddings(len(tokenizer))
    random.shuffle(rows)
    positional: tuple[Any, ...] = (
        tokenizer,
        AugmentationConfig(enabled=False),
        {},
        arguments.max_length,
        config.problem_type,
    )
    dataset = GLiClassDataset(rows, *positional, config.architecture_type, config.prompt_first)  # see above
    if arguments.prompt_first:
        dataset.prompt_first = True
    steps = math.ceil(len(rows) / arguments.batch_size) * arguments.epochs
    with tempfile.TemporaryDirectory() as directory:
        settings = TrainingArguments(
            output_dir=directory,
            learning_rate=arguments.lr,
            weight_decay=0.01,
            others_lr=arguments.others_lr,
            others_weight_decay=0.01,
            lr_scheduler_type="linear",
            warmup_steps=round(0.1 * steps),
            per_device_train_batch_size=arguments.batch_size,
            num_train_epochs=arguments.epochs,
            save_strategy="no",
            use_cpu=True,
            seed=arguments.seed,
            report_to="none",
            disable_tqdm=True,
        )
        collator = DataCollatorWithPadding(device="cpu", config=config)
        trainer = Trainer(
            model=model, args=settings, train_dataset=dataset, processing_class=tokenizer, data_collator=collator
        )
        trainer.train()
    return model.eval(), tokenizer


def score(model: Any, tokenizer: Any, files: argparse.Namespace) -> dict[str, float]:
    """Dev and test figures of the library's model, each row asked about the labels that it offers."""
    from gliexp.data.class_row import ClassRowReader
    from gliexp.models.gliclass import Classifier
    from gliexp.training.class_evaluation import ClassEvaluation

    inputs = Classifier(model, tokenizer).inputs(files.max_length)
    labels = sorted({label for row in read(files.train) for label in row["true_labels"]})
    scoring = ClassEvaluation(inputs, labels, model.config.problem_type, 0.5, tune=True, batch_size=16)
    figures: dict[str, float] = {}
    threshold: float | None = None
    for name in ("dev", "test"):
        rows = [ClassRowReader().tidy(row).example for row in read(getattr(files, name))]
        found, _ = scoring.score_predictions(model, rows, threshold)
        threshold = found["threshold"]
        figures |= {f"{name} {key}": found[key] for key in ("cls_micro_f1", "cls_macro_f1", "cls_accuracy")}
    return {**figures, "threshold": threshold or 0.5}


def main() -> None:
    """Train, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name in ("train", "dev", "test"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--model", default="minilm", help="directory of the backbone, or a built-in name")
    parser.add_argument("--lr", type=float, default=2e-4)
    parser.add_argument("--others-lr", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--embed-class-token", action="store_true")
    parser.add_argument("--prompt-first", action="store_true", help="train in the order of inference")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()

    from gliexp.models.backbone import BUILT_IN, locate

    if arguments.model in BUILT_IN:
        arguments.model = locate(arguments.model, "built_in")
    started = time.perf_counter()
    rows = read(arguments.train)
    labels = sorted({label for row in rows for label in row["true_labels"]})
    model, tokenizer = train(arguments, [{"all_labels": list(labels), **row} for row in rows])
    seconds = time.perf_counter() - started
    print(
        json.dumps({**vars(arguments), "seconds": round(seconds, 1), **score(model, tokenizer, arguments)}, default=str)
    )


if __name__ == "__main__":
    main()
