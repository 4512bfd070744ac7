"""Labels under other names: `PER` in the files becomes `person` in training, prompts and scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches


class Renaming:
    """Gives labels their new names, and remembers which it met.

    `met` holds the label as it stands in the file and what it became; labels that keep their names are in it where
    another one takes their name.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})
        self._taken = set(self._names.values())
        self.met: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._names)

    def __call__(self, label: str) -> str:
        """The name of a label; its own where it has no other."""
        found = self._names.get(label, label)
        if found is not label or label in self._taken:
            self.met[label] = found
        return found

    def all(self, labels: Iterable[str]) -> list[str]:
        """The names of some labels, in order, each once for each label."""
        return [self(label) for label in labels]


def told(names: Mapping[str, str], met: Mapping[str, str], labels: Iterable[str]) -> Iterator[str]:
    """What is to be said of a renaming after all files were read; `labels` are those of the data."""
    joined: dict[str, list[str]] = {}
    for old, new in met.items():
        joined.setdefault(new, []).append(old)
    for new, several in joined.items():
        if len(several) > 1:
            yield f"data.label_names makes one label {new!r} of {', '.join(map(repr, sorted(several)))}"
    known = sorted({*labels} - {*names, *names.values()})
    for name in names:
        if name not in met:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield f"data.label_names: no row has the label {name!r}{hint}"


def undescribed(descriptions: Mapping[str, str], labels: Iterable[str]) -> Iterator[str]:
    """What is to be said of descriptions of labels that no row has."""
    known = sorted(set(labels))
    for name in descriptions:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield f"data.label_descriptions: no row has the label {name!r}{hint}"
