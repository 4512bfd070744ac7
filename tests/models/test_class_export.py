"""What is saved is proven by the stock pipeline, and a damaged save is caught."""

import pytest
import torch
from gliclass import GLiClassModel, ZeroShotClassificationPipeline
from transformers import AutoTokenizer

from gliexp.config.schema.classifier import ARCHITECTURES, BI, MULTI, REGRESSION, SEQ2SEQ, SINGLE, UNI
from gliexp.errors import RunFailed
from gliexp.models import class_export, classify, gliclass

from .classifiers import ASKED, ROWS, scores

UNEVEN = [["person", "employed by the big company", "city"]] * 3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("problem", [MULTI, SINGLE, REGRESSION, None])
def test_the_stock_pipeline_gives_our_predictions(classifier, architecture, problem, tmp_path):
    made = classifier(architecture, problem_type=problem)
    directory = gliclass.save(made, tmp_path / "model")
    assert class_export.verify(made, directory, ROWS, ASKED, 64) <= 1e-5


def test_by_hand(classifier, tmp_path):
    made = classifier(UNI)
    directory = str(gliclass.save(made, tmp_path / "model"))
    model, tokenizer = GLiClassModel.from_pretrained(directory), AutoTokenizer.from_pretrained(directory)
    pipeline = ZeroShotClassificationPipeline(model, tokenizer, device="cpu", progress_bar=False)
    (found,) = pipeline(ROWS[0]["text"], ASKED[0], threshold=0.0)
    ours = classify.meaning(scores(made)[0], MULTI)
    assert [item["score"] for item in found] == pytest.approx(ours.tolist(), abs=1e-5)


def test_other_weights_are_caught(classifier, tmp_path):
    made = classifier(UNI)
    directory = gliclass.save(made, tmp_path / "model")
    with torch.no_grad():
        made.model.model.classes_projector.linear_2.weight += 0.1
    with pytest.raises(RunFailed, match="does not reload"):
        class_export.verify(made, directory, ROWS, ASKED, 64)


@pytest.mark.parametrize(
    ("architecture", "settings"), [(BI, {"pooling_strategy": "avg"}), (SEQ2SEQ, {"scorer_type": "hopfield"})]
)
def test_where_the_stock_library_reads_padding_it_is_not_asked(classifier, architecture, settings, tmp_path):
    made = classifier(architecture, **settings)
    assert not class_export.stock_agrees(made.model.config, UNEVEN)
    directory = gliclass.save(made, tmp_path / "model")
    assert class_export.verify(made, directory, ROWS, UNEVEN, 64) <= 1e-5
    ours = [classify.meaning(row, MULTI) for row in scores(made, asked=UNEVEN)]
    theirs = class_export.stock_scores(directory, ROWS, UNEVEN, 64)
    apart = max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))
    assert apart > 1e-5, "mended upstream: ask it"
