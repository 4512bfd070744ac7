"""Quick batches are the library's, tensor by tensor, for the same rows and the same labels."""

from __future__ import annotations

import copy
import pickle
import random

import pytest
import torch
from gliner.data_processing.utils import prepare_word_mask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from gliexp.config.compose import compose
from gliexp.models import gliner
from gliexp.runs import stages
from gliexp.training.quick_collation import KnownWords, SpanLabels, Words, quicken

VARIANTS = {
    "span": ("task=ner",),
    "span, last sub-token": ("task=ner", "model.subtoken_pooling=last"),
    "span, all sub-tokens": ("task=ner", "model.subtoken_pooling=mean"),
    "short rows": ("task=ner", "model.max_len=5", "model.max_width=3"),
    "token": ("task=ner", "span_mode=token_level"),
    "token with spans": ("task=ner", "span_mode=token_level", "model.represent_spans=true"),
    "biencoder": ("task=biencoder",),
    "biencoder token": ("task=biencoder", "span_mode=token_level"),
    "relex": ("task=relex",),
    "relex token": ("task=relex", "span_mode=token_level"),
    "decoder": ("task=decoder",),
    "streaming": ("task=streaming",),
}
QUICK = {
    "span": {SpanLabels, KnownWords},
    "span, last sub-token": {SpanLabels, KnownWords},
    "span, all sub-tokens": {SpanLabels, KnownWords},
    "short rows": {SpanLabels, KnownWords},
    "token": {KnownWords},
    "token with spans": {KnownWords},
    "biencoder": {SpanLabels},
    "biencoder token": set(),
    "relex": {SpanLabels, KnownWords},
    "relex token": {KnownWords},
    "decoder": set(),
    "streaming": {SpanLabels},
}
WORDS = [
    "Alice",
    "met",
    "BOB",
    "in",
    "Überlingen",
    "antidisestablishmentarianism",
    ".",
    "<<ENT>>",
    "日本",
    "\u200b",
    "x" * 40,
]
LABELS = ["person", "location", "organization of a company", "person"]
RELATIONS = ["works for", "located in"]


@st.composite
def row(draw):
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
    place = st.integers(0, len(words) + 1)
    spans = draw(st.lists(st.tuples(place, st.integers(0, 5), st.sampled_from(LABELS[:3])), max_size=4))
    entities = [[start, start + more, label] for start, more, label in spans if start + more <= len(words) + 2]
    number = st.integers(0, len(entities) - 1) if entities else st.nothing()
    pairs = draw(st.lists(st.tuples(number, number, st.sampled_from(RELATIONS)), max_size=3)) if entities else []
    offered = st.lists(st.sampled_from(LABELS), max_size=4)
    return (
        {"tokenized_text": words, "ner": entities, "relations": [list(pair) for pair in pairs]},
        draw(offered),
        draw(st.lists(st.sampled_from(RELATIONS), max_size=2)),
    )


@pytest.fixture(scope="module")
def model_of():
    built = {}

    def of(name):
        if name not in built:
            built[name] = stages.build_model(compose(VARIANTS[name])).model
        return built[name]

    return of


def both(model, rows, types):
    made = []
    for collator in (gliner.training_collator(model), quicken(gliner.training_collator(model), model)):
        random.seed(0)
        torch.manual_seed(0)
        made.append(collator(copy.deepcopy(rows), **types))
    return made


def assert_same(library, quick):
    assert library.keys() == quick.keys()
    for name, value in library.items():
        if torch.is_tensor(value):
            assert quick[name].dtype == value.dtype, name
            assert torch.equal(quick[name], value), name
        else:
            assert quick[name] == value, name


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(row(), min_size=1, max_size=4))
def test_batches_are_the_librarys(model_of, variant, given_rows):
    model = model_of(variant)
    rows, entity, relation = zip(*given_rows, strict=True)
    try:
        library, quick = both(model, list(rows), {"entity_types": list(entity), "relation_types": list(relation)})
    except (IndexError, RuntimeError, ValueError):
        # what the library cannot collate (positions behind the text in token models), quick batches need not
        gliner_alone = gliner.training_collator(model)
        with pytest.raises((IndexError, RuntimeError, ValueError)):
            gliner_alone(list(rows), entity_types=list(entity), relation_types=list(relation))
        return
    assert_same(library, quick)


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_takes_the_methods_that_fit_it(model_of, variant):
    model = model_of(variant)
    before = type(model.data_processor), dict(vars(model.data_processor))
    processor = quicken(gliner.training_collator(model), model).collator.data_processor
    assert {SpanLabels, KnownWords} & set(type(processor).__mro__) == QUICK[variant]
    assert (type(model.data_processor), dict(vars(model.data_processor))) == before


def test_rows_longer_than_the_tokenizer_reads_are_cut_as_the_library_cuts_them(model_of, monkeypatch):
    model = model_of("span")
    monkeypatch.setattr(model.data_processor.transformer_tokenizer, "model_max_length", 17)
    rows = [{"tokenized_text": WORDS, "ner": [[0, 0, "person"]]}, {"tokenized_text": ["in"], "ner": []}]
    library, quick = both(model, rows, {"entity_types": [["person"], ["person"]]})
    assert library["input_ids"].shape[1] == 17
    assert_same(library, quick)


def test_descriptions_of_labels_are_read(model_of):
    from gliexp.models.descriptions import describe

    model = stages.build_model(compose(["task=ner"])).model
    describe(model, {"person": "somebody who has a name"})
    rows = [{"tokenized_text": WORDS, "ner": [[0, 0, "person"]]}]
    library, quick = both(model, rows, {"entity_types": [["person", "location"]]})
    assert_same(library, quick)
    assert (
        quick["input_ids"].shape[1]
        > both(model_of("span"), rows, {"entity_types": [["person", "location"]]})[1]["input_ids"].shape[1]
    )


def test_data_workers_can_be_given_it(model_of):
    model = model_of("span")
    collator = quicken(gliner.training_collator(model), model)
    rows = [{"tokenized_text": WORDS, "ner": [[0, 0, "person"]]}]
    again = pickle.loads(pickle.dumps(collator))
    assert_same(collator(rows, entity_types=[["person"]]), again(rows, entity_types=[["person"]]))


def tokenizer_of(kind):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    if kind == "bytes":
        vocabulary = {
            letter: number for number, letter in enumerate([*sorted(pre_tokenizers.ByteLevel.alphabet()), "[PAD]"])
        }
        tokenizer = Tokenizer(models.BPE(vocabulary, []))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", model_max_length=60)
    vocabulary = [
        (piece, -float(number)) for number, piece in enumerate([*special, "▁", *"abcdefghijklmnopqrstuvwxyz"])
    ]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=1))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first" if kind == "first" else "always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=60
    )


@pytest.mark.parametrize("pooling", ["first", "last", "max"])
@pytest.mark.parametrize("kind", ["bytes", "always", "first"])
@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*WORDS, "a", "b c", "é"]), min_size=1, max_size=9), min_size=1, max_size=3))
def test_other_tokenizers_are_read_alike(kind, pooling, rows):
    tokenizer = tokenizer_of(kind)
    library = tokenizer(rows, is_split_into_words=True, return_tensors="pt", truncation=True, padding="longest")
    prompts = [min(1, len(row)) for row in rows]
    mask = prepare_word_mask(rows, library, skip_first_words=prompts, subtoken_pooling=pooling)
    words = Words.of(tokenizer)
    assert words is not None
    assert_same({**library, "words_mask": torch.tensor(mask)}, words.batch(rows, prompts, pooling))


def test_a_tokenizer_that_pads_in_front_keeps_the_librarys_way():
    tokenizer = tokenizer_of("always")
    tokenizer.padding_side = "left"
    assert Words.of(tokenizer) is None
