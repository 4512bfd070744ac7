"""The stages of a run that refines a classifier by rewards: those of classification, with a trainer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gliclass.training import RLTrainerConfig

from gliexp.config import routing
from gliexp.config.compose import Composed
from gliexp.config.schema.classifier import MULTI
from gliexp.errors import Problem, Refusal
from gliexp.models import gliclass, source
from gliexp.runs import classification
from gliexp.runs.built import Built
from gliexp.runs.classification import shown
from gliexp.runs.shown import Shown
from gliexp.training import rewards
from gliexp.training.arguments import training_arguments
from gliexp.training.reinforced_trainer import ReinforcedTrainer
from gliexp.training.rollout import Reference, RolloutCollator

__all__ = ["build_model", "make_trainer", "shown"]


def build_model(composed: Composed) -> Built:
    """The model of a classification run, which must decide about each label by itself."""
    built = classification.build_model(composed)
    _needs_multi_label(built.model, "model.from_pretrained", str(composed.config.model.from_pretrained))
    return built


def make_trainer(
    composed: Composed,
    built: Built,
    shown: Shown,
    checkpoints: Path,
    callbacks: Sequence[Any],
) -> ReinforcedTrainer:
    """The trainer of this run, with the rewards, the reference and the value model that the config names."""
    config, objects = composed.config, routing.route(composed.config).objects
    arguments = training_arguments(
        classification.argument_values(composed) | objects["RLTrainerConfig"],
        RLTrainerConfig,
        task=config.run.task,
        checkpoints=checkpoints,
        has_dev=bool(shown.splits.dev),
    )
    return ReinforcedTrainer(
        built.model,
        arguments,
        rewards=rewards.of(config.rl.reward_components),
        reference=_reference(composed),
        value=config.rl.value_model is not None,
        supervised_share=config.rl.supervised_share,
        rate_factor=config.rl.rate_factor,
        **classification.trainer_parts(composed, built, shown.splits, callbacks, RolloutCollator),
    )


def _reference(composed: Composed) -> Reference | None:
    """The model that the policy is held to; None where nothing holds it."""
    named = composed.config.rl.reference_model
    if named is None or composed.config.rl.kl_beta <= 0:
        return None
    reference = gliclass.load(*source.locate(named), key="rl.reference_model")
    _needs_multi_label(reference, "rl.reference_model", named)
    reference.model.requires_grad_(False)
    return Reference(reference, classification.max_length(composed, reference))


def _needs_multi_label(classifier: gliclass.Classifier, key: str, named: str) -> None:
    problem = classifier.model.config.problem_type
    if problem != MULTI:
        message = f"{named} is a {problem} model, but reinforcement decides about each label by itself"
        raise Refusal([Problem(key, message, MULTI)])
