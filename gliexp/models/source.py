"""What a user names as a saved model: a run, a directory, or a repository at a revision."""

from __future__ import annotations

from pathlib import Path

CONFIG_FILES = ("gliner_config.json", "config.json")


def locate(named: str) -> tuple[str, str | None]:
    """Directory or repository of a saved model, and its revision where `named` is REPO@REVISION.

    A run directory stands for the model that it saved.
    """
    inside = Path(named) / "model"
    if any((inside / name).is_file() for name in CONFIG_FILES):
        return str(inside), None
    if Path(named).exists() or "@" not in named:
        return named, None
    repository, revision = named.rsplit("@", 1)
    return repository, revision
