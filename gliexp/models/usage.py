"""How a saved model is meant to be asked: its labels, its threshold, how it reads long texts.

The stock libraries save none of it. The file lies beside the weights, and they pass over it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gliexp.errors import Problem, Refusal

FILE = "gliexp_usage.json"


@dataclass(frozen=True)
class Usage:
    """What evaluate and predict take where the user says nothing. Empty label lists: the model names none.

    `max_words` and `stride` are those of chunks (None: rows are read whole, as far as the model reads); `max_length`
    is in tokens, `labels_at_once` in labels a question (classification). `label_descriptions` stand in a GLiNER's
    prompt for labels.
    """

    entity_labels: tuple[str, ...] = ()
    relation_labels: tuple[str, ...] = ()
    class_labels: tuple[str, ...] = ()
    threshold: float = 0.5
    flat_ner: bool = True
    max_words: int | None = None
    stride: int = 50
    respect_sentences: bool = True
    max_length: int = 512
    labels_at_once: int | None = None
    label_descriptions: dict[str, str] = field(default_factory=dict)

    def write(self, directory: Path) -> None:
        """Write it into the directory of a saved model or adapter."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (directory / FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> Usage | None:
        """What the directory says, or None where it says nothing. Raises Refusal where the file is damaged."""
        file = directory / FILE
        if not file.is_file():
            return None
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            if not isinstance(found, dict):
                raise ValueError("it holds no object")
            return cls(**{name: _checked(name, found[name]) for name in _DEFAULTS if name in found})
        except (OSError, ValueError, TypeError) as error:
            raise Refusal([Problem(str(file), f"is damaged: {error}", "the file of the run, or none")]) from error


_DEFAULTS = asdict(Usage())


def _checked(name: str, value: Any) -> Any:
    """The value as the class holds it. Raises ValueError for one that it cannot hold."""
    default = _DEFAULTS[name]
    if isinstance(default, tuple):
        sound = isinstance(value, list) and all(isinstance(label, str) for label in value)
    elif isinstance(default, dict):
        sound = isinstance(value, dict) and all(isinstance(text, str) for pair in value.items() for text in pair)
    elif name == "threshold":
        sound = type(value) in (int, float) and 0 <= value <= 1
    elif isinstance(default, bool):
        sound = type(value) is bool
    else:
        sound = (value is None and default is None) or (type(value) is int and value >= (name != "stride"))
    if not sound:
        raise ValueError(f"{name} is {value!r}")
    return tuple(value) if isinstance(value, list) else value
