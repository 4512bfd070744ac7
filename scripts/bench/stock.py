"""The stock libraries' side: their own datasets, collators and Trainers on the same model, rows and settings.

The arguments are the case's, without what only gliexp has. gliner: what GLiNER.train_model builds (model.py:2449).
gliclass: what its train.py builds, with prompt_first handed to the right argument.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from bench.own import Composition
from gliexp.config import routing
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.training.arguments import training_arguments


def trainer(given: Composition, model: Path) -> Any:
    """The library's trainer on the rows of `given` and the model saved at `model`."""
    classifies = given.task in CLASSIFICATION_TASKS
    return _classifier(given, model) if classifies else _entities(given, model)


def _arguments(given: Composition, library: type) -> Any:
    values = dict(routing.route(given.composed.config).objects["TrainingArguments"])
    values |= {"optim": "adamw_torch", "train_sampling_strategy": "random", "disable_tqdm": True}
    place = Path(tempfile.mkdtemp(prefix="gliexp-bench-"))
    return training_arguments(values, library, task=given.task, checkpoints=place, has_dev=False)


def _entities(given: Composition, place: Path) -> Any:
    from gliner import GLiNER
    from gliner.training import Trainer, TrainingArguments

    model = GLiNER.from_pretrained(str(place))
    labels, relations = list(given.splits.entity_labels), list(given.splits.relation_labels)
    rows = []
    for row in given.splits.train:
        fixed = {"ner_labels": labels, "ner_label": labels}
        if given.task == "relex":
            fixed["rel_labels"] = relations
        rows.append({**row, **fixed})
    return Trainer(
        model=model,
        args=_arguments(given, TrainingArguments),
        train_dataset=rows,
        data_collator=model._create_data_collator(),
        processing_class=model.data_processor.transformer_tokenizer,
    )


def _classifier(given: Composition, place: Path) -> Any:
    from gliclass import GLiClassModel
    from gliclass.data_processing import AugmentationConfig, DataCollatorWithPadding, GLiClassDataset
    from gliclass.training import Trainer, TrainingArguments
    from transformers import AutoTokenizer

    model = GLiClassModel.from_pretrained(str(place))
    tokenizer = AutoTokenizer.from_pretrained(str(place))
    label_model = model.config.label_model_name
    rows = [
        {
            "text": row["text"],
            "all_labels": list(row.get("all_labels") or given.splits.class_labels),
            "true_labels": dict(row["true"]),
        }
        for row in given.splits.train
    ]
    dataset = GLiClassDataset(
        rows,
        tokenizer,
        AugmentationConfig(enabled=False),
        {},
        max_length=given.composed.config.data.max_length,
        problem_type=model.config.problem_type,
        architecture_type=model.config.architecture_type,
        prompt_first=model.config.prompt_first,
        labels_tokenizer=AutoTokenizer.from_pretrained(label_model) if label_model else None,
    )
    return Trainer(
        model=model,
        args=_arguments(given, TrainingArguments),
        train_dataset=dataset,
        processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(device="cpu", config=model.config),
    )
