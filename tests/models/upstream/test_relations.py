"""Faults of the relation models, each shown on the stock library first."""

from __future__ import annotations

from typing import Any

import pytest

from gliexp.models import gliner
from models.conftest import ENTITY_TYPES, OPTIONS, RELATION_TYPES, ROWS, still_fails

WORDS = "alice works at acme in paris".split()


def _collate(model: Any, row: dict[str, Any], entity: list[str] = ENTITY_TYPES) -> dict[str, Any]:
    collator = model._create_data_collator()
    return dict(collator([row], entity_types=[entity], relation_types=[RELATION_TYPES]))


@pytest.fixture(scope="module")
def span(values: Any, stock: Any) -> tuple[Any, Any]:
    model = gliner.build(values("relex_span_none"), seed=1)
    return model, stock(model)


@pytest.fixture(scope="module")
def token(values: Any, stock: Any) -> tuple[Any, Any]:
    model = gliner.build(values("relex_token_none"), seed=1)
    return model, stock(model)


@pytest.mark.parametrize("ner", [[], [[0, 0, "person"]]])
def test_token_relations_train_when_no_row_has_two_entities(ner: list[Any], token: tuple[Any, Any]) -> None:
    model, library = token
    row = {"tokenized_text": WORDS, "ner": ner, "relations": []}
    still_fails(lambda: _collate(library, row), TypeError, cure="CountedEntities.create_relation_labels")
    loss = model(**_collate(model, row), **OPTIONS).loss
    loss.backward()
    assert loss.isfinite()


@pytest.mark.parametrize("name", ["relex_span_dot", "relex_token_dot", "relex_span_none", "relex_token_none"])
def test_rows_without_entities_or_relations_train(name: str, values: Any) -> None:
    model: Any = gliner.build(values(name), seed=1)
    collator = gliner.training_collator(model)
    rows = [{"tokenized_text": WORDS, "ner": []}, {"tokenized_text": WORDS, "ner": [[0, 0, "person"]], "relations": []}]
    for entity, relation in ([[], []], [[], []]), ([ENTITY_TYPES] * 2, [[], RELATION_TYPES]), ([[], ["person"]], None):
        loss = model(**collator(rows, entity_types=entity, relation_types=relation), **OPTIONS).loss
        loss.backward()
        assert loss.isfinite()


def test_a_relation_after_a_duplicate_span_is_kept(span: tuple[Any, Any]) -> None:
    model, library = span
    ner = [[0, 0, "person"], [0, 0, "location"], [3, 3, "organization"], [5, 5, "location"]]
    row = {"tokenized_text": WORDS, "ner": ner, "relations": [[2, 3, "located in"], [0, 2, "employed by"]]}
    theirs, ours = (_collate(each, row) for each in (library, model))
    assert theirs["rel_matrix"].sum() < 2, "mended upstream: look at relation_entities.IndexedEntities"
    # pairs of three distinct spans: (0,1) (0,2) (1,0) (1,2) (2,0) (2,1)
    assert ours["rel_matrix"][0].nonzero().tolist() == [[0, 0], [3, 1]]
    assert ours["labels"].sum() == 4  # both labels of the first span


def test_a_relation_after_an_entity_whose_label_is_not_offered_joins_the_right_pair(span: tuple[Any, Any]) -> None:
    model, library = span
    offered = ["organization", "location"]
    theirs, ours = (_collate(each, ROWS[0], offered) for each in (library, model))
    assert theirs["rel_matrix"][0].nonzero().tolist() != [[0, 1]], (
        "mended upstream: look at relation_entities.IndexedEntities"
    )
    assert ours["rel_matrix"][0].nonzero().tolist() == [[0, 1]]


@pytest.mark.parametrize("which", ["span", "token"])
def test_a_relation_of_an_entity_with_itself_moves_no_other(which: str, values: Any, stock: Any) -> None:
    model = gliner.build(values(f"relex_{which}_dot"), seed=1)
    row = {**ROWS[0], "relations": [[0, 0, "founder of"], [0, 1, "employed by"]]}
    theirs, ours = (_collate(each, row) for each in (stock(model), model))
    assert theirs["adj_matrix"][0].diagonal().sum() == 1, "mended upstream: look at relation_entities"
    assert ours["adj_matrix"][0].diagonal().sum() == 0
    assert ours["rel_matrix"].sum() == 1


def test_order_of_the_entities_does_not_matter(span: tuple[Any, Any]) -> None:
    model, _ = span
    backwards = {
        "tokenized_text": WORDS,
        "ner": list(reversed(ROWS[0]["ner"])),
        "relations": [[2 - head, 2 - tail, label] for head, tail, label in ROWS[0]["relations"]],
    }
    first, second = _collate(model, ROWS[0]), _collate(model, backwards)
    assert first["rel_matrix"].equal(second["rel_matrix"])
    assert first["labels"].equal(second["labels"])
