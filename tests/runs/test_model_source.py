from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gliexp.errors import Refusal
from gliexp.models.usage import FILE, Usage
from gliexp.runs.model_source import GLICLASS, GLINER, find


def test_saved_models_of_both_libraries_are_told_apart(entity_model: Path, class_model: Path) -> None:
    assert find(str(entity_model)).library == GLINER
    assert find(str(class_model)).library == GLICLASS
    assert find(str(entity_model)).usage.threshold == 0.3
    assert find(str(class_model)).usage == Usage()


def test_a_run_stands_for_the_model_it_saved_and_a_model_knows_its_run(entity_model: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(entity_model, run / "model")
    (run / "run.json").write_text(json.dumps({"status": "done"}))
    for named in (run, run / "model"):
        found = find(str(named))
        assert (found.place, found.run) == (run / "model", run)


def test_what_is_no_model_is_refused_with_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = {
        "failed/run.json": json.dumps({"status": "failed"}),
        "peft/adapter_config.json": "{}",
        "bert/config.json": json.dumps({"model_type": "bert"}),
        "torn/config.json": "{",
        "list/config.json": "[]",
        "bare/notes": "",
    }
    for name, text in made.items():
        Path(name).parent.mkdir()
        Path(name).write_text(text)
    cases = {
        "failed": "has saved no model .it is failed",
        "peft": "one peft adapter alone",
        "bert": "model_type 'bert'",
        "torn": "is damaged",
        "list": "neither a GLiNER nor a GLiClass",
        "bare": "is no saved model",
        "bare/notes": "is a file",
        "bares": "there is no such directory.*did you mean bare",
        "a/b/c": "there is no such directory",
    }
    for word, message in cases.items():
        with pytest.raises(Refusal, match=message) as refused:
            find(word)
        assert len(refused.value.problems) == 1


def test_damaged_weights_are_refused_under_the_name_that_was_given(
    entity_model: Path, class_model: Path, tmp_path: Path
) -> None:
    for number, place in enumerate((entity_model, class_model)):
        for damage in ("cut", "gone", "noise"):
            torn = tmp_path / f"{number}{damage}"
            shutil.copytree(place, torn)
            weights = torn / "model.safetensors"
            if damage == "gone":
                weights.unlink()
            else:
                weights.write_bytes(weights.read_bytes()[:3000] if damage == "cut" else b"\0" * 500)
            with pytest.raises(Refusal) as refused:
                find(str(torn)).open()
            assert [problem.key for problem in refused.value.problems] == [str(torn)]


def test_a_damaged_tokenizer_or_usage_is_refused(entity_model: Path, class_model: Path, tmp_path: Path) -> None:
    for number, place in enumerate((entity_model, class_model)):
        torn = tmp_path / str(number)
        shutil.copytree(place, torn)
        (torn / "tokenizer.json").write_text("{")
        with pytest.raises(Refusal):
            find(str(torn)).open()
    for text in ("{", "[]", '{"threshold": "high"}', '{"entity_labels": "a"}', '{"threshold": 7}'):
        (torn / FILE).write_text(text)
        with pytest.raises(Refusal, match="is damaged"):
            _ = find(str(torn)).usage


def test_usage_comes_back_as_it_was_written(tmp_path: Path) -> None:
    usage = Usage(entity_labels=("a", "b"), threshold=0.41, flat_ner=False, max_words=100, stride=10)
    usage.write(tmp_path)
    assert Usage.read(tmp_path) == usage
    assert Usage.read(tmp_path / "nowhere") is None
