"""What names and places of a run may be: nothing that leads out of the run root or that no file system takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from gliexp.config.schema import Config

Wrong = Iterator[tuple[str, str, str]]

LONGEST_NAME = 200
"""Bytes of run.name; 255 are a file system's limit, and the signature follows."""
LONGEST_PART, LONGEST_PATH = 255, 3000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

RUN_DIRECTORY = "${run.root}/${run.task}/${run.name}"
"""hydra.run.dir as conf/config.yaml has it; the signature is put behind it when the run starts."""
HYDRA_INSIDE = ("hydra.sweep.subdir", "hydra.output_subdir", "hydra.job.name")
"""Keys of Hydra's that name something inside of the run's or the sweep's directory."""


def problems(config: Config) -> Wrong:
    """(key, what is wrong, what is allowed) of the run's name and places."""
    yield from _name(config.run.name)
    yield from _path("run.root", config.run.root)
    for key, value in (
        ("training.output_dir", config.training.output_dir),
        ("tracking.log_dir", config.tracking.log_dir),
    ):
        if value is not None:
            yield from _path(key, value)
            if ".." in PurePosixPath(value).parts:
                yield key, f"{value!r:.80} leads out of where the run is", "a path without .., or an absolute one"


def _name(name: str | None) -> Wrong:
    allowed = "a name that is one part of a path: letters, digits, - _ . and the like"
    if name is None:
        return
    if not name.strip() or name in (".", ".."):
        yield "run.name", f"does not accept {name!r}", allowed
    if "/" in name or "\\" in name:
        yield "run.name", f"{name!r:.80} is a path", f"{allowed}; run.root is the directory"
    if _CONTROL.search(name):
        yield "run.name", f"{name!r:.80} holds a control character", allowed
    if len(name.encode(errors="replace")) > LONGEST_NAME:
        yield "run.name", f"is {len(name.encode(errors='replace'))} bytes long", f"at most {LONGEST_NAME} bytes"


def _path(key: str, path: str) -> Wrong:
    if not path.strip() or path.strip() == "/":
        yield key, f"does not accept {path!r}", "a directory"
    if _CONTROL.search(path):
        yield key, f"{path!r:.80} holds a control character", "a path without"
    longest = max((len(part.encode(errors="replace")) for part in path.split("/")), default=0)
    if longest > LONGEST_PART or len(path.encode(errors="replace")) > LONGEST_PATH:
        yield key, "is too long for a file system", f"{LONGEST_PART} bytes a part, {LONGEST_PATH} in all"


def hydra_problems(tree: dict[str, Any]) -> Wrong:
    """The same of Hydra's own part, uninterpolated: places, and classes that it would construct."""
    if _at(tree, "hydra.run.dir") != RUN_DIRECTORY:
        yield "hydra.run.dir", "is made of run.root, run.task, run.name and the signature", "run.root and run.name"
    for key in HYDRA_INSIDE:
        value = str(_at(tree, key) or "")
        if ".." in PurePosixPath(value).parts or value.startswith("/") or _CONTROL.search(value):
            yield key, f"{value!r:.80} leads out of its directory", "a relative path without .."
    sweep = str(_at(tree, "hydra.sweep.dir") or "")
    if ".." in PurePosixPath(sweep).parts or _CONTROL.search(sweep):
        yield "hydra.sweep.dir", f"{sweep!r:.80} leads out of where it is", "a path without .., or an absolute one"
    for key, target in _targets(tree.get("hydra"), "hydra"):
        if not target.startswith(OWN_TARGETS):
            yield key, f"would construct {target!r:.80}", f"Hydra's own and its plugins' ({', '.join(OWN_TARGETS)}…)"


OWN_TARGETS = ("hydra._internal.core_plugins.", "hydra_plugins.", "gliexp.")


def _targets(tree: Any, path: str) -> Iterator[tuple[str, str]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in items:
        if name == "_target_":
            yield f"{path}._target_", str(value)
        else:
            yield from _targets(value, f"{path}.{name}")


def _at(tree: Any, key: str) -> Any:
    for part in key.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree
