"""The stages of a GLiNER run that need the model: build it, make its trainer, score it, save it and prove the save.

`runs.train` strings them together; each is a plain function of its inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliner.training import TrainingArguments
from huggingface_hub import snapshot_download
from transformers import EarlyStoppingCallback

from gliexp.config import routing
from gliexp.config.compose import Composed
from gliexp.data.balance import label_weights
from gliexp.data.chunking import Chunker
from gliexp.data.labels import LabelSampler
from gliexp.data.mentions import MentionSwap
from gliexp.data.row import Example
from gliexp.data.splits import Splits
from gliexp.models import adapters, algebra, architecture, backbone, balance, gliner, parameters
from gliexp.models.identity import start_as_identity
from gliexp.models.prior import set_prior
from gliexp.models.room import Room
from gliexp.runs.built import Built
from gliexp.runs.shown import Shown, show
from gliexp.training.arguments import training_arguments
from gliexp.training.collator import TrainingCollator
from gliexp.training.evaluation import Evaluation
from gliexp.training.trainer import Trainer

LOCATED = ("model_name", "labels_encoder", "labels_decoder")
VERIFIED_ROWS = 16  # rows on which the saved model must predict what the trained one does


def build_model(composed: Composed) -> Built:
    """Build the model from the config or start from a saved one, freeze and wrap what the config says."""
    config = composed.config
    values = located(routing.route(config).objects["GLiNERConfig"], config.backbone.revision)
    notices: list[str] = []
    trusted = config.backbone.trust_remote_code
    if config.model.from_pretrained:
        source, revision = saved_model(config.model.from_pretrained)
        model = gliner.load(source, revision, trust_remote_code=trusted)
        notices += [
            f"model.{found.key}={found.wanted} is not what the saved model has: {found.saved} stays"
            for found in gliner.disagreements(model, values)
        ]
        if not config.model.fine_tune:
            parameters.freeze(model)
    else:
        model = gliner.build(values, trust_remote_code=trusted, seed=config.run.seed)
        if config.model.identity_start:
            start_as_identity(model)
        if config.model.prior_probability is not None:
            set_prior(model, config.model.prior_probability, config.run.seed)
    modules: dict[str, list[str] | str] = {}
    algebra.apply(model)
    if config.peft.enabled:
        roles = {"attention": config.backbone.attention_modules, "mlp": config.backbone.mlp_modules}
        modules = adapters.wrap(model, routing.route(config).objects["LoraConfig"], roles, seed=config.run.seed)
    return Built(model, part_sizes(model), notices, modules)


def part_sizes(model: Any) -> dict[str, Any]:
    """Numbers of parameters, in all and trainable, and the same for each part."""
    counts = parameters.count(model)
    return {
        "total": sum(count.total for count in counts.values()),
        "trainable": sum(count.trainable for count in counts.values()),
        "parts": {name: {"total": count.total, "trainable": count.trainable} for name, count in counts.items()},
    }


def saved_model(source: str) -> tuple[str, str | None]:
    """Directory or repository of a saved model, and its revision where `source` is REPO@REVISION.

    A run directory stands for the model that it saved.
    """
    inside = Path(source) / "model"
    if (inside / "gliner_config.json").is_file():
        return str(inside), None
    if Path(source).exists() or "@" not in source:
        return source, None
    repository, revision = source.rsplit("@", 1)
    return repository, revision


def located(values: Mapping[str, Any], revision: str | None = None) -> dict[str, Any]:
    """Values with the names of built-in encoders and decoders replaced by their directories.

    A text encoder of the hub is taken at `revision`, if one is given.
    """
    found = dict(values)
    for key in LOCATED:
        if found.get(key):
            source = "built_in" if found[key] in backbone.BUILT_IN else "hub"
            found[key] = backbone.locate(found[key], source)
    name = found["model_name"]
    if revision is not None and not Path(name).exists():
        found["model_name"] = snapshot_download(name, revision=revision)
    return found


def label_sampler(composed: Composed, built: Built, splits: Splits) -> LabelSampler:
    """What chooses the labels that each training row is asked about, by the policy of the data section."""
    return LabelSampler(
        splits.entity_labels,
        splits.relation_labels if composed.config.run.task == "relex" else (),
        policy=composed.config.data.label_sampling,
        max_types=built.model.config.max_types,
        negative_ratio=built.model.config.max_neg_type_ratio,
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
        threshold=config.data.threshold,
        flat_ner=config.data.flat_ner,
        batch_size=config.training.per_device_eval_batch_size,
        chunker=chunker,
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
        gliner.training_collator(built.model),
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
