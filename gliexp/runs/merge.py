"""Merges saved adapters into a stock model, and proves that it reloads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gliexp.data import sample
from gliexp.models import adapters, anatomy, architecture, export, gliner
from gliexp.models.usage import Usage

PROBE_ROWS = 8
PROBE_TOKENS = 256


def merge(
    sources: Sequence[str],
    target: Path,
    *,
    weights: Sequence[float] | None = None,
    combination: str = "cat",
    density: float | None = None,
    base: str | None = None,
    trust_remote_code: bool = False,
) -> float:
    """Write the merged model to `target`; return the greatest difference of a score after a reload, on sample rows.

    Raises Refusal for adapters that are damaged or do not go together, RunFailed when the model does not reload.
    """
    model = adapters.combine(
        sources, weights, combination=combination, density=density, base=base, trust_remote_code=trust_remote_code
    )
    usage = Usage.read(adapters.find(sources[0]))
    if isinstance(model, anatomy.Described):
        return _classifier(model, target, usage)
    gliner.save(model, target)
    if usage is not None:
        usage.write(target)
    task = "relex" if architecture.has_relations(model) else "ner"
    rows = sample.generate(task, "test")[:PROBE_ROWS]
    entities = sorted({label for row in rows for *_, label in row["ner"]})
    relations = sorted({label for row in rows for *_, label in row.get("relations") or []})
    return export.verify(model, target, rows, entities, relations if task == "relex" else None)


def _classifier(classifier: Any, target: Path, usage: Usage | None) -> float:
    from gliexp.models import class_export, gliclass  # a run of the other library has no use for its imports

    gliclass.save(classifier, target)
    if usage is not None:
        usage.write(target)
    rows = sample.generate("classification", "test")[:PROBE_ROWS]
    labels = sorted({label for row in rows for label in row["true_labels"]})
    length = min(PROBE_TOKENS, classifier.positions())
    return class_export.verify(classifier, target, rows, [labels] * len(rows), length)
