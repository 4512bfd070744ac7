"""A run as every process but the first makes it: it trains along, and writes and says nothing."""

from __future__ import annotations

import logging
from pathlib import Path

from rich.console import Console

from gliexp.config.compose import Composed
from gliexp.errors import GliexpError, Interrupted, RunFailed
from gliexp.runs.advice import Advice
from gliexp.runs.imports import uncollected
from gliexp.runs.outcome import Outcome
from gliexp.runs.record import Unwritten
from gliexp.runs.resume import Beginning
from gliexp.runs.together import Together
from gliexp.training.requests import Requests, Stopped

logger = logging.getLogger("gliexp")


def beside(composed: Composed, directory: Path, together: Together, *, advice: Advice | None = None) -> Outcome:
    """Train from where the first process says. Raises as `train` does; the outcome has no metrics."""
    together.meet(composed.config)
    begun: Beginning = together.tell()
    if begun.finished:
        return Outcome(directory, {}, {}, 0.0)
    with uncollected():
        from gliexp.runs.families import family
        from gliexp.runs.prepared import prepared

        family(composed.config.run.task)
    requests = Requests(directory)
    try:
        with requests:
            if advice is not None:
                advice = Advice(advice.metric, lambda _step, _value: False)  # the first process asks
            ready = prepared(composed, directory, Unwritten(), Console(quiet=True), requests, advice)
            ready.trainer.train(None if begun.checkpoint is None else str(begun.checkpoint))
    except Stopped as error:
        raise Interrupted(str(error), requests.stop or 0) from error
    except GliexpError:
        raise
    except Exception as error:
        logger.exception("the run failed")
        raise RunFailed(f"{type(error).__name__}: {error}") from error
    together.part()
    return Outcome(directory, {}, ready.built.parameters, 0.0)
