"""The one hash of a file's contents that the project uses: for data, adapters and checkpoints."""

from __future__ import annotations

import hashlib
from pathlib import Path


def file_hash(path: Path) -> str:
    """SHA-256, hexadecimal, of a file's bytes, read piece by piece. Raises OSError."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            hashed.update(piece)
    return hashed.hexdigest()
