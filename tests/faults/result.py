"""What a run leaves, without its timings: two runs are equal when these are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from gliexp.training import checkpoints, manifest
from gliexp.training.manifest import Damaged

TIMINGS = ("examples_per_second", "runtime", "samples_per_second", "steps_per_second")


@dataclass
class Result:
    """Weights of model/ and adapter/ by file, the last due checkpoint's optimizer, figures, the chosen step."""

    weights: dict[str, dict[str, torch.Tensor]]
    optimizer: Any
    metrics: Any
    lines: list[dict[str, Any]]
    best_step: int | None
    bytes_of_optimizer: int


def run_directory(directory: Path) -> Path:
    """The one run under `directory`."""
    (found,) = directory.glob("outputs/*/run-*")
    return found


def result(directory: Path) -> Result:
    run = run_directory(directory)
    weights = {
        str(path.relative_to(run)): load_file(path)
        for part in ("model", "adapter")
        for path in sorted((run / part).rglob("*.safetensors"))
    }
    all_of_them = (entry.path for entry in checkpoints.entries(run / "checkpoints"))
    last = next(path for path in all_of_them if checkpoints.is_scheduled(path))
    return Result(
        weights,
        torch.load(last / "optimizer.pt", weights_only=True),
        without_timings(json.loads((run / "metrics.json").read_text())),
        [without_timings(json.loads(line)) for line in (run / "metrics.jsonl").read_text().splitlines()],
        json.loads((run / "run.json").read_text())["best_step"],
        (last / "optimizer.pt").stat().st_size,
    )


def without_timings(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_timings(inner) for key, inner in value.items() if not key.endswith(TIMINGS)}
    return value


def differences(first: Result, second: Result) -> list[str]:
    """Names of what differs, by a single bit or more."""
    found = [] if first.weights.keys() == second.weights.keys() else ["weight files"]
    shared = first.weights.keys() & second.weights.keys()
    found += [name for name in sorted(shared) if not same(first.weights[name], second.weights[name])]
    parts = ("optimizer", "metrics", "lines", "best_step")
    return found + [part for part in parts if not same(getattr(first, part), getattr(second, part))]


def same(first: Any, second: Any) -> bool:
    """Equality of nested values; tensors by their bits."""
    if isinstance(first, torch.Tensor):
        return isinstance(second, torch.Tensor) and first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


def unreadable(directory: Path) -> list[str]:
    """Directories that are called checkpoints and are not whole."""
    found = []
    for root in directory.glob("outputs/*/run-*/checkpoints"):
        for entry in checkpoints.entries(root):
            try:
                manifest.verify(entry.path)
            except Damaged as error:
                found.append(f"{entry.path.name}: {error}")
    return found
