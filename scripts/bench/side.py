"""One side of a comparison, as a process of its own: trains when it is told to, and says what it did.

Lines come on standard input and go to the descriptor that standard output was: {"steps": n} trains n steps and answers
with what they took ("splits": false leaves the parts of a step untimed); {"score": true} answers with the dev figures;
the end of the input ends the process.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, ProgressCallback

from bench import stock
from bench.case import OWN
from bench.counted import Turns, Work, count, elapsed
from bench.own import Composition
from gliexp.config.compose import compose
from gliexp.launch.job import set_environment
from gliexp.models import gliclass, gliner
from gliexp.models.gliclass import Classifier
from gliexp.runs.families import family
from gliexp.runs.prepared import quiet_libraries


class Finished(Exception):
    """The other end wants no more steps."""


def build(overrides: list[str], directory: Path) -> None:
    """Save the model that both sides begin with."""
    given = Composition.of(overrides, 1 << 30, 8)
    built = given.built().model
    (gliclass if isinstance(built, Classifier) else gliner).save(built, directory)


def run(side: str, overrides: list[str], model: Path, rows: int, dev: int, threads: int) -> None:
    """Serve one side until the input ends."""
    torch.set_num_threads(threads)
    quiet_libraries()
    answer = _answerer()
    if side == OWN:
        set_environment(compose(overrides))  # as a run does
    given = Composition.of([*overrides, f"model.from_pretrained={model}"], rows, dev)
    trainer = given.trainer() if side == OWN else stock.trainer(given, model)
    if trainer.args.device.type == "cuda":
        Work.clock = staticmethod(elapsed)
    for printer in (ProgressCallback, PrinterCallback):
        trainer.remove_callback(printer)
    work = Work()
    server = Server(answer, work)
    count(trainer, work)
    trainer.add_callback(Turns(work, server.wait))
    with suppress(Finished):
        trainer.train()
    if "score" in server.asked:
        answer(scores(given, trainer))


class Server:
    """Waits for lines, and answers once the steps that one asked for are made."""

    def __init__(self, answer: Callable[[dict[str, Any]], None], work: Work) -> None:
        self.answer = answer
        self.work = work
        self.left = 0
        self.asked: dict[str, Any] = {}

    def wait(self, state: Any) -> None:
        """Called before the first step and after each; returns when the next is to be made."""
        if state.global_step == 0:
            self.answer({"steps": state.max_steps // state.num_train_epochs})
        self.left -= 1
        if self.left > 0:
            return
        if state.global_step:
            self.answer(self.work.stop())
        self.asked = json.loads(sys.stdin.readline() or "{}")
        if "steps" not in self.asked:
            raise Finished
        self.left = int(self.asked["steps"])
        Work.splits = bool(self.asked.get("splits", True))
        self.work.start()


def scores(given: Composition, trainer: Any) -> dict[str, Any]:
    """Dev figures of the trained model, by gliexp's scoring for both sides."""
    stages = family(given.task).stages
    model = trainer.model.eval()
    if hasattr(stages, "argument_values"):  # classification: the scoring needs the tokenizers beside the model
        place = str(given.composed.config.model.from_pretrained)
        held = getattr(trainer, "classifier", None)
        classifier = held or Classifier(model, trainer.processing_class, gliclass.load(place).labels_tokenizer)
        scoring = stages.evaluation(given.composed, classifier, given.splits)
    else:
        scoring = stages.evaluation(given.composed, given.splits)
    found = scoring.score(model, given.splits.dev)
    return {name: value for name, value in found.items() if isinstance(value, (int, float))}


def _answerer() -> Callable[[dict[str, Any]], None]:
    """Writes answers to what standard output was; what libraries print goes to standard error from now on."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(said: dict[str, Any]) -> None:
        print(json.dumps(said), file=out, flush=True)

    return answer
