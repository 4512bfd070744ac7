"""Raw texts: the stock library's answers on short ones, chunks on long ones, offsets that say where things stand."""

from __future__ import annotations

from typing import Any

import pytest
from gliclass import ZeroShotClassificationPipeline
from gliner import GLiNER

from gliexp.data.labels import Offered
from gliexp.errors import Refusal
from gliexp.models import gliner
from gliexp.models.documents import chunker_for
from gliexp.models.texts import Words, classes_of, entities_in

from . import classifiers
from .conftest import ENTITY_TYPES, RELATION_TYPES, learn

TEXTS = [
    "Alice works at Acme in Paris.",
    "",
    "Bob founded the big company Acme",
    "carol",
    "  ",
    "Carol lives near London . The city runs; Bob works at a company in Paris with Alice.",
]


@pytest.fixture(scope="module", params=["uni_markerV0", "uni_token", "bi_span", "relex_span_dot"])
def model(request: pytest.FixtureRequest, values: Any, collated: Any) -> Any:
    made: Any = gliner.build(values(request.param), seed=1)
    learn(made, collated(made), steps=60)
    return made


def found_in(model: Any, texts: list[str], max_words: int | None = None, **changes: Any) -> list[dict[str, Any]]:
    chunker = chunker_for(model, Offered(ENTITY_TYPES, RELATION_TYPES), max_words)
    options = {"threshold": 0.3, "flat_ner": True, "batch_size": 4, **changes}
    words = [Words.split(model, text) for text in texts]
    return entities_in(model, words, chunker, [Offered(ENTITY_TYPES, RELATION_TYPES)], **options)


@pytest.mark.parametrize("flat_ner", [True, False])
def test_short_texts_are_answered_as_by_the_stock_library(model: Any, stock: Any, flat_ner: bool) -> None:
    ours = found_in(model, TEXTS, flat_ner=flat_ner)
    plain: GLiNER = stock(model)
    options = {"threshold": 0.3, "flat_ner": flat_ner, "batch_size": 4}
    if "Relex" in type(plain).__name__:
        entities, relations = plain.inference(TEXTS, ENTITY_TYPES, RELATION_TYPES, **options)
    else:
        entities, relations = plain.inference(TEXTS, ENTITY_TYPES, **options), [[] for _ in TEXTS]
    assert any(entities)
    for mine, theirs, related in zip(ours, entities, relations, strict=True):
        order = sorted(theirs, key=lambda one: (one["start"], one["end"], one["label"]))
        assert [{**one, "score": 0} for one in mine["entities"]] == [{**one, "score": 0} for one in order]
        scores = [one["score"] for one in order]
        assert [one["score"] for one in mine["entities"]] == pytest.approx(scores, abs=1e-5)
        ends = {(one["head"]["start"], one["tail"]["start"], one["relation"]) for one in related}
        spans = mine["entities"]
        assert {(spans[r["head"]]["start"], spans[r["tail"]]["start"], r["label"]) for r in mine["relations"]} == ends


def test_a_text_longer_than_the_model_reads_is_found_to_its_end(model: Any) -> None:
    (short,) = found_in(model, [TEXTS[0]])
    assert short["entities"]
    filler = "the city runs . " * 300
    (long,) = found_in(model, [filler + TEXTS[0]], max_words=20)
    assert len(filler.split()) > model.config.max_len
    assert max(one["end"] for one in long["entities"]) > len(filler)
    text = filler + TEXTS[0]
    assert all(one["text"] == text[one["start"] : one["end"]] for one in long["entities"])


def test_offsets_are_those_of_the_text_even_between_odd_spaces(model: Any) -> None:
    (found,) = found_in(model, ["\n Alice\tworks   at Acme \u00a0in Paris"])
    for one in found["entities"]:
        assert one["text"] == "\n Alice\tworks   at Acme \u00a0in Paris"[one["start"] : one["end"]]


def test_labels_without_room_for_text_are_refused(model: Any) -> None:
    many = Offered([f"label number {number} of many" for number in range(150)], [])
    if "Bi" in type(model).__name__:
        assert chunker_for(model, many)
        return
    with pytest.raises(Refusal, match="no room for text") as refused:
        chunker_for(model, many)
    assert len(refused.value.problems) == 1


def test_words_that_are_given_stand_a_space_apart() -> None:
    words = Words.joined(["New", "York", "."])
    assert words.text == "New York ."
    assert [words.text[a:b] for a, b in zip(words.starts, words.ends, strict=True)] == ["New", "York", "."]


def test_classes_are_those_of_the_stock_pipeline(classifier: classifiers.Make, tmp_path: Any) -> None:
    made = classifier("uni-encoder")
    texts = [row["text"] for row in classifiers.ROWS]
    pipeline = ZeroShotClassificationPipeline(
        classifiers.stock(made, tmp_path), made.tokenizer, max_length=64, device="cpu", progress_bar=False
    )
    threshold = 0.4
    theirs = pipeline(texts, classifiers.LABELS, threshold=threshold)
    rows = [{"text": text} for text in [*texts, " "]]
    ours = classes_of(made, rows, classifiers.LABELS, threshold=threshold, max_length=64, batch_size=2)
    assert ours[-1] == {"classes": []}
    assert any(theirs)
    for mine, other in zip(ours, theirs, strict=False):
        expected = {one["label"]: one["score"] for one in other}
        assert {one["label"]: one["score"] for one in mine["classes"]} == pytest.approx(expected, abs=1e-5)


def test_of_a_text_that_is_too_long_the_rest_is_counted(classifier: classifiers.Make) -> None:
    made = classifier("uni-encoder")
    options = {"threshold": 0.5, "max_length": 40, "batch_size": 2}
    short, long = classes_of(made, [{"text": "alice"}, {"text": "alice " * 500}], classifiers.LABELS, **options)
    assert "cut" not in short
    assert long["cut"] > 400
    many = [f"label {n} of many" for n in range(150)]
    (found,) = classes_of(made, [{"text": "alice"}], many, **{**options, "threshold": 0.0})
    assert sorted(one["label"] for one in found["classes"]) == sorted(many)
    with pytest.raises(Refusal, match="labels"):
        classes_of(made, [{"text": "a"}], ["a", "many words " * 30], **options)
