"""A text's scores do not depend on what it is batched with; in the stock library they do."""

import pytest

from gliexp.config.schema.classifier import BI, DECODER_KV, FUSED, POOLINGS, SEQ2SEQ, SEQ2SEQ_CLS, UNI
from models.classifiers import ASKED, LABELS, ROWS, apart, scores, stock

MASKED = [pooling for pooling in POOLINGS if pooling != "pass"]
# max and abs_max meet no padding where a real word is the greatest in every dimension: it depends on the weights
READ_PADDING = ["avg", "sum", "rms", "abs_avg", "last"]


@pytest.mark.parametrize("architecture", [UNI, BI, FUSED, SEQ2SEQ])
@pytest.mark.parametrize("pooling", MASKED)
def test_batch_mates_change_nothing(classifier, architecture, pooling):
    made = classifier(architecture, pooling_strategy=pooling)
    assert apart(scores(made), scores(made, size=1)) < 1e-5


@pytest.mark.parametrize("pooling", READ_PADDING)
def test_the_stock_pooling_reads_padding(classifier, pooling, tmp_path):
    made = classifier(UNI, pooling_strategy=pooling)
    library = stock(made, tmp_path)
    assert apart(scores(made, library), scores(made, library, size=1)) > 1e-4, "mended upstream: remove MaskedPooling"
    assert apart(scores(made, size=1), scores(made, library, size=1)) < 1e-5


@pytest.mark.parametrize("architecture", [UNI, BI, FUSED, SEQ2SEQ, SEQ2SEQ_CLS])
def test_hopfield_ignores_empty_label_slots(classifier, architecture):
    made = classifier(architecture, scorer_type="hopfield")
    together = scores(made, rows=ROWS[:2], asked=[LABELS, LABELS[:2]])
    alone = scores(made, rows=ROWS[:2], asked=[LABELS, LABELS[:2]], size=1)
    assert apart(together, alone) < 1e-5


def test_the_stock_hopfield_takes_empty_slots_for_labels(classifier, tmp_path):
    made = classifier(UNI, scorer_type="hopfield")
    library = stock(made, tmp_path)
    assert apart(scores(made, library), scores(made, library, size=1)) > 1e-4, "mended upstream: remove RealLabels"


@pytest.mark.parametrize("architecture", [UNI, SEQ2SEQ])
def test_cross_attention_reads_words_only(classifier, architecture):
    made = classifier(architecture, scorer_type="cross-attn", pooling_strategy="pass")
    assert apart(scores(made), scores(made, size=1)) < 1e-5


def test_the_stock_cross_attention_of_an_encoder_decoder_reads_padding(classifier, tmp_path):
    made = classifier(SEQ2SEQ, scorer_type="cross-attn", pooling_strategy="pass")
    library = stock(made, tmp_path)
    # the library also passes max_num_classes on to the backbone, so it is asked without
    assert apart(scores(made, library), scores(made, library, size=1)) > 1e-4, "mended upstream: remove RealWords"


@pytest.mark.parametrize("settings", [{"use_lstm": True, "pooling_strategy": "avg"}, {"extract_text_features": True}])
def test_words_are_found_behind_other_layers(classifier, settings):
    made = classifier(UNI, **settings)
    assert apart(scores(made), scores(made, size=1)) < 1e-5


@pytest.mark.parametrize("architecture", [BI, FUSED])
def test_each_label_is_encoded_once_and_scored_as_in_the_library(classifier, architecture, tmp_path):
    made = classifier(architecture)
    library = stock(made, tmp_path)
    assert apart(scores(made), scores(made, library)) < 1e-5
    read = []
    made.model.model.label_encoder.register_forward_hook(lambda module, inputs, output: read.append(len(output[0])))
    scores(made)
    assert read == [len(LABELS)]
    library.model.label_encoder.register_forward_hook(lambda module, inputs, output: read.append(len(output[0])))
    scores(made, library)
    assert read[1] == sum(map(len, ASKED))


def test_decoder_kv_scores_are_its_own(classifier):
    made = classifier(DECODER_KV)
    assert apart(scores(made), scores(made, size=1)) < 1e-5
