"""Labels beyond a model's room: every label is asked once, and what the parts find stands together as within one."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gliexp.data.labels import Offered
from gliexp.errors import Refusal
from gliexp.models import architecture, classify, gliner
from gliexp.models.class_inputs import LabelsTooLong
from gliexp.models.label_parts import LEAST_ROOM, label_parts, longest, merge_parts, predict_in_parts, told
from gliexp.models.predict import Prediction, Relation, Span, predict
from gliexp.models.room import Room

from . import classifiers
from .conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn

MANY = [f"label number {number} of many" for number in range(150)]
OPTIONS: dict[str, Any] = {"threshold": 0.5, "batch_size": 2}


@pytest.fixture(scope="module", params=["uni_markerV0", "uni_token", "bi_span", "relex_span_dot"])
def model(request: pytest.FixtureRequest, values: Any, collated: Any) -> Any:
    made: Any = gliner.build(values(request.param), seed=1)
    learn(made, collated(made), steps=60)
    return made


def test_every_label_is_asked_once_with_room_for_text(model: Any) -> None:
    room, whole = Room(model), Offered([*ENTITY_TYPES, *MANY], [])
    parts = label_parts(room, whole)
    assert [label for part in parts for label in part.entity] == whole.entity
    assert room.limit is not None
    assert all((room.left(part) or 0) >= LEAST_ROOM for part in parts)
    if architecture.has_labels_encoder(model):  # its labels take no room
        assert parts == [whole]
    else:
        assert len(parts) > 2
        assert room.left(longest(room, parts)) == min(room.left(part) or 0 for part in parts)
        assert "153 labels take" in told(room, whole, parts)[0]


def test_a_set_that_fits_is_not_cut(model: Any) -> None:
    room, whole = Room(model), Offered(ENTITY_TYPES, [])
    assert label_parts(room, whole) == [whole]
    assert told(room, whole, [whole]) == []
    asked = predict_in_parts(model, ROWS, [whole], None, flat_ner=True, **OPTIONS)
    assert asked == predict(model, ROWS, ENTITY_TYPES, None, flat_ner=True, **OPTIONS)


def test_relations_are_cut_and_keep_all_entity_labels(values: Any, collated: Any) -> None:
    made: Any = gliner.build(values("relex_span_dot"), seed=1)
    learn(made, collated(made), steps=60)
    room, whole = Room(made), Offered(ENTITY_TYPES, [*RELATION_TYPES, *MANY])
    parts = label_parts(room, whole)
    assert len(parts) > 2
    assert all(part.entity == ENTITY_TYPES for part in parts)
    assert [label for part in parts for label in part.relation] == whole.relation
    found = predict_in_parts(made, ROWS, parts, None, flat_ner=True, **OPTIONS)
    assert any(one.entities for one in found)
    for prediction in found:
        assert all(one.head in prediction.entities and one.tail in prediction.entities for one in prediction.relations)
    with pytest.raises(Refusal, match="what every part must hold"):
        label_parts(room, Offered([*ENTITY_TYPES, *MANY], RELATION_TYPES))


def test_a_single_label_without_room_is_refused(values: Any) -> None:
    room = Room(gliner.build(values("uni_markerV0"), seed=1))
    with pytest.raises(Refusal, match="no room for text"):
        label_parts(room, Offered(["person", "many words " * 80], []))


spans = st.builds(
    lambda start, width, label, score: Span(start, start + width, label, score),
    st.integers(0, 6),
    st.integers(0, 2),
    st.sampled_from("abc"),
    st.floats(0.1, 1),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(spans, max_size=5), min_size=2, max_size=3), st.booleans())
def test_what_may_not_stand_together_goes_by_score(found: list[list[Span]], flat_ner: bool) -> None:
    merged = merge_parts([Prediction(tuple(part)) for part in found], flat_ner=flat_ner).entities
    best: dict[tuple[int, int, str], float] = {}
    for span in (span for part in found for span in part):
        place = (span.start, span.end, span.label)
        best[place] = max(span.score, best.get(place, 0.0))
    expected: list[tuple[int, int, str]] = []
    for place in sorted(best, key=lambda place: (-best[place], place)):  # the library's greedy search, said anew
        start, end, _ = place
        for other_start, other_end, _ in expected:
            apart = end < other_start or other_end < start
            inside = (other_start <= start and end <= other_end) or (start <= other_start and other_end <= end)
            same = (start, end) == (other_start, other_end)
            if not apart and (flat_ner or same or not inside):
                break
        else:
            expected.append(place)
    assert {(span.start, span.end, span.label) for span in merged} == set(expected)
    assert {span.score for span in merged} <= set(best.values())


def test_a_relation_goes_with_its_ends() -> None:
    weak, strong, far = Span(0, 1, "a", 0.6), Span(1, 1, "b", 0.9), Span(4, 4, "a", 0.8)
    first = Prediction((weak, far), (Relation(weak, far, "in", 0.7),))
    second = Prediction((strong, far), (Relation(strong, far, "in", 0.5),))
    merged = merge_parts([first, second], flat_ner=True)
    assert set(merged.entities) == {strong, far}
    assert [(one.head, one.label) for one in merged.relations] == [(strong, "in")]


@pytest.mark.parametrize(("most", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (4, [4, 3]), (7, [7]), (50, [7])])
def test_a_question_to_a_classifier_holds_so_many_labels(
    most: int, sizes: list[int], classifier: classifiers.Make
) -> None:
    inputs, labels = classifier("uni-encoder").inputs(64, most), [f"label {n}" for n in range(7)]
    parts = classify.parts(inputs, classifiers.ROWS[0], labels)
    assert [label for part in parts for label in part] == labels
    assert [len(part) for part in parts] == sizes


def test_classes_are_asked_in_parts_and_a_set_that_fits_is_not_cut(classifier: classifiers.Make) -> None:
    made = classifier("uni-encoder")
    inputs, row = made.inputs(64), classifiers.ROWS[0]
    labels = [*classifiers.LABELS, *MANY]
    parts = classify.parts(inputs, row, labels)
    assert [label for part in parts for label in part] == labels
    assert len(parts) > 2
    assert classify.parts(inputs, row, classifiers.LABELS) == [classifiers.LABELS]
    (scores, few) = classify.logits(made.model, inputs, [row, row], [labels, classifiers.LABELS], 4)
    assert len(scores) == len(labels)
    alone = [classify.logits(made.model, inputs, [row], [part], 1)[0] for part in parts]
    assert torch.allclose(scores, torch.cat(alone), atol=1e-4)
    assert len(few) == len(classifiers.LABELS)
    with pytest.raises(LabelsTooLong):
        classify.parts(inputs, row, ["many words " * 60])
