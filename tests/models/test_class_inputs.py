"""What is read is what the stock pipeline reads, and what does not fit is counted."""

import copy
import random

import pytest
from gliclass import ZeroShotClassificationPipeline
from gliclass.data_processing import AugmentationConfig, GLiClassDataset

from gliexp.config.schema.classifier import ARCHITECTURES, BI, DECODER_KV, FUSED, MULTI, UNI
from gliexp.data.classes import ClassSampler
from gliexp.models.class_inputs import LabelsTooLong
from gliexp.training.class_collator import ClassCollator
from gliexp.training.rows import Draw, DrawnRow

from .classifiers import LABELS

ROW = {
    "text": "alice works at acme in paris",
    "true": {"person": 1.0},
    "prompt": "a big city",
    "examples": [{"text": "bob runs", "labels": ["person"]}, {"text": "london", "labels": ["city", "location"]}],
}
NAMES = {"class_input_ids", "input_ids", "class_attention_mask", "attention_mask", "labels_mask"}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rows_are_read_as_the_stock_pipeline_reads_them(classifier, architecture, first):
    made = classifier(architecture, prompt_first=first)
    pipeline = ZeroShotClassificationPipeline(made.model, made.tokenizer, max_length=100, device="cpu").pipe
    theirs = pipeline.prepare_inputs([ROW["text"]], LABELS, True, examples=ROW["examples"], prompt=ROW["prompt"])
    ours = made.inputs(100).batch([ROW], [LABELS])
    for name in NAMES & ours.keys():
        assert ours[name].tolist() == theirs[name].tolist(), name


def test_the_library_s_own_training_reads_otherwise(classifier):
    made = classifier(BI)
    pipeline = ZeroShotClassificationPipeline(made.model, made.tokenizer, device="cpu").pipe
    theirs = pipeline.prepare_inputs([ROW["text"]], LABELS, True, prompt=ROW["prompt"])["input_ids"][0].tolist()
    example = {"text": ROW["text"], "all_labels": list(LABELS), "true_labels": ["person"], "prompt": ROW["prompt"]}
    data = GLiClassDataset(
        [example],
        made.tokenizer,
        AugmentationConfig(enabled=False),
        architecture_type=BI,
        labels_tokenizer=made.labels_tokenizer,
    )
    assert list(data[0]["input_ids"]) != theirs, "mended upstream: training reads the prompt"


def test_the_library_shuffles_the_caller_s_rows_and_ours_stay(classifier):
    made = classifier(UNI)
    labels = [*LABELS, "employed by", "near", "company"]
    example = {"text": "bob", "all_labels": list(labels), "true_labels": ["person"]}
    random.seed(3)
    GLiClassDataset([example], made.tokenizer, AugmentationConfig(enabled=False))[0]
    assert example["all_labels"] != labels, "mended upstream"
    row = {"text": "bob", "true": {"person": 1.0}, "all_labels": list(labels)}
    before = copy.deepcopy(row)
    collator = ClassCollator(made.inputs(64), ClassSampler(labels, "all", 25, 1), 0, problem=MULTI)
    batches = [collator([DrawnRow(Draw(epoch, 0), row)]) for epoch in range(4)]
    assert row == before
    assert len({tuple(batch["labels"][0].tolist()) for batch in batches}) > 1  # shuffled, but elsewhere


def long_row(words: int) -> dict:
    return {"text": " ".join(["alice works"] * (words // 2)), "true": {}}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_long_text_gives_way_and_its_labels_stay(classifier, architecture, first):
    made = classifier(architecture, prompt_first=first)
    inputs = made.inputs(40)
    read = inputs.read(long_row(60), LABELS)
    assert len(read.ids) <= 40
    assert read.cut > 0
    batch = inputs.batch([long_row(60)], [LABELS])
    named = batch["class_input_ids"] if "class_input_ids" in batch else batch["input_ids"]
    marker = made.model.config.class_token_index
    marks = len(LABELS) if architecture not in (BI, FUSED) else 0
    assert (named == marker).sum() == marks
    assert inputs.read(long_row(4), LABELS).cut == 0


def test_a_cut_text_with_labels_first_is_what_the_pipeline_cuts(classifier):
    made = classifier(UNI)
    pipeline = ZeroShotClassificationPipeline(made.model, made.tokenizer, max_length=40, device="cpu").pipe
    theirs = pipeline.prepare_inputs([long_row(60)["text"]], LABELS, True)["input_ids"][0].tolist()
    assert made.inputs(40).read(long_row(60), LABELS).ids == theirs


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_labels_that_fill_everything_are_refused(classifier, architecture):
    inputs = classifier(architecture).inputs(16)
    with pytest.raises(LabelsTooLong):
        inputs.read(long_row(4), [f"{label}{' of the big company' * 4} {n}" for n in range(4) for label in LABELS])


def test_decoder_kv_keeps_its_labels_whole(classifier):
    made = classifier(DECODER_KV)
    read = made.inputs(30).read(long_row(60), LABELS)
    assert read.ids.count(made.model.config.sep_token_index) == 2


def test_labels_are_tokenised_once_and_read_the_same(classifier, monkeypatch):
    made = classifier(BI)
    inputs = made.inputs(64)
    first = inputs.batch([{"text": "a b"}], [["good news", "bad"]])
    calls = []

    def counting(texts):
        calls.append(texts)
        return made.labels_tokenizer(texts)

    monkeypatch.setattr(inputs, "labels_tokenizer", counting)
    inputs.labels_tokenizer.pad_token_id = made.labels_tokenizer.pad_token_id
    again = inputs.batch([{"text": "a b"}, {"text": "c"}], [["good news", "bad"], ["new"]])
    assert calls == [["new"]]
    assert again["class_input_ids"][0].tolist() == first["class_input_ids"][0].tolist()
    assert again["labels_mask"].tolist() == [[1, 1], [1, 0]]
    expected = made.labels_tokenizer(["good news", "bad", "new"])["input_ids"]
    read = again["class_input_ids"][again["class_attention_mask"].bool()].tolist()
    assert read == [*expected[0], *expected[1], *expected[2]]
