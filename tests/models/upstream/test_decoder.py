"""Faults around the label decoder, each shown on the stock library first."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gliexp.models import gliner
from models.conftest import ENTITY_TYPES, OPTIONS, ROWS, still_fails

ROW = {"tokenized_text": "alice works at acme in paris".split(), "ner": [[0, 0, "person"], [3, 3, "organization"]]}


@pytest.fixture(scope="module", params=["decoder_span", "decoder_token"])
def pair(request: pytest.FixtureRequest, values: Any, stock: Any) -> tuple[Any, Any]:
    model = gliner.build(values(request.param, blank_entity_prob=0.0), seed=1)
    return model, stock(model)


def _collate(model: Any, rows: list[dict[str, Any]], types: list[str] = ENTITY_TYPES) -> dict[str, Any]:
    return dict(model._create_data_collator()(rows, entity_types=[types] * len(rows)))


def test_labels_end_and_padding_is_no_target(pair: tuple[Any, Any]) -> None:
    model, library = pair
    end = model.data_processor.decoder_tokenizer.eos_token_id
    theirs, ours = (each.data_processor.prepare_decoder_labels(["ab", "abcd"]) for each in (library, model))
    assert -100 not in theirs["labels"], "mended upstream: padding is ignored; look at decoder_labels.EndedLabels"
    assert theirs["labels"][1, -1] != end  # the longest label has no end at all
    kept = [row[row != -100].tolist() for row in ours["labels"]]
    assert [row[-1] for row in kept] == [end, end]
    assert [row.count(end) for row in kept] == [1, 1]
    assert torch.equal(ours["labels"] != -100, ours["attention_mask"].bool())
    assert torch.equal(ours["input_ids"][ours["attention_mask"] == 1], ours["labels"][ours["labels"] != -100])


def test_a_batch_without_entities_trains(pair: tuple[Any, Any]) -> None:
    model, library = pair
    rows = [{"tokenized_text": "the city runs".split(), "ner": []}] * 2
    batch = _collate(library, rows)
    errors = RuntimeError, TypeError, AttributeError, IndexError
    still_fails(lambda: library(**batch, **OPTIONS), *errors, cure="decoder_spans.SpansAsGenerated.decode_labels")
    loss = model(**_collate(model, rows), **OPTIONS).loss
    loss.backward()
    assert loss.isfinite()


def test_nothing_predicted_generates_nothing(pair: tuple[Any, Any]) -> None:
    model, library = pair
    rows = [{"tokenized_text": "the city runs".split(), "ner": None}]
    batch = model.collate_batch(rows, ["person"], model.create_collator())
    options = {"threshold": 1.0, "do_sample": False, "temperature": 1.0}
    for each in pair:
        each.eval()
        with torch.no_grad():
            for parameter in each.model.span_rep_layer.parameters():
                parameter.zero_()
    errors = RuntimeError, IndexError, ValueError
    still_fails(lambda: library.run_batch(batch, **options), *errors, cure="SpansAsGenerated.generate_labels")
    result = model.run_batch(batch, **options)
    assert model.decode_batch(result, batch, threshold=1.0) == [[]]


def test_training_attends_to_what_generation_attends_to(values: Any, stock: Any) -> None:
    model = gliner.build(values("decoder_span", blank_entity_prob=0.0), seed=1)
    rows = [ROWS[1]]  # spans of one and of four words: the shorter is padded
    seen = {}
    for name, each in (("cured", model), ("stock", stock(model))):
        decoder = each.model.decoder
        forward, masks = decoder.forward, []

        def spy(*args: Any, forward: Any = forward, masks: list[Any] = masks, **kwargs: Any) -> Any:
            masks.append(kwargs["attention_mask"])
            return forward(*args, **kwargs)

        decoder.forward = spy
        batch = _collate(each, rows)
        each(**batch, **OPTIONS)
        seen[name] = masks[0]
        width = batch["decoder_labels_ids"].shape[1] - 1
        seen[name] = masks[0][:, : masks[0].shape[1] - width]
    assert (seen["stock"] == 0).any(), "mended upstream: look at decoder_spans.SpansAsGenerated"
    assert (seen["cured"] == 1).all()


def test_spans_take_no_more_columns_than_needed(pair: tuple[Any, Any]) -> None:
    model, library = pair
    representations, keep = torch.randn(2, 40, 8), torch.zeros(2, 40, dtype=torch.long)
    keep[0, [3, 7]] = 1
    theirs, ours = (each.model.select_decoder_embedding(representations, keep) for each in (library, model))
    assert theirs[0].shape[1] == 40, "mended upstream: look at decoder_spans.SpansAsGenerated"
    assert ours[0].shape[1] == 3
    assert all(torch.equal(mine, other[:, :3]) for mine, other in zip(ours, theirs, strict=True))


def test_a_second_label_of_a_span_is_no_negative(values: Any, stock: Any) -> None:
    model = gliner.build(values("decoder_span", blank_entity_prob=0.0), seed=1)
    row = {"tokenized_text": "alice works".split(), "ner": [[0, 0, "person"], [0, 0, "location"]]}
    theirs, ours = (_collate(each, [row])["labels"] for each in (stock(model), model))
    assert theirs.sum() == 1, "mended upstream: remove decoder_labels.EveryLabel"
    assert ours[0, 0].tolist() == [1.0, 0.0, 1.0]


def test_span_models_keep_every_label_of_a_span(values: Any, stock: Any) -> None:
    """No cure: `get_dict` keeps one label, but only the mask is made from it, and the labels are multi-hot."""
    model = gliner.build(values("uni_markerV0"), seed=1)
    row = {"tokenized_text": "alice works".split(), "ner": [[0, 0, "person"], [0, 0, "location"]]}
    assert _collate(stock(model), [row])["labels"][0, 0].tolist() == [1.0, 0.0, 1.0]


def test_token_decoder_pairs_spans_with_their_own_labels(values: Any, stock: Any) -> None:
    model = gliner.build(values("decoder_token", blank_entity_prob=0.0, neg_spans_ratio=0.0), seed=1)
    unsorted = {"tokenized_text": ROW["tokenized_text"], "ner": list(reversed(ROW["ner"]))}
    theirs, ours = (_collate(each, [unsorted]) for each in (stock(model), model))
    assert theirs["span_idx"][0].tolist() == [[3, 3], [0, 0]], (
        "mended upstream: look at decoder_labels.OrderedBlankLabels"
    )
    assert ours["span_idx"][0].tolist() == [[0, 0], [3, 3]]
    texts = model.data_processor.decoder_tokenizer.batch_decode(ours["decoder_labels_ids"], skip_special_tokens=True)
    assert [text.strip() for text in texts] == ["person", "organization"]
    assert torch.equal(theirs["decoder_labels_ids"], ours["decoder_labels_ids"][:, :-1])


def test_blank_mode_of_the_token_decoder_has_one_type_and_all_entities(values: Any, stock: Any) -> None:
    model = gliner.build(values("decoder_token", blank_entity_prob=1.0, neg_spans_ratio=0.0), seed=1)
    theirs, ours = (_collate(each, [ROW]) for each in (stock(model), model))
    assert (theirs["input_ids"] == model.config.class_token_index).sum() == 1
    assert theirs["labels"].shape[2] == 3, "mended upstream: look at decoder_labels.OrderedBlankLabels"
    assert ours["labels"].shape[2] == ours["span_labels"].shape[2] == 1
    assert ours["labels"][0, :, 0, 0].tolist() == [1, 0, 0, 1, 0, 0]
    assert ours["span_labels"].flatten().tolist() == [1, 1]


def test_token_decoder_is_built_without_the_shifted_context(values: Any) -> None:
    built = gliner.build(values("decoder_token", full_decoder_context=True), seed=1)
    assert built.config.full_decoder_context is False
    core: Any = built.model
    mask = torch.tensor([[0, 1, 2, 3, 4, 5, 6]])  # one token a word, a prompt token first
    words = torch.arange(7.0).view(1, 7, 1).expand(1, 7, 32)
    selected, selected_mask, _ = core.select_token_decoder_embedding(
        torch.zeros(1, 1, 32),
        torch.ones(1, 1),
        span_logits=torch.zeros(1, 1, 1),
        span_rep=torch.full((1, 1, 32), -1.0),
        span_idx=torch.tensor([[[3, 3]]]),
        span_mask=torch.ones(1, 1, dtype=torch.bool),
        span_labels=torch.ones(1, 1, 1),
        decoder_text_embeds=words,
        decoder_words_mask=mask,
    )
    shown = selected[0, 0][selected_mask[0, 0]][:, 0].tolist()
    assert 3.0 in shown, "mended upstream: span (3, 3) shows word 3; look at configuration.settings"
    assert 4.0 not in shown  # the token of word 3 is the fourth of the text
