"""Exports a GLiNER to ONNX by the library's own exporter, and proves that the exported graph answers the same."""

from __future__ import annotations

import importlib.util
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gliner import GLiNER

from gliexp.errors import Problem, Refusal
from gliexp.models import architecture, export, gliner
from gliexp.models.atomic_directory import atomic_directory
from gliexp.models.predict import Rows
from gliexp.models.pretrained import first_line

FILE = "model.onnx"
TOLERANCE = 1e-4
"""Greatest difference of a score: another runtime adds the same numbers in another order."""
PACKAGES = ("onnx", "onnxruntime")


def refuse(model: Any, key: str) -> None:
    """Raise Refusal for a model that the library cannot export, with the reason, and where packages are missing."""
    problems = []
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        problems.append(Problem("export", f"{' and '.join(missing)}: not installed", "pip install 'gliexp[onnx]'"))
    reason = _obstacle(model)
    if reason:
        problems.append(Problem(key, reason, "a model that finds entities alone, in one step"))
    if problems:
        raise Refusal(problems)


def _obstacle(model: Any) -> str:
    if architecture.has_decoder(model):
        return "gliner exports no label decoders: they generate word by word, which a fixed graph cannot"
    if architecture.variant(model) == architecture.STREAMING:
        return "gliner exports no streaming models: what they remember between texts is no input of a fixed graph"
    if architecture.variant(model) in (architecture.UNI_TOKEN, architecture.BI_TOKEN) and model.config.represent_spans:
        # gliner/model.py, _get_onnx_input_spec of the token variants: the graph scores words and has no spans
        return "gliner exports token models without the spans of model.represent_spans=true, which would be lost"
    if architecture.has_relations(model):
        # gliner/modeling/utils.py:440 reads the number of entities out of a tensor, which the tracer keeps as it was
        return "gliner exports relation models with the number of entities of its trial text, and they fail on others"
    return ""


def write(model: Any, target: Path, rows: Rows, entity_types: Sequence[str]) -> float:
    """Write model.onnx, config and tokenizer to `target`; return the greatest difference of a score, in 0..1.

    Whatever `rows` and labels hold is asked in batches and alone, about all labels and about one. Raises RunFailed
    where the graph answers otherwise, and then leaves nothing behind; Refusal where the library cannot export.
    """
    with atomic_directory(target) as fresh, tempfile.TemporaryDirectory() as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of each size that it takes for fixed: the comparison decides
        stock = GLiNER.from_pretrained(str(gliner.save(model, Path(temporary) / "model")))
        stock.eval()
        try:
            stock.export_to_onnx(fresh, onnx_filename=FILE)
        except NotImplementedError as error:
            raise Refusal([Problem("export", f"gliner cannot export it: {first_line(error)}")]) from error
        exported = GLiNER.from_pretrained(str(fresh), runtime="onnxruntime", runtime_model_file=FILE)
        asked = ((rows, entity_types), (rows[:1], entity_types), (rows[:3], entity_types[:1]))
        return max(export.compare(model, exported, target, *each, tolerance=TOLERANCE) for each in asked if each[0])
