"""The scores of independent libraries on 1,000 random cases each: seqeval, nervaluate, scikit-learn."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from nervaluate.evaluator import Evaluator
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn.metrics import average_precision_score, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from gliexp.training.class_metrics import Decisions, mean_average_precision, score_classes
from gliexp.training.metrics import score_entities, score_relations
from gliexp.training.metrics.thresholds import Scored

CASES = 1000
LENGTH = 12
LABELS = "ABC"
Span = tuple[int, int, str]


def flat(draw: Random) -> list[Span]:
    """Entities that do not overlap."""
    spans, at = [], 0
    while True:
        at += draw.randrange(4)
        end = at + draw.randrange(3)
        if end >= LENGTH:
            return spans
        spans.append((at, end, draw.choice(LABELS)))
        at = end + 1


def nested(draw: Random) -> list[Span]:
    """Entities that may overlap, none twice."""
    found = set()
    for _ in range(draw.randrange(7)):
        start = draw.randrange(LENGTH)
        found.add((start, min(LENGTH - 1, start + draw.randrange(4)), draw.choice(LABELS)))
    return sorted(found)


def beside(draw: Random, gold: list[Span], make) -> list[Span]:
    """A prediction: some of the gold as it is, some with another border or label, some of its own."""
    found = set()
    for start, end, label in gold:
        kind = draw.randrange(5)
        if kind == 1:
            label = draw.choice(LABELS)
        if kind == 2:
            end = min(LENGTH - 1, end + 1)
        if kind < 4:
            found.add((start, end, label))
    if draw.random() < 0.5:
        found |= set(make(draw))
    return sorted(found)


def rows_of(number: int, make) -> tuple[list[list[Span]], list[list[Span]]]:
    draw = Random(number)
    gold = [make(draw) for _ in range(draw.randint(1, 4))]
    predicted = [beside(draw, row, make) for row in gold]
    return gold, predicted


def without_overlap(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans):
        if not kept or span[0] > kept[-1][1]:
            kept.append(span)
    return kept


def tags(spans: list[Span]) -> list[str]:
    row = ["O"] * LENGTH
    for start, end, label in spans:
        row[start : end + 1] = [f"B-{label}", *[f"I-{label}"] * (end - start)]
    return row


def test_exact_scores_are_those_of_seqeval() -> None:
    compared = 0
    for number in range(CASES):
        gold, predicted = rows_of(number, flat)
        predicted = [without_overlap(row) for row in predicted]
        if not any(gold) and not any(predicted):
            continue
        scores = score_entities(gold, predicted)
        true, said = [list(map(tags, side)) for side in (gold, predicted)]
        report = classification_report(true, said, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
        for average in ("micro", "macro", "weighted"):
            for ours, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
                assert scores[f"ner_{average}_{ours}"] == pytest.approx(report[f"{average} avg"][theirs])
        for label, row in scores["ner_per_label"].items():
            assert (row["f1"], row["support"]) == (pytest.approx(report[label]["f1-score"]), report[label]["support"])
        compared += 1
    assert compared > 0.9 * CASES


@pytest.mark.parametrize("make", [flat, nested])
def test_scores_that_forgive_are_those_of_nervaluate(make) -> None:
    for number in range(CASES):
        gold, predicted = rows_of(number, make)
        scores = score_entities(gold, predicted)
        as_dicts = [
            [[{"label": label, "start": start, "end": end} for start, end, label in row] for row in side]
            for side in (gold, predicted)
        ]
        report = Evaluator(*as_dicts, tags=list(LABELS), loader="dict").evaluate()["overall"]
        pairs = {"exact": "boundary", "partial": "partial", "ent_type": "type"}
        for theirs, ours in pairs.items():
            for name in ("precision", "recall", "f1"):
                expected = getattr(report[theirs], name)
                if theirs == "strict" and make is nested:
                    continue  # nervaluate lets an overlap take a gold entity that a later span would meet exactly
                assert scores[f"ner_{ours}_{name}"] == pytest.approx(expected), (number, theirs, name)


@pytest.mark.slow
def test_relations_are_those_of_scikit_learn_over_sets_of_facts() -> None:
    for number in range(CASES):
        draw = Random(number)
        gold, predicted = rows_of(number, nested)
        related = [
            [
                (draw.randrange(len(row)), draw.randrange(len(row)), draw.choice("rs"))
                for _ in range(draw.randrange(5))
                if row
            ]
            for row in [*gold, *predicted]
        ]
        sides = [(gold, related[: len(gold)]), (predicted, related[len(gold) :])]
        scores = score_relations(*sides[0], *sides[1])
        for mode, width in (("strict", 3), ("relaxed", 2)):
            facts = [
                {
                    (place, row[head][:width], row[tail][:width], label)
                    for place, (row, of_row) in enumerate(zip(entities, relations, strict=True))
                    for head, tail, label in of_row
                }
                for entities, relations in sides
            ]
            every = sorted(facts[0] | facts[1])
            if not every:
                assert scores[f"rel_{mode}_micro_f1"] == 0
                continue
            flags = [np.array([fact in side for fact in every]) for side in facts]
            expected = precision_recall_fscore_support(*flags, average="binary", zero_division=0)
            found = [scores[f"rel_{mode}_micro_{name}"] for name in ("precision", "recall", "f1")]
            assert found == pytest.approx(expected[:3])


@pytest.mark.slow
def test_classes_are_those_of_scikit_learn() -> None:
    names = ["a", "b", "c", "d"]
    for number in range(CASES):
        draw = np.random.default_rng(number)
        count = int(draw.integers(1, 8))
        true, values = draw.random((count, 4)) < 0.4, draw.random((count, 4)).round(2)
        decisions = Decisions.of(
            [{names[n]: 1.0 for n in np.flatnonzero(row)} for row in true], [names] * count, values.tolist()
        )
        chosen = values >= 0.5
        scores = score_classes(decisions, chosen.ravel(), one=False)
        seen = [n for n in range(4) if true[:, n].any() or chosen[:, n].any()]
        for average in ("micro", "macro", "weighted"):
            if not seen:
                continue
            expected = precision_recall_fscore_support(true, chosen, average=average, labels=seen, zero_division=0)
            for place, name in enumerate(("precision", "recall", "f1")):
                assert scores[f"cls_{average}_{name}"] == pytest.approx(expected[place]), (number, average)
        assert scores["cls_accuracy"] == pytest.approx((true == chosen).all(axis=1).mean())
        held = [n for n in range(4) if true[:, n].any()]
        if held:
            expected = np.mean([average_precision_score(true[:, n], values[:, n]) for n in held])
            assert mean_average_precision(decisions) == pytest.approx(expected)


@pytest.mark.slow
def test_threshold_curves_are_those_of_scikit_learn() -> None:
    for number in range(CASES):
        draw = Random(number)
        gold, predicted = rows_of(number, nested)
        found = [[(span, round(draw.random(), 1)) for span in row] for row in predicted]
        scored = Scored.of(gold, found)
        for threshold in (0.0, 0.3, 0.7):
            kept = [[span for span, score in row if score > threshold] for row in found]
            binarizer = MultiLabelBinarizer().fit(
                [[(0, 0, "none"), (1, 1, "none")], *gold, *kept]
            )  # one column would be binary
            sides = [binarizer.transform(side) for side in (gold, kept)]
            expected = precision_recall_fscore_support(*sides, average="micro", zero_division=0)
            assert scored.at(threshold)[1:] == pytest.approx(expected[:3])
