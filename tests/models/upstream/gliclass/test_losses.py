"""Losses count real labels only, for every problem type; the stock library crashes or counts padding."""

import pytest
import torch
from torch.nn import functional

from gliexp.config.schema.classifier import (
    ARCHITECTURES,
    BI,
    DECODER_KV,
    FUSED,
    MULTI,
    REGRESSION,
    SEQ2SEQ,
    SEQ2SEQ_CLS,
    SINGLE,
    UNI,
)
from gliexp.models.upstream.gliclass.losses import loss_by_row
from models.classifiers import ASKED, LABELS, ROWS, batch_of, scores, stock
from models.conftest import still_fails

PADDED = (UNI, BI, FUSED, SEQ2SEQ, SEQ2SEQ_CLS)


def loss_of(classifier, model=None, rows=ROWS, asked=ASKED):
    with torch.no_grad():
        return float((model or classifier.model)(**batch_of(classifier, rows, asked)).loss)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_single_label_is_cross_entropy_over_real_labels(classifier, architecture):
    made = classifier(architecture, problem_type=SINGLE)
    raw = scores(made)
    held = [labels.index(next(iter(row["true"]))) for row, labels in zip(ROWS, ASKED, strict=True)]
    wanted = [functional.cross_entropy(row, torch.tensor(place)) for row, place in zip(raw, held, strict=True)]
    assert loss_of(made) == pytest.approx(float(torch.stack(wanted).mean()), abs=1e-5)


@pytest.mark.parametrize("architecture", PADDED)
def test_the_stock_single_label_loss_crashes(classifier, architecture, tmp_path):
    made = classifier(architecture, problem_type=SINGLE)
    library = stock(made, tmp_path)
    still_fails(lambda: loss_of(made, library), RuntimeError, ValueError, cure="RealLabelLoss")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("problem", [MULTI, REGRESSION])
def test_the_loss_is_the_mean_over_real_labels(classifier, architecture, problem):
    made = classifier(architecture, problem_type=problem)
    alone = [loss_of(made, rows=[row], asked=[labels]) for row, labels in zip(ROWS, ASKED, strict=True)]
    counts = [len(labels) for labels in ASKED]
    if architecture == DECODER_KV:  # the library's own weighing: rows count alike
        counts = [1] * len(ASKED)
    wanted = sum(loss * count for loss, count in zip(alone, counts, strict=True)) / sum(counts)
    assert loss_of(made) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("problem", [REGRESSION, None])
def test_the_stock_loss_counts_padded_slots(classifier, problem, tmp_path):
    made = classifier(UNI, problem_type=problem)
    library = stock(made, tmp_path)
    rows = [{"text": "bob", "true": {"person": 1.0}}]
    few = batch_of(made, rows, [LABELS[:2]])
    many = {**few, "labels": functional.pad(few["labels"], (0, 6)), "max_num_classes": 8}
    with torch.no_grad():
        assert float(library(**few).loss) != pytest.approx(float(library(**many).loss), rel=0.05)
        many["labels"] = functional.pad(few["labels"], (0, 6), value=-100.0)
        assert float(made.model(**few).loss) == pytest.approx(float(made.model(**many).loss), abs=1e-6)


@pytest.mark.parametrize("architecture", [SEQ2SEQ, SEQ2SEQ_CLS])
def test_the_stock_encoder_decoders_take_no_fewer_targets_than_slots(classifier, architecture, tmp_path):
    made = classifier(architecture)
    library = stock(made, tmp_path)
    assert loss_of(made) > 0
    still_fails(lambda: loss_of(made, library), RuntimeError, ValueError, cure="RealLabelLoss's padding")


@pytest.mark.parametrize("problem", [REGRESSION, None])
def test_the_stock_decoder_kv_knows_two_problem_types(classifier, problem, tmp_path):
    made = classifier(DECODER_KV, problem_type=problem)
    library = stock(made, tmp_path)
    assert loss_of(made) > 0
    still_fails(lambda: loss_of(made, library), NotImplementedError, cure="RealLabelRowLoss")


def test_null_reads_the_problem_off_the_targets(classifier):
    made = classifier(UNI, problem_type=None)
    soft = [{"text": "bob", "true": {"person": 0.25, "city": 0.75}}]
    raw = scores(made, rows=soft, asked=[LABELS])[0]
    wanted = -(raw.log_softmax(-1) * torch.tensor([0.25, 0.0, 0.0, 0.75])).sum()
    assert loss_of(made, rows=soft, asked=[LABELS]) == pytest.approx(float(wanted), abs=1e-5)
    number = [{"text": "bob", "true": {"person": 3.5}}]
    raw = scores(made, rows=number, asked=[["person"]])[0]
    assert loss_of(made, rows=number, asked=[["person"]]) == pytest.approx(float((raw - 3.5) ** 2), rel=1e-4)


def test_padding_makes_no_nan_of_a_broken_exponent(classifier, tmp_path):
    made = classifier(BI, focal_loss_gamma=1.5)
    loss = made.model(**batch_of(made)).loss
    loss.backward()
    gradients = [p.grad for p in made.model.parameters() if p.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in [loss, *gradients])
    with torch.no_grad():
        assert stock(made, tmp_path)(**batch_of(made)).loss.isnan(), "mended upstream"


def test_a_row_without_any_real_label_counts_nothing(classifier):
    config = classifier(UNI).model.config
    found = loss_by_row(torch.zeros(1, 2), torch.full((1, 2), -100.0), None, config)
    assert (float(found.sums), int(found.counts)) == (0.0, 0)
