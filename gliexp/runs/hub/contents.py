"""Which files of a run go to the Hub, and where they lie there."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

CARD = "README.md"
EVIDENCE = ("metrics.json", "config.resolved.yaml", "run.json")
"""Files of the run that go with the model, into the folder gliexp/."""
STATE = (
    "optimizer*",
    "scheduler*",
    "scaler*",
    "rng_state*",
    "trainer_state.json",
    "progress-*.json",
    "manifest.json",
    "resume.safetensors",
    "value_model.safetensors",
)
"""Files of a checkpoint that training needs and the model does not."""
NEVER = ("training_args*", ".*", "*.lock", "*.tmp")
"""training_args.bin is a pickle, which could run code and may hold a token."""
LAST, BEST = "last-checkpoint", "best-checkpoint"


def of_run(run: Path) -> dict[str, Path]:
    """Place in the repository → file, of a finished run: the model at the top, its adapter and the evidence beside.

    Where only an adapter was saved (peft.save=adapter) it stands alone.
    """
    found = {}
    for file in _files(run / "model"):
        found[file.relative_to(run / "model").as_posix()] = file
    for file in _files(run / "adapter"):
        found[file.relative_to(run).as_posix()] = file
    for name in EVIDENCE:
        if (run / name).is_file():
            found[f"gliexp/{name}"] = run / name
    return found


def of_checkpoint(checkpoint: Path, strategy: str, best: Path | None = None) -> dict[str, Path]:
    """The same for a checkpoint of a run that goes on.

    The model's files lie at the top; with the strategies checkpoint and all_checkpoints the whole checkpoint lies in a
    folder of its own too, last-checkpoint or its own name; with checkpoint, the `best` one so far lies beside it.
    """
    files = list(_files(checkpoint))
    found = {file.relative_to(checkpoint).as_posix(): file for file in files}
    model = {place: file for place, file in found.items() if not any(fnmatch(file.name, name) for name in STATE)}
    folder = {"checkpoint": LAST, "all_checkpoints": checkpoint.name}.get(strategy)
    whole = {f"{folder}/{place}": file for place, file in found.items()} if folder else {}
    if folder == LAST and best is not None and best != checkpoint:
        whole |= {f"{BEST}/{file.relative_to(best).as_posix()}": file for file in _files(best)}
    return model | whole


def _files(directory: Path) -> list[Path]:
    return [file for file in sorted(directory.rglob("*")) if file.is_file() and not _held_back(file, directory)]


def _held_back(file: Path, directory: Path) -> bool:
    return any(fnmatch(part, name) for part in file.relative_to(directory).parts for name in NEVER)
