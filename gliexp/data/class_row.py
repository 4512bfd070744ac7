"""One row of a classification file, checked: text, the labels it offers and those that hold, prompt and examples.

The library trains on most of what is refused here: a true label that is not offered counts as absent, a label offered
twice gets two slots, one of them wrong, and a marker inside a text becomes one more class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gliexp.data.renaming import Renaming
from gliexp.data.row import ALIASES, BadRow, Example, Lacking, Tidied
from gliexp.data.values import kind, refuse_halves

MARKERS = ("<<LABEL>>", "<<SEP>>", "<<EXAMPLE>>")
DEFAULT_NAMES = {name: name for name in ("text", "all_labels", "true_labels", "prompt", "examples")}
TWICE = "label stated twice"


class ClassRowReader:
    """Checks rows under one mapping of field names (`{"text": "sentence", …}`)."""

    def __init__(
        self,
        names: Mapping[str, str | None] | None = None,
        rename: Renaming | None = None,
        separator: str | None = None,
    ) -> None:
        self.rename = rename or Renaming()
        self.separator = separator
        self.names = {key: (names or {}).get(key) or key for key in DEFAULT_NAMES}

    def tidy(self, row: object) -> Tidied:
        """`row` as {"text", "true": {label: score}} and, where it has them, "all_labels", "prompt", "examples".

        A list of true labels means a score of 1 each; plain text is one label, or those between `separator`.
        Raises BadRow saying what is wrong.
        """
        if not isinstance(row, dict):
            raise BadRow(f"a row must be an object, this one is {kind(row)}")
        for key in ("text", "true_labels"):
            if self.names[key] not in row:
                entities = next((name for name in ALIASES["ner"] if name in row), "")
                more = f"; {entities} holds entities, which is another task" if entities else ""
                raise Lacking(f"{self.names[key]} is missing{more}")
        example: Example = {"text": _text(row[self.names["text"]], self.names["text"])}
        tidied = Tidied(example)
        example["true"] = self._true(row[self.names["true_labels"]], tidied)
        if row.get(self.names["all_labels"]) is not None:
            example["all_labels"] = self._offered(row[self.names["all_labels"]], example["true"], tidied)
        if row.get(self.names["prompt"]):
            example["prompt"] = _text(row[self.names["prompt"]], self.names["prompt"])
        if row.get(self.names["examples"]):
            example["examples"] = self._examples(row[self.names["examples"]])
        return tidied

    def _true(self, value: object, tidied: Tidied) -> dict[str, float]:
        name = self.names["true_labels"]
        if isinstance(value, dict):
            scores = {_label(label, name): _score(score, f"{name}: {label}") for label, score in value.items()}
            return self._renamed(scores)
        labels = [_label(label, f"{name}[{place}]") for place, label in enumerate(self._labels(value, name))]
        labels = self.rename.all(labels)
        _count_repeated(labels, tidied)
        return dict.fromkeys(labels, 1.0)

    def _renamed(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Scores under the labels' new names; raises BadRow where labels become one and their scores differ."""
        found: dict[str, float] = {}
        for label, score in scores.items():
            name = self.rename(label)
            if found.setdefault(name, score) != score:
                raise BadRow(f"data.label_names makes one label {name} of several whose scores differ")
        return found

    def _offered(self, value: object, true: Mapping[str, float], tidied: Tidied) -> list[str]:
        name = self.names["all_labels"]
        labels = [_label(label, f"{name}[{place}]") for place, label in enumerate(self._labels(value, name))]
        if not labels:
            raise BadRow(f"{name} is empty: there is nothing to choose from")
        labels = self.rename.all(labels)
        missing = [label for label in true if label not in set(labels)]
        if missing:
            raise BadRow(f"{name} lacks the true label {', '.join(missing)}")
        _count_repeated(labels, tidied)
        return list(dict.fromkeys(labels))

    def _labels(self, value: object, name: str) -> Sequence[Any]:
        """Labels as a list, as columns of text hold them too: an empty cell has none."""
        if not isinstance(value, str):
            return _listed(value, name)
        cells = [value] if self.separator is None else value.split(self.separator)
        return [cell.strip() for cell in cells] if value.strip() else []

    def _examples(self, value: object) -> list[dict[str, Any]]:
        name, found = self.names["examples"], []
        for place, item in enumerate(_listed(value, name)):
            what = f"{name}[{place}]"
            if not isinstance(item, dict):
                raise BadRow(f"{what} must be an object with text and labels, it is {kind(item)}")
            given = item.get("labels", item.get("true_labels"))
            labels = [_label(label, f"{what}: labels") for label in _listed(given, f"{what}: labels")]
            found.append({"text": _text(item.get("text"), f"{what}: text"), "labels": self.rename.all(labels)})
        return found


def _listed(value: object, name: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise BadRow(f"{name} must be a list, it is {kind(value)}")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadRow(f"{name} is {kind(value)}, not text")
    if not value.strip():
        raise BadRow(f"{name} is empty")
    refuse_halves(value, name)
    return _unmarked(value, name)


def _label(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadRow(f"{name} is {kind(value)}, not text")
    if not value.strip():
        raise BadRow(f"{name} is empty")
    refuse_halves(value, name)
    return _unmarked(value, name)


def _unmarked(value: str, name: str) -> str:
    held = [marker for marker in MARKERS if marker in value]
    if held:
        raise BadRow(f"{name} holds {held[0]}, which the model reserves for its prompt")
    return value


def _score(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadRow(f"{name} is {value!r}, not a number")
    return float(value)


def _count_repeated(labels: Sequence[str], tidied: Tidied) -> None:
    repeated = len(labels) - len(set(labels))
    if repeated:
        tidied.dropped[TWICE] = tidied.dropped.get(TWICE, 0) + repeated
