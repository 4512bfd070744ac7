from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from models import classifiers
from models.conftest import ENTITY_TYPES, RELATION_TYPES, ROWS

from gliexp.config.compose import compose
from gliexp.errors import Refusal
from gliexp.models.predict import predict
from gliexp.models.usage import Usage
from gliexp.runs.evaluate import Asked, Results, evaluate
from gliexp.runs.model_source import find
from gliexp.training.metrics import score_entities

from .conftest import written


def results(models: list[Path], data: Path, *overrides: str, **asked: object) -> Results:
    config = compose([f"data.test_data={data}", *overrides], environment=False).config
    return evaluate([find(str(model)) for model in models], config, Asked(**asked))  # type: ignore[arg-type]


def test_a_model_is_scored_as_it_says_itself(entity_model: Path, entity_rows: Path) -> None:
    (done,) = results([entity_model], entity_rows).models
    model = find(str(entity_model)).open()
    found = predict(model, ROWS, ENTITY_TYPES, threshold=0.3, flat_ner=True, batch_size=4)
    spans = [[(s.start, s.end, s.label) for s in one.entities] for one in found]
    expected = score_entities([row["ner"] for row in ROWS], spans)
    assert {key: done.metrics[key] for key in expected} == expected
    assert done.metrics["ner_micro_f1"] > 0.5
    assert done.usage.threshold == 0.3
    low, high = done.intervals["ner_micro_f1"]
    assert low <= done.metrics["ner_micro_f1"] <= high
    wrong = sum(len(row["ner"]) for row in ROWS) - done.counts["ner"].right.sum()
    assert sum("gold" in m and m["gold"] is not None for m in done.mistakes) == wrong
    assert done.milliseconds > 0


def test_every_mistake_is_listed_with_its_sentence_and_place(entity_model: Path, tmp_path: Path) -> None:
    row = {"tokenized_text": "alice works at acme in paris".split(), "ner": [[0, 0, "location"], [2, 2, "unicorn"]]}
    (done,) = results([entity_model], written(tmp_path / "r.jsonl", [row])).models
    kinds = {(m["kind"], (m["gold"] or {}).get("text"), (m["predicted"] or {}).get("text")) for m in done.mistakes}
    assert ("wrong label", "alice", "alice") in kinds
    assert ("missed", "at", None) in kinds
    assert ("spurious", None, "acme") in kinds
    assert {m["sentence"] for m in done.mistakes} == {"alice works at acme in paris"}
    assert {m["row"] for m in done.mistakes} == {f"{tmp_path}/r.jsonl:1"}
    assert done.confusion["location", "person"] == 1
    assert any("unicorn (1)" in notice for notice in done.notices)


def test_models_side_by_side_are_asked_the_same_and_compared(
    entity_model: Path, entity_rows: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(entity_model, other)
    Usage(threshold=1.0).write(other)
    found = results([entity_model, other], entity_rows)
    first, second = found.models
    assert first.usage.entity_labels == second.usage.entity_labels == tuple(ENTITY_TYPES)
    assert second.metrics["ner_micro_f1"] == 0.0
    micro = next(one for one in found.comparisons if one.score == "ner_micro_f1")
    assert micro.difference.value == -first.metrics["ner_micro_f1"]
    assert micro.difference.high < 0
    same = results([entity_model, other], entity_rows, threshold=0.3)
    assert {one.difference.value for one in same.comparisons} == {0.0}
    assert {one.difference.p for one in same.comparisons} == {1.0}


def test_labels_are_given_or_of_the_config_or_of_the_model_or_of_the_data(
    relation_model: Path, entity_rows: Path
) -> None:
    (done,) = results([relation_model], entity_rows).models
    assert set(done.usage.entity_labels) == set(ENTITY_TYPES)
    assert set(done.usage.relation_labels) == set(RELATION_TYPES)
    assert {"rel_strict_micro_f1", "rel_relaxed_micro_f1"} <= done.metrics.keys()
    assert "rel_micro_f1" in done.intervals
    (named,) = results([relation_model], entity_rows, "data.entity_labels=[person]").models
    assert named.usage.entity_labels == ("person",)
    (given,) = results([relation_model], entity_rows, labels=["unicorn"], relations=["employed by"]).models
    assert (given.usage.entity_labels, given.usage.relation_labels) == (("unicorn",), ("employed by",))
    assert any("no row has: unicorn" in notice for notice in given.notices)


def test_a_threshold_is_tuned_on_dev(entity_model: Path, entity_rows: Path) -> None:
    (done,) = results([entity_model], entity_rows, f"data.val_data={entity_rows}", tune=True).models
    for threshold in (0.05, 0.3, 0.6, 0.9):
        (other,) = results([entity_model], entity_rows, threshold=threshold).models
        assert done.metrics["ner_micro_f1"] >= other.metrics["ner_micro_f1"]
    with pytest.raises(Refusal, match=r"data\.val_data: no data"):
        results([entity_model], entity_rows, tune=True)


def test_long_rows_are_read_in_chunks_where_the_config_or_the_model_says_so(entity_model: Path, tmp_path: Path) -> None:
    words = ["the", "city", "runs", "."] * 150 + "alice works at acme".split()
    data = written(tmp_path / "long.jsonl", [{"tokenized_text": words, "ner": [[600, 600, "person"]]}])
    (cut,) = results([entity_model], data).models
    assert cut.metrics["ner_per_label"]["person"]["recall"] == 0
    assert any("1 rows are longer than what the model reads" in notice for notice in cut.notices)
    chunks = ["data.long_doc_chunking.enabled=true", "data.long_doc_chunking.max_words=40"]
    (whole,) = results([entity_model], data, *chunks, "data.long_doc_chunking.stride=5").models
    assert whole.metrics["ner_per_label"]["person"]["recall"] == 1
    assert not any("longer" in notice for notice in whole.notices)
    other = tmp_path / "other"
    shutil.copytree(entity_model, other)
    replace(find(str(entity_model)).usage, max_words=40, stride=5).write(other)
    (own,) = results([other], data).models
    assert own.metrics["ner_per_label"] == whole.metrics["ner_per_label"]


def test_classifiers_are_scored_with_their_mistakes(class_model: Path, class_rows: Path) -> None:
    (done,) = results([class_model], class_rows, labels=classifiers.LABELS).models
    assert 0 <= done.metrics["cls_micro_f1"] <= 1
    assert done.metrics["cls_micro_f1"] == pytest.approx(done.counts["cls"].scores("x")["x_micro_f1"])
    gold = [set(row["true"]) for row in classifiers.ROWS]
    wrong = {m["row"] for m in done.mistakes}
    right = sum(g == set(m) for g, m in zip(gold, _given(done), strict=True))
    assert len(wrong) == len(gold) - right


def _given(done) -> list[list[str]]:
    by_row = {m["row"]: m["predicted"] for m in done.mistakes}
    places = [f"{m}" for m in sorted(by_row)]
    found = []
    for number, row in enumerate(classifiers.ROWS, start=1):
        place = next((p for p in places if p.endswith(f":{number}")), None)
        found.append(by_row[place] if place else sorted(row["true"]))
    return found


@pytest.mark.slow
def test_one_word_and_a_document_of_22_000_words(entity_model: Path, tmp_path: Path) -> None:
    words = [*ROWS[0]["tokenized_text"], "."]
    times = 22_000 // len(words) + 1
    ner = [
        [start + turn * len(words), end + turn * len(words), label]
        for turn in range(times)
        for start, end, label in ROWS[0]["ner"]
    ]
    rows = [
        {"tokenized_text": ["alice"], "ner": [[0, 0, "person"]]},
        {"tokenized_text": words * times, "ner": ner},
    ]
    (done,) = results(
        [entity_model], written(tmp_path / "long.jsonl", rows), "data.long_doc_chunking.enabled=true"
    ).models
    assert done.metrics["examples"] == 2
    assert done.metrics["ner_boundary_recall"] > 0.3, {k: v for k, v in done.metrics.items() if "_recall" in k}


def test_a_hundred_and_fifty_labels_are_asked_in_parts(
    entity_model: Path, class_model: Path, entity_rows: Path, class_rows: Path
) -> None:
    many = [f"label number {n} of many" for n in range(147)]
    (done,) = results([entity_model], entity_rows, labels=[*ENTITY_TYPES, *many], threshold=0.5).models
    assert any("150 labels take" in notice and "parts" in notice for notice in done.notices)
    assert done.metrics["ner_micro_recall"] > 0
    labels = [*classifiers.LABELS, *many]
    (classed,) = results([class_model], class_rows, labels=labels, threshold=0.5).models
    assert set(classed.metrics["cls_per_label"]) <= set(labels)
    assert classed.metrics["examples"] == len(classifiers.ROWS)


def test_data_and_models_that_do_not_go_together_are_refused(
    entity_model: Path, class_model: Path, entity_rows: Path, class_rows: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    for models, data, asked, message in (
        ([entity_model], class_rows, {}, "which is classification"),
        ([class_model], entity_rows, {}, "text is missing.*entities"),
        ([entity_model, class_model], entity_rows, {}, "models of one library"),
        ([entity_model], empty, {}, "holds no row"),
        ([class_model], empty, {}, "holds no row"),
        ([entity_model], tmp_path / "none.jsonl", {}, "no such file"),
        ([entity_model], entity_rows, {"labels": ["many words " * 80]}, "no room for text"),
    ):
        with pytest.raises(Refusal, match=message) as refused:
            results(models, data, **asked)
        assert len(refused.value.problems) == 1
