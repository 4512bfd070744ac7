"""A foreign file as plain values: JSON or YAML with the blemishes of copied files, and what kind of file it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gliexp.config import secrets
from gliexp.errors import Problem, Refusal

WANDB = "Weights & Biases export"
GLINER_CONFIG = "saved GLiNER config"
GLICLASS_CONFIG = "saved GLiClass config"
ADAPTER_CONFIG = "saved PEFT adapter config"
TRAINING_ARGUMENTS = "HF TrainingArguments"
YAML_OF_SECTIONS = "config in sections"
FLAT = "flat config"

# Citation marks that chat answers leave in what is copied from them: 【8†L311-L317】 and [^3].
_CITATION = re.compile(r"【[^】\n]*】|\[\^\w+\]")
_FENCE = re.compile(r"^\s*```.*$", re.MULTILINE)
_LEADING_TABS = re.compile(r"^[ \t]*\t[ \t]*", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """A foreign file: its name, what kind of file it is, and its content as plain values."""

    name: str
    kind: str
    content: dict[str, Any]


def read(file: Path) -> Source:
    """Read and recognise a file. Raises Refusal for one that is not there or is no mapping of settings."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(file, f"cannot be read: {error}") from None
    content = _parsed(file, _FENCE.sub("", _CITATION.sub("", text)))
    if not isinstance(content, dict) or not content:
        raise _refused(file, "holds no mapping of settings")
    content = _scrubbed({str(name): value for name, value in content.items()})
    if _is_wandb(content):
        return Source(file.name, WANDB, {name: _unwrapped(value) for name, value in content.items()})
    return Source(file.name, _kind(content), content)


def _parsed(file: Path, text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            pass  # YAML's flow style begins so too, and it has the better message
    try:
        return yaml.safe_load(_LEADING_TABS.sub(lambda match: match[0].replace("\t", "  "), text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        raise _refused(file, f"not valid YAML: {getattr(error, 'problem', error)}", where) from None


def _scrubbed(value: Any) -> Any:
    """The same without anything that has the form of a token: it would end in the experiment's comments."""
    if isinstance(value, dict):
        return {str(name): _scrubbed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_scrubbed(inner) for inner in value]
    return secrets.scrub(value) if isinstance(value, str) else value


def _is_wandb(content: dict[str, Any]) -> bool:
    wrapped = sum(_is_wrapped(value) for value in content.values())
    return "_wandb" in content or "wandb_version" in content or wrapped > len(content) / 2


def _is_wrapped(value: Any) -> bool:
    return isinstance(value, dict) and "value" in value and value.keys() <= {"desc", "value"}


def _unwrapped(value: Any) -> Any:
    return value["value"] if _is_wrapped(value) else value


def _kind(content: dict[str, Any]) -> str:
    names = content.keys()
    model_type = str(content.get("model_type", "")).lower()
    if "gliclass" in model_type or {"architecture_type", "scorer_type"} <= names:
        return GLICLASS_CONFIG
    if "peft_type" in names:
        return ADAPTER_CONFIG
    if model_type.startswith("gliner") or ("span_mode" in names and "model_type" in names):
        return GLINER_CONFIG
    if "model_name" not in names and len({"output_dir", "learning_rate", "per_device_train_batch_size"} & names) > 1:
        return TRAINING_ARGUMENTS
    return YAML_OF_SECTIONS if any(isinstance(value, dict) for value in content.values()) else FLAT


def _refused(file: Path, message: str, where: str = "") -> Refusal:
    allowed = "a W&B export, a YAML of gliner, a saved config.json, TrainingArguments as JSON"
    return Refusal([Problem(str(file), message, allowed, where)])
