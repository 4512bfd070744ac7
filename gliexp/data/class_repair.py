"""Mends what is wrong with a raw row of classification where only one reading of it is possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from gliexp.data.repair import OFFERED, Mended, trimmed
from gliexp.data.row import Example


def mend_class(row: object, names: Mapping[str, str]) -> Mended:
    """Repair `row`, whose columns go by `names` (as ClassRowReader.names).

    Space around labels goes, and true labels that are not offered are: the row says that they hold. A score that is no
    number and a text that is missing are left.
    """
    mended = Mended(row)
    if not isinstance(row, dict):
        return mended
    changed: dict[str, Any] = dict(row)
    mended.row = changed
    true, offered = names["true_labels"], names["all_labels"]
    for name in (true, offered):
        if isinstance(changed.get(name), list):
            changed[name] = [trimmed(label, mended.repairs) for label in changed[name]]
    if isinstance(changed.get(true), dict):
        changed[true] = _scores(changed[true], mended.repairs)
    if isinstance(changed.get(offered), list) and changed[offered] and isinstance(changed.get(true), (list, dict)):
        held = (label for label in changed[true] if isinstance(label, str) and label.strip())
        missing = [label for label in dict.fromkeys(held) if label not in changed[offered]]
        if missing:
            changed[offered] = [*changed[offered], *missing]
            mended.repairs[OFFERED] += len(missing)
    return mended


def plain(example: Example) -> dict[str, Any]:
    """A checked row under the names that files have: true labels as a list where each score is 1."""
    true = example["true"]
    whole = all(score == 1 for score in true.values())
    return {name: value for name, value in example.items() if name != "true"} | {
        "true_labels": list(true) if whole else true
    }


def _scores(scores: Mapping[Any, Any], repairs: Counter[str]) -> Mapping[Any, Any]:
    """The same scores under trimmed labels; as they are where two labels would become one."""
    fresh: Counter[str] = Counter()
    found = {trimmed(label, fresh): score for label, score in scores.items()}
    if len(found) < len(scores):
        return scores
    repairs.update(fresh)
    return found
