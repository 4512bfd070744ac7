"""Descriptions stand in the prompt for labels; everything else knows the names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gliner import GLiNER

from gliexp.config.compose import compose
from gliexp.data.labels import LabelSampler, Offered
from gliexp.errors import Refusal
from gliexp.models import export, gliner
from gliexp.models.descriptions import describe, descriptions_of
from gliexp.models.predict import predict
from gliexp.models.room import Room
from gliexp.models.usage import Usage

from .conftest import ENTITY_TYPES, RELATION_TYPES

ROWS = [{"tokenized_text": "alice worked near london".split(), "ner": []}]
TEXTS = {ENTITY_TYPES[0]: "a long text that says what it is"}
NAMES = ["uni_markerV0", "uni_token", "bi_span", "relex_span_dot", "streaming"]


def found(model: Any, labels: list[str], relations: list[str] | None) -> list[Any]:
    (prediction,) = predict(model, ROWS, labels, relations, threshold=0.0, flat_ner=False, batch_size=1)
    return [(span.start, span.end, span.label, round(span.score, 6)) for span in prediction.entities]


@pytest.mark.parametrize("name", NAMES)
def test_a_described_model_finds_under_the_name_what_it_would_find_under_the_text(values: Any, name: str) -> None:
    model = gliner.build(values(name), seed=1)
    relations = RELATION_TYPES if name.startswith("relex") else None
    label, other = ENTITY_TYPES[0], ENTITY_TYPES[1]
    by_text = [
        (*span[:2], label if span[2] in TEXTS.values() else span[2], span[3])
        for span in found(model, [TEXTS[label], other], relations)
    ]
    plain = found(model, [label, other], relations)
    describe(model, TEXTS)
    assert found(model, [label, other], relations) == by_text != plain
    assert descriptions_of(model) == TEXTS


def test_training_batches_and_room_see_the_text(values: Any) -> None:
    plain, described = (gliner.build(values("uni_markerV0"), seed=1) for _ in range(2))
    describe(described, TEXTS)
    types = {"entity_types": [[ENTITY_TYPES[0]]]}
    sizes = [gliner.training_collator(model)(ROWS, **types)["input_ids"].shape[1] for model in (plain, described)]
    rooms = [Room(model).prompt(Offered([ENTITY_TYPES[0]], [])) for model in (plain, described)]
    assert sizes[1] - sizes[0] == rooms[1] - rooms[0] > 0


def test_the_longest_prompt_is_told_by_the_texts() -> None:
    sampler = LabelSampler(["a", "long label"], max_types=1, texts={"a": "a text that is longer than that"})
    assert sampler.most({"ner": []}).entity == ["a"]


def test_the_stock_library_answers_the_same_to_the_mapping(values: Any, tmp_path: Path) -> None:
    model = gliner.build(values("uni_token"), seed=1)
    describe(model, TEXTS)
    gliner.save(model, tmp_path / "model")
    assert export.verify(model, tmp_path / "model", ROWS, [ENTITY_TYPES[0]]) <= 1e-5
    stock = GLiNER.from_pretrained(str(tmp_path / "model"))
    (answer,) = stock.inference(["alice worked near london"], TEXTS, threshold=0.0, flat_ner=False)
    ours = found(model, [ENTITY_TYPES[0]], None)
    assert sorted(round(one["score"], 4) for one in answer) == sorted(round(one[3], 4) for one in ours)
    assert {one["label"] for one in answer} == {ENTITY_TYPES[0]}


def test_a_saved_model_remembers_them(tmp_path: Path) -> None:
    usage = Usage(entity_labels=("a",), label_descriptions={"a": "b"})
    usage.write(tmp_path)
    assert Usage.read(tmp_path) == usage
    (tmp_path / "gliexp_usage.json").write_text(json.dumps({"label_descriptions": {"a": 1}}))
    with pytest.raises(Refusal, match="label_descriptions"):
        Usage.read(tmp_path)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{a: ''}", "is no text"),
        ("{a: x, b: x}", "have one description"),
        ("{a: b, b: c}", "the description of 'a' is the label 'b'"),
        ("{a: '<<SEP>>'}", "reserved"),
    ],
)
def test_descriptions_that_cannot_be_told_apart_are_refused(tmp_path: Path, value: str, reason: str) -> None:
    (tmp_path / "t.jsonl").touch()
    with pytest.raises(Refusal, match=reason):
        compose([f"data.train_data={tmp_path}/t.jsonl", f"data.label_descriptions={value}"])
