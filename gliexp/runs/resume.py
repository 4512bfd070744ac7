"""Where a run begins: anew, from a checkpoint, or not at all because it is finished."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gliexp.config import routing
from gliexp.config.compose import Composed
from gliexp.errors import Problem, Refusal
from gliexp.runs.directory import data_hashes
from gliexp.runs.outcome import Outcome
from gliexp.runs.signature import is_cosmetic, leaves, versions

if TYPE_CHECKING:
    from gliexp.training.manifest import Manifest

KEY = "training.resume_from_checkpoint"
AUTO, HUB = "auto", "hub"
CHECKPOINTS = "checkpoints"
OWN_KEYS = (KEY, "training.resume_anyway", "launch.processes", "launch.nodes")
"""Not compared as settings: what resuming itself reads, and the processes, which are compared by their number."""


@dataclass(frozen=True)
class Beginning:
    """`checkpoint` is what is gone on from; `inside` says that it is this run directory's own.

    `finished` says that the run has nothing left to do; `notices` are for the user.
    """

    checkpoint: Path | None = None
    inside: bool = False
    finished: bool = False
    notices: list[str] = field(default_factory=list)


def identity(composed: Composed) -> dict[str, Any]:
    """What a checkpoint says of its run: the config by leaves (tokens masked), the data's hashes, the libraries."""
    return {
        "config": leaves(composed.tree),
        "data": data_hashes(composed),
        "versions": versions(),
        "world_size": int(os.environ.get("WORLD_SIZE", "1")),
    }


def beginning(composed: Composed, directory: Path) -> Beginning:
    """Where the run of this config in this directory begins, by training.resume_from_checkpoint.

    Raises Refusal where a named checkpoint is damaged, and where the config differs in what changes the result.
    """
    wanted = composed.config.training.resume_from_checkpoint
    if not wanted:
        return Beginning()
    from gliexp.training import checkpoints

    own = _checkpoints_of(composed, directory)
    checkpoints.clear_debris(own)
    fetched = _fetched(composed, own) if wanted == HUB else []
    wanted = AUTO if wanted == HUB else wanted
    source = own if wanted == AUTO else Path(wanted).expanduser().resolve()
    inside = any(place in (source, *source.parents) for place in (own, directory.resolve()))
    if inside and is_finished(directory):
        return Beginning(inside=True, finished=True, notices=[f"this run is finished: {directory}"])
    if (source / CHECKPOINTS).is_dir():
        source = source / CHECKPOINTS
    with_best = composed.config.training.load_best_model_at_end
    notices: list[str] = []
    if wanted == AUTO or checkpoints.entries(source):
        found = checkpoints.newest(source, with_best=with_best)
        path, manifest = found.path, found.manifest
        notices = [*fetched, *(f"{name} is passed over: {why}" for name, why in found.passed_over.items())]
        if path is None or manifest is None:
            if wanted != AUTO:
                raise _refused(f"no checkpoint in {source} can be gone on from", notices)
            return Beginning(notices=[*notices, f"no checkpoint in {own} to go on from: beginning anew"])
    else:
        path, manifest = source, _named(source, with_best)
    notices += differences(composed, manifest)
    if inside and wanted != AUTO:
        notices += _forget_later(own, manifest.step)
    notices.append(f"going on from step {manifest.step}: {path}")
    return Beginning(path, inside, notices=notices)


def _fetched(composed: Composed, own: Path) -> list[str]:
    from gliexp.runs.hub import fetching, repository

    source = repository.of(composed.config)
    if source is None:
        raise Refusal([Problem(KEY, "hub: training.push_to_hub is off", "hub=checkpoint training.hub_model_id=…")])
    return fetching.fetch(source, own)


def is_finished(directory: Path) -> bool:
    """Whether a run in this directory came to its end and left what it had to; the report is the last of it."""
    try:
        record = json.loads((directory / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    saved = (directory / "model").is_dir() or (directory / "adapter").is_dir()
    return (
        isinstance(record, dict) and record.get("status") == "done" and saved and (directory / "report.html").is_file()
    )


def finished(directory: Path) -> Outcome:
    """What the run that finished in this directory left."""
    record = json.loads((directory / "run.json").read_text(encoding="utf-8"))
    return Outcome(directory, record.get("metrics", {}), record.get("parameters", {}), record.get("seconds", 0.0))


def last_checkpoint(composed: Composed, directory: Path) -> str:
    """In words, what a run that could not write can be gone on from."""
    from gliexp.training import checkpoints

    own = _checkpoints_of(composed, directory)
    path = checkpoints.newest(own, with_best=composed.config.training.load_best_model_at_end).path
    return f"{path} is whole and can be gone on from" if path else "there is no checkpoint to go on from"


def _checkpoints_of(composed: Composed, directory: Path) -> Path:
    return Path(composed.config.training.output_dir or directory / CHECKPOINTS).resolve()


def _named(source: Path, with_best: bool) -> Manifest:
    from gliexp.training import checkpoints
    from gliexp.training.manifest import Damaged

    try:
        return checkpoints.usable(source, with_best=with_best)
    except Damaged as error:
        before = checkpoints.newest(source.parent, with_best=with_best).path
        instead = f"{before}, the newest that can be used" if before else "another checkpoint"
        raise Refusal([Problem(KEY, f"{source} cannot be used: {error}", instead)]) from error


def _refused(message: str, passed_over: list[str]) -> Refusal:
    return Refusal([Problem(KEY, "; ".join([message, *passed_over]), "a checkpoint, a run that has one, auto or null")])


def _forget_later(own: Path, step: int) -> list[str]:
    """Remove the checkpoints after the one that was named: they are not of the run that goes on from there."""
    from gliexp.training import checkpoints

    later = [entry for entry in checkpoints.entries(own) if entry.step > step]
    for entry in later:
        checkpoints.remove(entry.path)
    return [f"removed, since it is later than step {step}: {entry.path}" for entry in later]


def differences(composed: Composed, manifest: Manifest) -> list[str]:
    """What differs between this config and the checkpoint's, as notices.

    Raises Refusal naming every key that changes the result, unless training.resume_anyway.
    """
    now = identity(composed)
    without_effect = {key.key for key in routing.route(composed.config).inert}
    decisive, notices = list[Problem](), list[str]()
    for key, then, current in _differing(manifest.run.get("config", {}), now["config"]):
        message = f"{_shown(then)} in the checkpoint, {_shown(current)} now"
        if is_cosmetic(key) or key in without_effect:
            notices.append(f"{key}: {message}; the result does not depend on it")
        else:
            decisive.append(
                Problem(key, message, f"{_shown(then)}, or +resume_anyway=true", composed.report.where(key))
            )
    if manifest.run.get("data") != now["data"]:
        message = "the data files are not those that the checkpoint was trained on"
        decisive.append(Problem("data.train_data", message, "files of the same contents, or +resume_anyway=true"))
    if (then := manifest.run.get("world_size")) != now["world_size"]:
        message = f"{then} processes in the checkpoint, {now['world_size']} now"
        decisive.append(Problem("launch.processes", message, f"{then}, or +resume_anyway=true"))
    for name, then, current in _differing(manifest.run.get("versions", {}), now["versions"]):
        notices.append(f"{name} was {then} in the checkpoint and is {current}: results may differ")
    if decisive and not composed.config.training.resume_anyway:
        raise Refusal(decisive)
    return [f"{problem.key}: {problem.message}, which changes the result" for problem in decisive] + notices


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in sorted(then.keys() | now.keys()):
        if key not in OWN_KEYS and _plain(then.get(key)) != _plain(now.get(key)):
            yield key, then.get(key), now.get(key)


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    return json.loads(json.dumps(value, default=str))


def _shown(value: Any) -> str:
    return "null" if value is None else str(value)
