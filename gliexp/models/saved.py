"""A saved GLiNER on disk or in a hub repository: found, and looked at before the library opens it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gliner.model import BaseGLiNER
from huggingface_hub import snapshot_download

from gliexp.errors import Problem, Refusal
from gliexp.models.pretrained import first_line
from gliexp.models.upstream import remote_code

CONFIG_FILE = "gliner_config.json"
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
KEY = "model.from_pretrained"


def locate(source: str | Path, revision: str | None = None) -> Path:
    """Directory of a saved GLiNER; a name that is no directory is fetched from the hub. Refusal when there is none."""
    directory = Path(source)
    if directory.is_dir():
        return directory
    if directory.exists() or directory.is_absolute():
        raise refused(source, "is not a directory", "a directory written by save_pretrained, or a hub repository")
    try:
        return Path(snapshot_download(str(source), revision=revision))
    except (OSError, ValueError) as error:
        allowed = "a directory that exists, or a hub repository that can be reached or is cached"
        raise refused(source, f"cannot be fetched: {first_line(error)}", allowed) from error


def check(directory: Path, *, trust_remote_code: bool = False) -> dict[str, Any]:
    """The saved config of a directory that looks like a whole GLiNER.

    Raises Refusal for a missing or damaged config, missing weights, and for a backbone config that names code to run
    (`auto_map`), which the library would run unasked (gliner/modeling/encoder.py:135), unless it is trusted.
    """
    file = directory / CONFIG_FILE
    if not file.is_file():
        raise refused(directory, f"is no saved GLiNER: it has no {CONFIG_FILE}")
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise refused(file, f"is damaged: {first_line(error)}") from error
    if not isinstance(config, dict) or not {"model_name", "span_mode"} <= config.keys():
        raise refused(file, "is no GLiNER config: it names no model_name and span_mode")
    if not any((directory / name).is_file() for name in WEIGHT_FILES):
        raise refused(directory, f"has no weights: neither {' nor '.join(WEIGHT_FILES)}")
    code = remote_code.needed_by(directory)
    if code and not trust_remote_code:
        allowed = "backbone.trust_remote_code=true, if you trust its authors"
        raise refused(file, f"asks to run code of its own ({', '.join(code)})", allowed)
    return config


def weights_file(directory: Path) -> Path:
    """The file whose weights the library reads."""
    file, _ = BaseGLiNER._resolve_model_file(directory, None)
    return Path(file)


def refused(place: object, message: str, allowed: str = "") -> Refusal:
    """A refusal of the model at `place`."""
    return Refusal([Problem(KEY, f"{place} {message}", allowed)])
