"""Merges saved adapters into a stock model, and proves that it reloads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gliexp.data import sample
from gliexp.models import adapters, architecture, export, gliner

PROBE_ROWS = 8


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
    gliner.save(model, target)
    task = "relex" if architecture.has_relations(model) else "ner"
    rows = sample.generate(task, "test")[:PROBE_ROWS]
    entities = sorted({label for row in rows for *_, label in row["ner"]})
    relations = sorted({label for row in rows for *_, label in row.get("relations") or []})
    return export.verify(model, target, rows, entities, relations if task == "relex" else None)
