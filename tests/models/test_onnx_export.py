"""ONNX by the library's exporter: the graph answers what the model answers, or is refused with the reason."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from gliner import GLiNER

from gliexp.errors import Refusal, RunFailed
from gliexp.models import gliner, onnx_export
from gliexp.models.predict import predict

from .conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in onnx_export.PACKAGES),
    reason="pip install 'gliexp[onnx]'",
)


@needs_onnx
@pytest.mark.slow
@pytest.mark.parametrize("name", ["uni_markerV0", "uni_token", "bi_span", "bi_token"])
def test_the_graph_answers_the_same(name: str, values: Any, collated: Any, tmp_path: Path) -> None:
    model: Any = gliner.build(values(name), seed=1)
    learn(model, collated(model), steps=60)
    difference = onnx_export.write(model, tmp_path / "onnx", ROWS, ENTITY_TYPES)
    assert difference < onnx_export.TOLERANCE
    exported = GLiNER.from_pretrained(str(tmp_path / "onnx"), runtime="onnxruntime")
    options: dict[str, Any] = {"threshold": 0.5, "flat_ner": True, "batch_size": 2}
    rows = [{"tokenized_text": "carol founded a company in london with bob .".split()}, *ROWS]
    for types in (ENTITY_TYPES, [*ENTITY_TYPES, "company", "city"]):
        ours = predict(model, rows, types, **options)
        theirs = predict(exported, rows, types, **options)
        assert any(one.entities for one in ours)
        for one, other in zip(ours, theirs, strict=True):
            assert {(span.start, span.end, span.label) for span in one.entities} == {
                (span.start, span.end, span.label) for span in other.entities
            }


@needs_onnx
def test_a_graph_that_answers_otherwise_is_not_kept(
    values: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = gliner.build(values("uni_markerV0"), seed=1)
    other: Any = gliner.build(values("uni_markerV0"), seed=2)
    save = gliner.save
    monkeypatch.setattr(onnx_export.gliner, "save", lambda _, place: save(other, place))
    with pytest.raises(RunFailed, match="scores differ"):
        onnx_export.write(model, tmp_path / "onnx", ROWS, ENTITY_TYPES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("decoder_span", "no label decoders"),
        ("decoder_token", "no label decoders"),
        ("streaming", "no streaming"),
        ("uni_token_spans", "represent_spans"),
        ("bi_token_spans", "represent_spans"),
        ("relex_span_dot", "relation models"),
        ("relex_token_dot", "relation models"),
    ],
)
def test_what_the_library_cannot_export_is_refused_with_the_reason(name: str, reason: str, values: Any) -> None:
    with pytest.raises(Refusal, match=reason):
        onnx_export.refuse(gliner.build(values(name), seed=1), "model")


@needs_onnx
@pytest.mark.slow
def test_spans_of_token_models_are_still_lost_in_the_library(values: Any, tmp_path: Path) -> None:
    """When this fails, gliner exports spans of token models: take the reason out of onnx_export._obstacle."""
    model: Any = gliner.build(values("uni_token_spans"), seed=1)
    with pytest.raises((RunFailed, IndexError, ValueError)):
        onnx_export.write(model, tmp_path / "onnx", ROWS, ENTITY_TYPES)


@needs_onnx
@pytest.mark.slow
def test_relation_models_still_keep_the_number_of_entities(values: Any, collated: Any, tmp_path: Path) -> None:
    """When this passes through, gliner exports relation models: take the reason out of onnx_export._obstacle."""
    model: Any = gliner.build(values("relex_span_dot"), seed=1)
    learn(model, collated(model), steps=60)
    stock = GLiNER.from_pretrained(str(gliner.save(model, tmp_path / "model")))
    stock.export_to_onnx(tmp_path / "onnx")
    exported = GLiNER.from_pretrained(str(tmp_path / "onnx"), runtime="onnxruntime")
    texts = [" ".join(row["tokenized_text"]) for row in ROWS]
    with pytest.raises(Exception, match=r"ScatterND|[Rr]eshape"):
        exported.inference(texts, ENTITY_TYPES, relations=RELATION_TYPES, threshold=0.5)


def test_missing_packages_are_named(values: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_export, "PACKAGES", ("nopackage_a", "nopackage_b"))
    with pytest.raises(Refusal, match="nopackage_a and nopackage_b: not installed"):
        onnx_export.refuse(gliner.build(values("uni_markerV0"), seed=1), "model")
