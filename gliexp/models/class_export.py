"""Proves that a saved classifier opens in the stock library and that its pipeline predicts what the run predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from gliclass import GLiClassModel, ZeroShotClassificationPipeline
from transformers import AutoTokenizer

from gliexp.config.schema.classifier import BI, DECODER_KV, FUSED, MULTI, REGRESSION, SEQ2SEQ, SEQ2SEQ_CLS
from gliexp.errors import RunFailed
from gliexp.models import classify, gliclass
from gliexp.models.gliclass import Classifier

TOLERANCE = 1e-5
Row = Mapping[str, Any]


def verify(
    classifier: Classifier, directory: str | Path, rows: Sequence[Row], labels: Sequence[Sequence[str]], max_length: int
) -> float:
    """Largest difference of any probability between `classifier` and what `directory` gives when it is opened again.

    Opened by gliexp, always; opened by the stock library and asked through its own pipeline, one text at a time, where
    the library reads no padding (see `stock_agrees`). Raises RunFailed when it exceeds 1e-5.
    """
    again = gliclass.load(directory, trust_remote_code=True)  # built and saved here, of what was trusted
    differences = [compare(classifier, again, directory, rows, labels, max_length)]
    mine = _scores(classifier, rows, labels, max_length)
    if stock_agrees(classifier.model.config, labels):
        inputs = classifier.inputs(max_length)
        whole = [number for number, row in enumerate(rows) if inputs.read(row, labels[number]).cut == 0]
        stock = stock_scores(directory, [rows[n] for n in whole], [labels[n] for n in whole], max_length)
        differences.append(_apart([mine[number] for number in whole], stock))
    return _accepted(max(differences), directory)


def compare(
    classifier: Classifier,
    again: Classifier,
    place: str | Path,
    rows: Sequence[Row],
    labels: Sequence[Sequence[str]],
    max_length: int,
) -> float:
    """Largest difference of any probability between two classifiers, the second opened from `place`.

    Raises RunFailed when it exceeds 1e-5.
    """
    again.model.to(classifier.model.device)
    mine, other = (_scores(each, rows, labels, max_length) for each in (classifier, again))
    return _accepted(_apart(mine, other), place)


def _accepted(difference: float, place: str | Path) -> float:
    if not difference <= TOLERANCE:
        raise RunFailed(f"{place} does not reload: scores differ by {difference:.2e}, more than {TOLERANCE:.0e}")
    return difference


def stock_agrees(config: Any, labels: Sequence[Sequence[str]]) -> bool:
    """Whether the stock library, asked one text at a time, reads nothing but words and labels.

    Its bi-encoders pool the padding of shorter labels (all poolings but first), and its hopfield scorer on an
    encoder-decoder takes the empty slots up to max_num_classes for labels.
    """
    if config.architecture_type in (BI, FUSED):
        return bool(config.pooling_strategy == "first")
    if config.architecture_type in (SEQ2SEQ, SEQ2SEQ_CLS) and config.scorer_type == "hopfield":
        return all(len(asked) == config.max_num_classes for asked in labels)
    return True


def stock_scores(
    directory: str | Path, rows: Sequence[Row], labels: Sequence[Sequence[str]], max_length: int
) -> list[torch.Tensor]:
    """Scores of the stock library's pipeline on the saved model, each text asked by itself.

    Regression has no pipeline of its own there: its raw scores are read.
    """
    model = GLiClassModel.from_pretrained(str(directory))
    tokenizer = AutoTokenizer.from_pretrained(str(directory))
    problem = model.config.problem_type
    kind = "multi-label" if problem == MULTI else "single-label"
    pipeline = ZeroShotClassificationPipeline(
        model, tokenizer, max_length=max_length, classification_type=kind, device="cpu", progress_bar=False
    )
    found = []
    for row, asked in zip(rows, labels, strict=True):
        told = {"examples": row.get("examples"), "prompt": row.get("prompt")}
        if problem in (REGRESSION, None) or len(asked) == 1:
            raw = _raw(pipeline, row["text"], asked, told)
            found.append(classify.meaning(raw, problem))
            continue
        (scores,) = pipeline(row["text"], list(asked), threshold=0.0, return_hierarchical=True, **told)
        found.append(torch.tensor([scores[label] for label in asked]))
    return found


def _raw(pipeline: Any, text: str, labels: Sequence[str], told: Mapping[str, Any]) -> torch.Tensor:
    pipe = pipeline.pipe
    inputs = pipe.prepare_inputs([text], list(labels), True, **told)
    slots = {"max_num_classes": len(labels)} if pipe.model.config.architecture_type != DECODER_KV else {}
    with torch.no_grad():
        logits: torch.Tensor = pipe.model(**inputs, **slots).logits[0, : len(labels)]
    return logits


def _scores(
    classifier: Classifier, rows: Sequence[Row], labels: Sequence[Sequence[str]], max_length: int
) -> list[torch.Tensor]:
    raw = classify.logits(classifier.model, classifier.inputs(max_length), rows, labels, batch_size=8)
    return [classify.meaning(scores, classifier.model.config.problem_type) for scores in raw]


def _apart(mine: Sequence[torch.Tensor], other: Sequence[torch.Tensor]) -> float:
    pairs = zip(mine, other, strict=True)
    # a NaN must not pass for agreement
    return max((float((a - b).abs().max().nan_to_num(nan=float("inf"))) for a, b in pairs), default=0.0)
