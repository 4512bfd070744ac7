"""The data sets of data.retention, by name: rows that a run scores and never trains on."""

from __future__ import annotations

from pathlib import Path

from gliexp.config.schema.data import Data
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.config.sources import files, sources
from gliexp.data.reading import shortened
from gliexp.data.rows import Rows
from gliexp.data.splits import Splits, add
from gliexp.errors import Problem, Refusal


def retained(data: Data, task: str) -> dict[str, Rows]:
    """Name (the file's, with its directory's where several are alike) → rows. Raises Refusal naming every problem."""
    problems: list[Problem] = []
    met = []
    for source in sources(data.retention):
        found = files(source)
        if not found:
            problems.append(Problem("data.retention", "the pattern meets no file", where=source.path))
        met += found
    stems = [Path(file.path).stem for file in met]
    sets: dict[str, Rows] = {}
    for file, stem in zip(met, stems, strict=True):
        name = stem if stems.count(stem) == 1 else f"{Path(file.path).parent.name}_{stem}"
        if name in sets:
            problems.append(Problem("data.retention", f"two files go by the name {name}", where=file.path))
            continue
        sets[name] = Rows([add(Splits(), "test", file, data, task, problems)])
        key, what = ("true", "a label") if task in CLASSIFICATION_TASKS else ("ner", "an entity")
        if not problems and not any(row.get(key) for row in sets[name]):
            problems.append(Problem("data.retention", f"no row has {what}", where=file.path))
    if problems:
        raise Refusal(shortened(problems))
    return sets
