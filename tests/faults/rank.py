"""One of several processes that train together (torchrun): the stages of a run without its directory and its ending.

With STOP="RANK STEP" in the environment, that rank alone is told to stop when it begins that step (counted from 0).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from transformers import TrainerCallback

from gliexp.config.compose import compose
from gliexp.data.splits import load
from gliexp.errors import Interrupted
from gliexp.runs.families import family
from gliexp.training.requests import Requests


class Stop(TrainerCallback):
    """Sends SIGTERM to this process: at a step, since from outside nobody knows how far a run has come."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            os.kill(os.getpid(), signal.SIGTERM)


def main(directory: Path, checkpoint: str | None, words: list[str]) -> int:
    composed = compose(words)
    stages = family(composed.config.run.task).stages
    built = stages.build_model(composed)
    shown = stages.shown(composed, built, load(composed.config.data, composed.config.run.task, seed=42))
    trainer = stages.make_trainer(composed, built, shown, directory / "checkpoints", [])
    rank, _, step = os.environ.get("STOP", "").partition(" ")
    if rank == os.environ["RANK"]:
        trainer.add_callback(Stop(int(step)))
    with Requests(directory) as trainer.requests:
        try:
            trainer.train(checkpoint)
        except Interrupted as error:
            return error.exit_code
    if trainer.args.should_save:
        weights = {
            name: tensor.clone()
            for name, tensor in trainer.accelerator.unwrap_model(trainer.model).state_dict().items()
        }
        save_file(weights, directory / "weights.safetensors")
    return 0


if __name__ == "__main__":
    place, source, *overrides = sys.argv[1:]
    sys.exit(main(Path(place), None if source == "-" else source, overrides))
