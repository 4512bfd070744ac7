"""Code that a saved model or repository brings: found before a library runs it, and never asked about on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import CONFIG_MAPPING, dynamic_module_utils

FILES = ("config.json", "gliner_config.json", "tokenizer_config.json")


def never_ask() -> None:
    """An error where transformers would ask on a terminal whether to run a repository's code.

    (transformers/dynamic_module_utils.py, resolve_trust_remote_code, where the caller says neither yes nor no, as both
    libraries do for tokenizers.) Only backbone.trust_remote_code=true lets code run.
    """
    dynamic_module_utils.TIME_OUT_REMOTE_CODE = 0


def named_in(value: Any) -> Iterator[str]:
    """Classes of its own that a config names (`auto_map`), at any depth."""
    if isinstance(value, dict):
        own = value.get("auto_map") or {}
        yield from map(str, own.values() if isinstance(own, dict) else [own])
        for nested in value.values():
            yield from named_in(nested)


def needed_by(directory: Path) -> list[str]:
    """What the saved model in `directory` would have run, sorted; empty for one without code.

    gliclass loads a backbone config of a type that transformers does not know with trust_remote_code=True
    (gliclass/config.py:95), from the repository that the saved config names.
    """
    found: set[str] = set()
    for name in FILES:
        file = directory / name
        if not file.is_file():
            continue
        try:
            config = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # whoever loads it says that it is damaged
        found.update(named_in(config))
        found.update(_unknown_types(config))
    return sorted(found)


def _unknown_types(config: Any) -> Iterator[str]:
    for key in ("encoder_config", "label_model_config") if isinstance(config, dict) else ():
        nested = config.get(key)
        kind = nested.get("model_type") if isinstance(nested, dict) else None
        if kind is not None and kind not in CONFIG_MAPPING:
            yield f"a model of type {kind}"
