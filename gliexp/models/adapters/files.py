"""The adapter directory on disk: what is in it, and whether it can be trusted before any model is built."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from gliexp.data.file_hash import file_hash
from gliexp.errors import Problem, Refusal

DESCRIPTION = "gliexp_adapter.json"
TRAINED = "trained.safetensors"
"""Everything trained outside of peft's adapters: heads, rows of prompt tokens, unfrozen layers."""
FORMAT = 1
PICKLES = (".bin", ".pt", ".pth", ".pkl")
KEY = "adapter"


@dataclass(frozen=True)
class Description:
    """What an adapter directory says of itself; `files` is relative path → SHA-256."""

    method: str
    variant: str
    modes: dict[str, str]
    heads: str
    targets: dict[str, dict[str, list[str]]]
    hashes: dict[str, str]
    base: dict[str, Any]
    files: dict[str, str]
    format: int = FORMAT
    four_bit: dict[str, Any] = field(default_factory=dict)
    """How the base's linear layers were quantised while the adapters trained; empty: they were not."""

    def write(self, directory: Path) -> None:
        """Write it last, so that a directory without it is known to be unfinished."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (directory / DESCRIPTION).write_text(text + "\n", encoding="utf-8")


def find(source: str | Path) -> Path:
    """The adapter directory that `source` means: itself, or adapter/ in a run directory. Raises Refusal."""
    given = Path(source)
    for directory in (given, given / "adapter"):
        if (directory / DESCRIPTION).is_file():
            return directory
    raise refused(given, f"is no saved adapter: neither it nor its adapter/ has {DESCRIPTION}")


def read(directory: Path) -> Description:
    """The description of a whole, undamaged adapter.

    Raises Refusal for a missing or altered file, for weights that are no safetensors (a pickle could run code), and for
    a format of another version.
    """
    try:
        known = json.loads((directory / DESCRIPTION).read_text(encoding="utf-8"))
        description = Description(**known)
    except (OSError, ValueError, TypeError) as error:
        raise refused(directory / DESCRIPTION, f"is damaged: {error}") from error
    if description.format != FORMAT:
        raise refused(directory, f"has format {description.format}", f"format {FORMAT}")
    # a checkpoint's own optimizer.pt lies beside them, and is nobody's adapter
    pickles = [p.relative_to(directory) for p in directory.glob("*/*") if p.suffix in PICKLES]
    why = "is a pickle, which could run code"
    problems = [_problem(directory / name, why, "safetensors") for name in sorted(pickles)]
    for name, wanted in description.files.items():
        file = directory / name
        if not file.is_file():
            problems.append(_problem(file, "is missing"))
        elif file_hash(file) != wanted:
            problems.append(_problem(file, _damage(file)))
    if problems:
        raise Refusal(problems)
    return description


def _damage(file: Path) -> str:
    if file.suffix == ".safetensors":
        try:
            with safe_open(file, framework="pt"):
                pass
        except (SafetensorError, OSError) as error:
            return f"is damaged: {error}"
    return "is not the file that was saved: its hash differs"


def refused(place: object, message: str, allowed: str = "") -> Refusal:
    """A refusal of the adapter at `place`."""
    return Refusal([_problem(place, message, allowed)])


def _problem(place: object, message: str, allowed: str = "") -> Problem:
    return Problem(KEY, f"{place} {message}", allowed)
