"""The stages of a GLiNER run that need the model: build it, make its trainer, score it, save it and prove the save.

`runs.train` strings them together; each is a plain function of its inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliner.training import TrainingArguments
from transformers import EarlyStoppingCallback

from gliexp.config import routing
from gliexp.config.compose import Composed
from gliexp.config.schema.data import TUNE, fixed_threshold
from gliexp.data.balance import label_weights
from gliexp.data.chunking import Chunker
from gliexp.data.labels import LabelSampler
from gliexp.data.mentions import MentionSwap
from gliexp.data.row import Example
from gliexp.data.splits import Splits
from gliexp.models import algebra, architecture, backbone, balance, gliner, parameters
from gliexp.models.descriptions import describe
from gliexp.models.identity import start_as_identity
from gliexp.models.prior import set_prior
from gliexp.models.room import Room
from gliexp.runs import base, ways
from gliexp.runs.built import Built
from gliexp.runs.shown import Shown, show
from gliexp.training.arguments import training_arguments
from gliexp.training.collator import TrainingCollator
from gliexp.training.evaluation import Evaluation
from gliexp.training.quick_collation import quicken
from gliexp.training.trainer import Trainer

VERIFIED_ROWS = 16  # rows on which the saved model must predict what the trained one does


def build_model(composed: Composed) -> Built:
    """Build the model from the config, start from a saved one or go on with adapters; freeze and wrap what it says."""
    config = composed.config
    if config.peft.enabled and config.peft.init_from is not None:
        return _go_on(composed)
    origin = base.of(config)
    notices: list[str] = []
    model = origin.build(config.backbone.trust_remote_code)
    if origin.from_pretrained is not None:
        notices += [
            f"model.{found.key}={found.wanted} is not what the saved model has: {found.saved} stays"
            for found in gliner.disagreements(model, backbone.located(origin.values, config.backbone.revision))
        ]
        if not config.model.fine_tune:
            parameters.freeze(model)
    else:
        if config.model.identity_start:
            start_as_identity(model)
        if config.model.prior_probability is not None:
            set_prior(model, config.model.prior_probability, config.run.seed)
    algebra.apply(model)
    adapted = base.wrapped(config, model, origin)
    ways.take(config, model)
    describe(model, config.data.label_descriptions)
    return Built(model, parameters.sizes(model), notices, adapted)


def _go_on(composed: Composed) -> Built:
    """The model of a saved adapter, whose architecture and settings stay."""
    config = composed.config
    adapted = base.continued(config)
    values = routing.route(config).objects["GLiNERConfig"]
    notices = [
        f"model.{key}={values[key]} is not the base of the adapter: {adapted.base.values.get(key)} stays"
        for key in ("model_name", "labels_encoder", "labels_decoder", "span_mode")
        if adapted.base.from_pretrained is None and values.get(key) != adapted.base.values.get(key)
    ]
    algebra.apply(adapted.model)
    ways.take(config, adapted.model)
    describe(adapted.model, config.data.label_descriptions)
    return Built(adapted.model, parameters.sizes(adapted.model), notices, adapted)


def label_sampler(composed: Composed, built: Built, splits: Splits) -> LabelSampler:
    """What chooses the labels that each training row is asked about, by the policy of the data section."""
    return LabelSampler(
        splits.entity_labels,
        splits.relation_labels if composed.config.run.task == "relex" else (),
        policy=composed.config.data.label_sampling,
        max_types=built.model.config.max_types,
        negative_ratio=built.model.config.max_neg_type_ratio,
        texts=composed.config.data.label_descriptions,
    )


def shown(composed: Composed, built: Built, splits: Splits) -> Shown:
    """What the model is shown of the splits, and what is lost; see runs.shown.show."""
    return show(composed, built.model, splits, label_sampler(composed, built, splits))


def evaluation(composed: Composed, splits: Splits, chunker: Chunker | None = None) -> Evaluation:
    """How this run's splits are scored: the fixed label sets, threshold and decoding of the data section.

    `chunker` cuts the rows that are predicted; what is scored are the rows as they are.
    """
    config = composed.config
    return Evaluation(
        entity_labels=splits.entity_labels,
        relation_labels=splits.relation_labels if config.run.task == "relex" else (),
        threshold=fixed_threshold(config.data),
        flat_ner=config.data.flat_ner,
        batch_size=config.training.per_device_eval_batch_size,
        chunker=chunker,
        tune=config.data.threshold == TUNE,
    )


def make_trainer(
    composed: Composed,
    built: Built,
    shown: Shown,
    checkpoints: Path,
    callbacks: Sequence[Any],
) -> Trainer:
    """The trainer of this run, on the collator and label policy that the config names."""
    config, splits = composed.config, shown.splits
    arguments = training_arguments(
        routing.route(config).objects["TrainingArguments"],
        TrainingArguments,
        task=config.run.task,
        checkpoints=checkpoints,
        has_dev=bool(splits.dev),
    )
    labels = label_sampler(composed, built, splits)
    balanced = config.training.label_balance > 0 and architecture.variant(built.model) in balance.VARIANTS
    if balanced:
        balance.apply(built.model)
    augment = getattr(built.model.data_processor, "augment_example", None)
    seed = config.training.seed if config.training.data_seed is None else config.training.data_seed
    collator = TrainingCollator(
        quicken(gliner.training_collator(built.model), built.model),
        labels,
        seed=seed,
        relations=config.run.task == "relex",
        augment=augment,
        augment_probability=config.model.augment_data_prob if augment is not None else 0.0,
        swap=mention_swap(config.data.mention_swap, built.model, splits, labels),
        weights=label_weights(splits.train, config.training.label_balance) if balanced else None,
    )
    return Trainer(
        built.model,
        arguments,
        rows=splits.train,
        dev_rows=splits.dev or None,
        collator=collator,
        evaluation=evaluation(composed, splits, shown.chunker),
        places=splits.places.get("train", ()),
        adapted=built.adapted,
        layerwise_lr_decay=config.training.layerwise_lr_decay,
        max_batch_tokens=config.training.max_batch_tokens,
        callbacks=[*callbacks, *early_stopping(composed, bool(splits.dev))],
    )


def mention_swap(probability: float, model: Any, splits: Splits, labels: LabelSampler) -> MentionSwap | None:
    """What exchanges mentions of training rows, within the limits of this model; None where no row is to be changed."""
    if probability == 0:
        return None
    settings = model.config
    width = None if settings.span_mode == "token_level" else settings.max_width
    fits = FitsRoom(Room(model), labels)
    return MentionSwap(splits.train, probability, max_words=settings.max_len, max_width=width, fits=fits)


@dataclass(frozen=True)
class FitsRoom:
    """Whether a row is read whole beside the most labels that it may be asked about."""

    room: Room
    labels: LabelSampler

    def __call__(self, row: Example) -> bool:
        words = row["tokenized_text"]
        return self.room.seen(words, self.labels.most(row)) == len(words)


def early_stopping(composed: Composed, has_dev: bool) -> list[Any]:
    """The callback that ends a run without progress, where the config asks for it and there is something to measure."""
    settings = routing.route(composed.config).objects["EarlyStoppingCallback"]
    if settings["early_stopping_patience"] is None or not has_dev:
        return []
    return [EarlyStoppingCallback(**settings)]
