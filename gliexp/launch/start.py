"""One run started as its config says: in this process, or in several that this one starts and watches."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console

from gliexp.config import launch_checks
from gliexp.config.compose import Composed
from gliexp.errors import Problem, Refusal
from gliexp.launch.search.trial import TrialAddress
from gliexp.runs.advice import Advice
from gliexp.runs.outcome import Outcome


def run(
    composed: Composed, directory: Path, console: Console | None = None, *, trial: TrialAddress | None = None
) -> Outcome:
    """Train in `directory`; raises as `gliexp.runs.train.train` does. `trial` is asked at evaluations.

    Where this process is one of several already (torchrun, accelerate, SLURM), it trains as that one.
    """
    launch = composed.config.launch
    if "RANK" not in os.environ and launch.nodes > 1:
        message = f"one machine cannot start {launch.nodes}"
        allowed = "1, hydra/launcher=slurm, or torchrun --nnodes on every machine"
        raise Refusal([Problem("launch.nodes", message, allowed)])
    if "RANK" in os.environ or launch_checks.ranks(composed.config) == 1:
        from gliexp.runs.train import train

        advice = Advice(trial.metric, trial.advisor()) if trial is not None and is_first() else None
        if trial is not None and advice is None:
            advice = Advice(trial.metric, lambda _step, _value: False)
        return train(composed, directory, console, advice=advice)
    from gliexp.launch.processes import Processes
    from gliexp.runs.resume import finished

    Processes(composed, directory, trial).run()
    return finished(directory)


def is_first() -> bool:
    """Whether this process is the first of its run, or the only one."""
    return os.environ.get("RANK", "0") == "0"
