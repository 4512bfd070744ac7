"""Where gliexp keeps what it makes once: built backbones, rows of large files."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """$GLIEXP_CACHE, else $XDG_CACHE_HOME/gliexp, else ~/.cache/gliexp."""
    named = os.environ.get("GLIEXP_CACHE")
    if named:
        return Path(named).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "gliexp"
