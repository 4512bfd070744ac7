"""Exports the model of a run to ONNX, with what says how it is asked beside it."""

from __future__ import annotations

from pathlib import Path

from gliexp.data import sample
from gliexp.errors import Problem, Refusal
from gliexp.runs.model_source import GLICLASS, ModelSource

PROBE_ROWS = 8


def export(source: ModelSource, target: Path, *, trust_remote_code: bool = False) -> float:
    """Write the export to `target`; return the greatest difference of a score, on rows of the sample.

    The labels are the model's own, else the sample's. Raises Refusal for models that the library cannot export,
    RunFailed where the export answers otherwise.
    """
    if source.library == GLICLASS:
        message = "gliclass has no export to ONNX"
        raise Refusal([Problem(source.name, message, "a GLiNER")])
    from gliexp.models import onnx_export

    model = source.open(trust_remote_code=trust_remote_code)
    onnx_export.refuse(model, source.name)
    rows = sample.generate("ner", "test")[:PROBE_ROWS]
    usage = source.usage
    entities = list(usage.entity_labels) or sorted({label for row in rows for *_, label in row["ner"]})
    difference = onnx_export.write(model, target, rows, entities)
    usage.write(target)
    return difference
