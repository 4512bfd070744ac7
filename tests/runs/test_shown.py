"""What is cut, lost or refused before training, on the built-in backbone."""

from __future__ import annotations

from typing import Any

import pytest

from gliexp.config.compose import compose
from gliexp.data import losses
from gliexp.data.splits import Splits
from gliexp.errors import Refusal
from gliexp.runs import stages
from gliexp.runs.shown import Shown, show

CHUNKS = "data.long_doc_chunking.enabled=true"
SIZE = ["data.long_doc_chunking.max_words=20", "data.long_doc_chunking.stride=5"]
DROP = "data.long_doc_chunking.drop_empty_chunks=true"
SHORT = {"tokenized_text": ["word"] * 8, "ner": [[0, 1, "law"]]}


@pytest.fixture(scope="module")
def built() -> Any:
    return stages.build_model(compose(["span_mode=token_level"]))


def long(words: int = 50, *entities: tuple[int, int, str], **more: Any) -> dict[str, Any]:
    return {"tokenized_text": ["word"] * words, "ner": [list(entity) for entity in entities], **more}


def splits_of(train: list[Any], dev: list[Any] | None = None, labels: list[str] | None = None) -> Splits:
    places = {"train": [f"t.jsonl:{n}" for n in range(1, len(train) + 1)], "dev": ["d.jsonl:1"] * len(dev or [])}
    return Splits(train=train, dev=dev or [], entity_labels=labels or ["law", "person"], places=places)


def look(built: Any, splits: Splits, *overrides: str) -> Shown:
    composed = compose(["span_mode=token_level", *overrides])
    return show(composed, built.model, splits, stages.label_sampler(composed, built, splits))


def test_training_rows_become_chunks_at_their_documents_places_and_dev_rows_stay(built: Any) -> None:
    document = long(50, (1, 2, "law"), (40, 41, "person"))
    shown = look(built, splits_of([SHORT, document], [document]), CHUNKS, *SIZE)
    rows = shown.splits.train
    assert rows[0] == SHORT
    assert shown.splits.places["train"] == ["t.jsonl:1", *["t.jsonl:2"] * (len(rows) - 1)]
    assert max(len(row["tokenized_text"]) for row in rows) == 20
    assert shown.splits.dev == [document]
    assert shown.chunker is not None
    assert len(shown.chunker.cut([document]).chunks) == shown.chunks["dev"]["chunks"] == 3
    assert shown.chunks["train"]["documents"] == 2
    assert shown.notices == [
        f"train: 2 documents became {len(rows)} chunks of at most 20 words",
        "dev: 1 documents are predicted in 3 chunks of at most 20 words",
    ]
    assert shown.dropped == {}


def test_that_nothing_is_cut_is_said_too(built: Any) -> None:
    shown = look(built, splits_of([SHORT]), CHUNKS, *SIZE)
    assert shown.notices == ["train: none of the 1 rows is longer than a chunk (20 words)"]
    assert shown.splits.train == [SHORT]


def test_what_no_chunk_holds_is_named_and_on_loss_decides(built: Any) -> None:
    splits = splits_of([long(50, (0, 49, "law"), (3, 3, "person"))])
    shown = look(built, splits, CHUNKS, *SIZE)
    assert shown.dropped == {f"train: {losses.SPLIT}": 1}
    assert shown.chunks["train"]["halved"] == shown.chunks["train"]["chunks"]
    assert "t.jsonl:1" in shown.notices[-1]
    with pytest.raises(Refusal, match=r"no chunk holds whole: t\.jsonl:1"):
        look(built, splits, CHUNKS, *SIZE, "data.on_loss=error")


def test_chunks_without_an_entity_can_be_left_out_of_training_alone(built: Any) -> None:
    document = long(50, (1, 2, "law"))
    shown = look(
        built, splits_of([document], [document]), CHUNKS, *SIZE, "data.long_doc_chunking.drop_empty_chunks=true"
    )
    assert len(shown.splits.train) == 1
    assert shown.chunks["train"]["empty"] == 2
    assert shown.chunks["dev"]["chunks"] == 3
    assert "2 without a whole entity are left out" in shown.notices[0]
    with pytest.raises(Refusal, match="none is left to train on"):
        look(built, splits_of([long(50, (0, 49, "law"))]), CHUNKS, *SIZE, DROP)


@pytest.fixture
def narrow(built: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A tokenizer that reads 40 sub-tokens."""
    monkeypatch.setattr(built.model.data_processor.transformer_tokenizer, "model_max_length", 40)
    return built


def test_what_the_tokenizer_cuts_is_counted_and_not_trained_on(narrow: Any) -> None:
    document = long(50, (1, 2, "law"), (48, 49, "law"))
    shown = look(narrow, splits_of([document, SHORT], [document]))
    (cut, short) = shown.splits.train
    assert short == SHORT
    assert 0 < len(cut["tokenized_text"]) < 40
    assert cut["ner"] == [[1, 2, "law"]]
    unread = 50 - len(cut["tokenized_text"])
    assert shown.dropped[f"train: {losses.UNREAD}"] == shown.dropped[f"dev: {losses.UNREAD}"] == unread
    assert shown.dropped[f"train: {losses.HIDDEN}"] == 1
    assert "long_doc_chunking.enabled=true" in shown.notices[0]
    with pytest.raises(Refusal, match="beyond the tokenizer's limit"):
        look(narrow, splits_of([document]), "data.on_loss=error")


def test_chunks_are_made_to_fit_the_tokenizer(narrow: Any) -> None:
    document = long(90, (1, 2, "law"), (48, 49, "law"))
    wide = [CHUNKS, "data.long_doc_chunking.max_words=60", "data.long_doc_chunking.stride=5"]
    shown = look(narrow, splits_of([document], [document]), *wide)
    assert shown.dropped == {}
    assert shown.chunks["train"]["tight"] > 0
    assert "to fit into the tokenizer's limit" in shown.notices[0]
    assert all(len(row["tokenized_text"]) < 40 for row in shown.splits.train)


def test_shared_words_that_fill_the_room_are_refused_with_what_would_fit(narrow: Any) -> None:
    document = long(90, (1, 2, "law"))
    wide = [CHUNKS, "data.long_doc_chunking.max_words=60"]
    with pytest.raises(
        Refusal, match=r"45 shared words do not fit .* 1 documents \(t\.jsonl:2\); allowed: 0 to (\d+)"
    ) as bad:
        look(narrow, splits_of([SHORT, document]), *wide, "data.long_doc_chunking.stride=45")
    allowed = bad.value.problems[0].allowed.removeprefix("0 to ").split(",")[0]
    shown = look(narrow, splits_of([SHORT, document]), *wide, f"data.long_doc_chunking.stride={allowed}")
    assert shown.dropped == {}


def test_a_prompt_without_room_for_text_is_refused(narrow: Any) -> None:
    crowd = [f"label number {number}" for number in range(40)]
    splits = splits_of([SHORT], [SHORT], labels=["law", *crowd])
    with pytest.raises(Refusal, match=r"data\.entity_labels: 41 labels take \d+ of the 40 sub-tokens"):
        look(narrow, splits)
    alone = splits_of([SHORT], labels=["law", *crowd])
    with pytest.raises(Refusal, match="no room for text"):
        look(narrow, alone, "data.label_sampling=all")
    shown = look(narrow, alone, "data.label_sampling=sampled")
    assert "can only be asked about fewer of them at once" in shown.notices[0]


def test_a_row_whose_own_labels_leave_no_room_is_refused_at_its_place(narrow: Any) -> None:
    crowd = [f"label number {number}" for number in range(40)]
    with pytest.raises(Refusal, match=r"the labels of this row take .*\[t\.jsonl:2\]"):
        look(narrow, splits_of([SHORT, {**SHORT, "ner_labels": ["law", *crowd]}]))


def test_a_saved_model_that_reads_less_than_a_chunk_is_refused(built: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built.model.config, "max_len", 10)
    with pytest.raises(Refusal, match="the saved model reads 10"):
        look(built, splits_of([SHORT]), CHUNKS, *SIZE)


def test_swapped_mentions_do_not_grow_a_row_beyond_the_tokenizer(narrow: Any) -> None:
    row = long(30, (0, 0, "law"))
    wide = long(30, (0, 19, "law"))
    composed = compose(["span_mode=token_level"])
    splits = splits_of([row, wide])
    swap = stages.mention_swap(1.0, narrow.model, splits, stages.label_sampler(composed, narrow, splits))
    assert swap is not None
    sizes = {len(swap(row, seed=seed, epoch=0, index=0)["tokenized_text"]) for seed in range(20)}
    assert sizes == {30}
