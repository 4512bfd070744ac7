from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from runs.conftest import *  # noqa: F403

from gliexp.cli import main
from gliexp.config.compose import compose


def test_tables_and_files(entity_model: Path, entity_rows: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", str(entity_model), f"data.test_data={entity_rows}"]) == 0
    told = capsys.readouterr().out
    for part in ("entities, micro F1", "threshold", "examples a second", "person", "mistakes"):
        assert part in told
    (figures,) = tmp_path.glob("outputs/evaluations/*/metrics.json")
    (model,) = json.loads(figures.read_text())["models"]
    assert f"{model['test']['ner_micro_f1']:.3f}" in told
    errors = [json.loads(line) for line in (figures.parent / "errors.jsonl").read_text().splitlines()]
    assert sum(model["mistakes"].values()) == len(errors)


def test_several_models_side_by_side(entity_model: Path, entity_rows: Path, tmp_path: Path, capsys) -> None:
    other = tmp_path / "other"
    shutil.copytree(entity_model, other)
    words = ["evaluate", str(entity_model), str(other), f"data.test_data={entity_rows}", "--to", str(tmp_path / "o")]
    assert main(words) == 0
    assert "paired bootstrap" in capsys.readouterr().out
    assert main([*words, "--json", "--threshold", "0.9"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["asked"]["threshold"] for one in document["models"]] == [0.9, 0.9]
    assert document["comparisons"][0]["difference"]["value"] == 0.0


def test_a_run_is_scored_on_its_own_data(entity_model: Path, entity_rows: Path, tmp_path: Path, capsys) -> None:
    from omegaconf import OmegaConf

    run = tmp_path / "run"
    shutil.copytree(entity_model, run / "model")
    (run / "run.json").write_text(json.dumps({"status": "done"}))
    tree = compose([f"data.train_data={entity_rows}", f"data.test_data={entity_rows}"]).tree
    (run / "config.resolved.yaml").write_text(OmegaConf.to_yaml(tree))
    assert main(["evaluate", str(run), "--to", str(tmp_path / "o"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["data"][0]["path"] == str(entity_rows)
    assert document["models"][0]["test"]["examples"] == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no model is named"),
        (["data.test_data=x"], "no model is named"),
        (["MODEL"], "data.test_data=FILE"),
        (["MODEL", "MODEL", "data=sample"], "named twice"),
        (["MODEL", "data=sample", "--threshold", "x"], "0 to 1"),
        (["MODEL", "data=sample", "--nested", "--flat"], "one of them"),
        (["MODEL", "data.tset_data=x"], "data.test_data"),
        (["MODEL", "data.test_data=none.jsonl"], "no such file"),
        (["MODEL", "data=sample", "--frob"], "--frob"),
        (["none", "data=sample"], "no such directory"),
    ],
)
def test_wrong_words_are_refused(words, message, entity_model: Path, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *[str(entity_model) if word == "MODEL" else word for word in words]]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 2
    assert list(tmp_path.iterdir()) == []


def test_help(capsys) -> None:
    assert main(["evaluate", "--help"]) == 0
    assert "data.test_data" in capsys.readouterr().out
