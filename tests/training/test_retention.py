from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliexp.config.compose import compose
from gliexp.data import sample
from gliexp.data.retained import retained
from gliexp.errors import Refusal
from gliexp.runs.start import retention

ROWS = [{"tokenized_text": row["tokenized_text"], "ner": row["ner"]} for row in sample.generate("ner", "dev")[:6]]


def put(path: Path, rows: list[dict[str, Any]]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_sets_are_scored_before_during_and_after_training(make_trainer: Any, tmp_path: Path) -> None:
    file = put(tmp_path / "other.jsonl", ROWS)
    words = [
        f"data.retention={file}",
        "training.eval_strategy=steps",
        "training.eval_steps=2",
        "training.max_steps=4",
        "training.load_best_model_at_end=false",
    ]
    trainer = make_trainer(*words, rows=16)
    kept = retention(compose(words).config, trainer)
    assert kept is not None
    trainer.add_callback(kept)
    trainer.train()
    key = "eval_retention_other_ner_micro_f1"
    assert [line["step"] for line in trainer.state.log_history if key in line] == [0, 2, 4]
    assert kept.figures["other"].keys() == {"before", "after"}
    scores = kept.evaluations["other"].score(trainer.model, ROWS)
    assert kept.figures["other"]["after"] == pytest.approx(scores["ner_micro_f1"])
    assert "other" in kept.told()


def test_the_weights_are_those_of_a_run_without_it(make_trainer: Any, tmp_path: Path) -> None:
    file = put(tmp_path / "other.jsonl", ROWS)
    ends = []
    for words in ([], [f"data.retention={file}"]):
        trainer = make_trainer("training.max_steps=3", *words, rows=16)
        kept = retention(compose(words).config, trainer)
        if kept is not None:
            trainer.add_callback(kept)
        trainer.train()
        ends.append([parameter.detach().clone() for parameter in trainer.model.parameters()])
    assert all(bool((one == other).all()) for one, other in zip(*ends, strict=True))


def test_files_are_told_apart_and_refused_by_name(tmp_path: Path) -> None:
    first, second = (put(tmp_path / part / "test.jsonl", ROWS) for part in ("a", "b"))
    config = compose([f"data.retention=[{first},{second}]"]).config
    assert list(retained(config.data, "ner")) == ["a_test", "b_test"]
    empty = put(tmp_path / "empty.jsonl", [{**ROWS[0], "ner": []}])
    with pytest.raises(Refusal, match="no row has an entity"):
        retained(compose([f"data.retention={empty}"]).config.data, "ner")
    with pytest.raises(Refusal, match=r"data\.retention"):
        compose(["data.retention=none.jsonl"])
