"""How good the model was before its first step: what training is measured against (training.eval_on_start)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gliexp.config.schema import Config

if TYPE_CHECKING:
    from gliexp.training.retention import Retention

START = "start"
"""The name of its scores in metrics.json, beside eval and test."""
_EVAL = "eval_"


def at_start(history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{"start": the dev scores of step 0} out of a trainer's log; empty where none were taken."""
    for line in history:
        if line.get("step") == 0 and any(name.startswith(_EVAL) for name in line):
            scores = {name.removeprefix(_EVAL): value for name, value in line.items() if name.startswith(_EVAL)}
            return {START: scores}
    return {}


def gains(metrics: Mapping[str, Any], headlines: Mapping[str, str]) -> Iterator[tuple[str, float, float]]:
    """(title, before, after) on dev of each headline figure that was taken both times."""
    before, after = metrics.get(START, {}), metrics.get("eval", {})
    return ((title, before[key], after[key]) for key, title in headlines.items() if key in before and key in after)


def retention(config: Config, trainer: Any) -> Retention | None:
    """The callback that scores data.retention, where there is any. Raises Refusal for files that cannot be used."""
    if not config.data.retention:
        return None
    from gliexp.data.retained import retained
    from gliexp.training.retention import Retention

    return Retention(trainer, retained(config.data, config.run.task))
