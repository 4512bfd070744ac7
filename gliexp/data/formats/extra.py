"""Libraries that only some formats need, imported when such a file is met."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from gliexp.errors import Problem, Refusal

EXTRAS = {"pyarrow": "data", "datasets": "data", "zstandard": "data", "spacy": "spacy"}


def load(module: str, use: str) -> Any:
    """The module (`pyarrow.parquet`); raises Refusal naming the extra to install where its package is absent."""
    package = module.split(".", 1)[0]
    try:
        return import_module(module)
    except ImportError as error:
        needed = f"pip install gliexp[{EXTRAS[package]}]"
        raise Refusal([Problem("data", f"{use} needs {package}: {error}", allowed=needed)]) from error
