"""The cheaper ways of models/fast: those that a run's config chooses, and all of them where a model only predicts."""

from __future__ import annotations

from typing import Any

from gliexp.config.schema import Config
from gliexp.models import anatomy
from gliexp.models.fast import ways


def take(config: Config, model: Any) -> None:
    """Put them on a built GLiNER or Classifier, after its adapters, in place."""
    chosen = ways.Ways(
        matrix_library=config.training.matrix_library,
        cheap_dropout=config.training.cheap_dropout,
        unpadded=config.training.unpadded,
        folded_heads=config.training.folded_heads,
    )
    ways.take(anatomy.of(model).core, chosen)


def take_all(model: Any) -> None:
    """Put every one on a GLiNER or Classifier that was opened to predict, in place."""
    ways.take(anatomy.of(model).core, ways.Ways())
