"""The batch of a bad step in a directory, with all that it takes to run the step again; no pickle in it.

bundle.json          step, epoch, rows and their places, what was wrong, versions, the command that reproduces it
rows.jsonl           the rows as they were read, one line each
batch-<n>.json       the inputs of each micro-batch of the step, and batch-<n>.safetensors its tensors
random.safetensors   the states of torch's generators before the last micro-batch
model.safetensors    the weights that the step was done with (left out where the disk has no room for them)
config.resolved.yaml
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, load_model, save_file, save_model

from gliexp.config import secrets
from gliexp.errors import Problem, Refusal

BUNDLE, ROWS, CONFIG, RANDOM, MODEL = (
    "bundle.json",
    "rows.jsonl",
    "config.resolved.yaml",
    "random.safetensors",
    "model.safetensors",
)
MARGIN = 2  # bytes that must be free for each byte of weights


@dataclass(frozen=True)
class MicroBatch:
    """Rows (numbers in the training split) and the inputs that were made of them, before they go to a device."""

    numbers: list[int]
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class RandomState:
    """torch's generators: the CPU's, and the current CUDA device's where there is one."""

    states: Mapping[str, torch.Tensor]

    @classmethod
    def now(cls) -> RandomState:
        """The states at this moment."""
        states = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            states["cuda"] = torch.cuda.get_rng_state()
        return cls(states)

    def restore(self) -> None:
        """Draw the same numbers again."""
        torch.set_rng_state(self.states["cpu"])
        if "cuda" in self.states and torch.cuda.is_available():
            torch.cuda.set_rng_state(self.states["cuda"])


def command(directory: Path) -> str:
    """What to type to run the step again."""
    return f"python -m gliexp reproduce {shlex.quote(str(directory))}"


def write(
    directory: Path,
    facts: Mapping[str, Any],
    *,
    batches: Sequence[MicroBatch],
    rows: Sequence[Mapping[str, Any]],
    random: RandomState,
    model: Any,
    config: Path | None,
) -> None:
    """Write the bundle; `rows` are all training rows, of which those of the batches are kept. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    for place, batch in enumerate(batches):
        tensors = {name: value for name, value in batch.inputs.items() if torch.is_tensor(value)}
        others = {name: value for name, value in batch.inputs.items() if name not in tensors}
        save_file(
            {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, _tensors(directory, place)
        )
        plain = {name: value for name, value in others.items() if _is_plain(value)}
        lost = sorted(others.keys() - plain.keys())
        _write_json(directory / f"batch-{place}.json", {"rows": batch.numbers, "others": plain, "not_kept": lost})
    with (directory / ROWS).open("w", encoding="utf-8") as out:
        for number in sorted({number for batch in batches for number in batch.numbers}):
            out.write(json.dumps({"number": number, "row": rows[number]}, ensure_ascii=False, default=str) + "\n")
    save_file(dict(random.states), directory / RANDOM)
    if config is not None and config.is_file():
        shutil.copyfile(config, directory / CONFIG)
    size = sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
    if shutil.disk_usage(directory).free > MARGIN * size:
        save_model(model, str(directory / MODEL))
    _write_json(directory / BUNDLE, {**facts, "batches": len(batches), "command": command(directory)})


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _tensors(directory: Path, place: int) -> Path:
    return directory / f"batch-{place}.safetensors"


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    path.write_text(secrets.scrub_file(text) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Bundle:
    """A bundle as read."""

    directory: Path
    facts: Mapping[str, Any]
    batches: list[MicroBatch]
    random: RandomState

    def load_weights(self, model: Any) -> None:
        """Put the step's weights into `model`. Raises Refusal where there are none, or they are another model's."""
        file = self.directory / MODEL
        if not file.is_file():
            raise _refused(file, "the bundle has no weights: there was no room on the disk")
        try:
            load_model(model, str(file))
        except RuntimeError as error:
            raise _refused(file, f"is not of the model that the config builds: {str(error).splitlines()[0]}") from error


def read(directory: Path) -> Bundle:
    """The bundle in `directory`. Raises Refusal where there is none or it is damaged."""
    if not (directory / BUNDLE).is_file():
        raise _refused(directory, f"is no bundle of a bad step: it has no {BUNDLE}", "RUN/bad_steps/step-N")
    try:
        facts = json.loads((directory / BUNDLE).read_text(encoding="utf-8"))
        batches = []
        for place in range(facts["batches"]):
            kept = json.loads((directory / f"batch-{place}.json").read_text(encoding="utf-8"))
            if kept["not_kept"]:
                raise _refused(directory, f"lacks what no file can hold: {', '.join(kept['not_kept'])}")
            batches.append(MicroBatch(kept["rows"], {**load_file(_tensors(directory, place)), **kept["others"]}))
        random = RandomState(load_file(directory / RANDOM))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused(directory, f"is damaged: {type(error).__name__}: {error}") from error
    return Bundle(directory, facts, batches, random)


def _refused(place: Path, message: str, allowed: str = "") -> Refusal:
    return Refusal([Problem(str(place), message, allowed)])
