"""Small classifiers of every architecture, for the tests of GLiClass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from gliclass import GLiClassModel

from gliexp.config.schema.classifier import BI, DECODER_KV, FUSED, MULTI, SEQ2SEQ, SEQ2SEQ_CLS, UNI
from gliexp.models import classify, gliclass
from gliexp.models.gliclass import Classifier
from gliexp.training.class_collator import targets

BACKBONES = {UNI: "bert", BI: "bert", FUSED: "bert", SEQ2SEQ: "seq2seq", SEQ2SEQ_CLS: "seq2seq", DECODER_KV: "qwen3"}
LABELS = ["person", "organization", "location", "city"]
ROWS: list[dict[str, Any]] = [
    {"text": "alice works at acme in paris", "true": {"person": 1.0}},
    {"text": "bob", "true": {"organization": 1.0}},
    {"text": "carol lives near london . the big city runs a company", "true": {"city": 1.0}},
]
ASKED = [LABELS, LABELS[:2], LABELS[1:]]

Make = Callable[..., Classifier]


def make(backbones: dict[str, str]) -> Make:
    """Function from an architecture and settings to a fresh classifier."""

    def of(architecture: str, seed: int = 0, **settings: Any) -> Classifier:
        values = {
            "architecture_type": architecture,
            "encoder_model": backbones[settings.pop("backbone", BACKBONES[architecture])],
            "label_model_name": backbones["deberta"] if architecture in (BI, FUSED) else None,
            "problem_type": MULTI,
            "prompt_first": True,
            "scorer_num_heads": 2,
            "max_num_classes": 8,
            "initializer_range": 0.12,  # so that scores are of the order of 1
            **settings,
        }
        return gliclass.build(values, seed=seed)

    return of


def stock(classifier: Classifier, directory: Any) -> Any:
    """The plain library's reload of a classifier's model: the same weights without cures."""
    return GLiClassModel.from_pretrained(str(gliclass.save(classifier, directory / "model"))).eval()


def batch_of(classifier: Classifier, rows: Any = ROWS, asked: Any = ASKED) -> dict[str, Any]:
    """A training batch of rows with the labels they are asked about."""
    config = classifier.model.config
    batch = classifier.inputs(64).batch(rows, asked)
    return {**batch, "labels": targets(rows, asked, config.problem_type, config.ignore_index)}


def scores(classifier: Classifier, model: Any = None, rows: Any = ROWS, asked: Any = ASKED, size: int = 8) -> Any:
    """Raw scores of rows, `size` of them at a time, by the classifier or by another model in its place."""
    return classify.logits(model or classifier.model, classifier.inputs(64), rows, asked, size)


def apart(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    """The greatest difference of two lists of scores, relative to scores above 1 (some poolings make large ones)."""
    return max(float(((a - b).abs() / a.abs().clamp(min=1)).max()) for a, b in zip(one, other, strict=True))
