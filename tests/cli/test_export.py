from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from runs.conftest import *  # noqa: F403

from gliexp.cli import main


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("onnxruntime") is None, reason="pip install 'gliexp[onnx]'")
def test_an_export_says_where_it_is_and_how_it_is_asked(
    entity_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(entity_model), "--to", str(tmp_path / "onnx")]) == 0
    assert "onnxruntime answers the same" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "onnx").iterdir()} >= {
        "model.onnx",
        "gliner_config.json",
        "tokenizer.json",
        "gliexp_usage.json",
    }
    assert main(["export", str(entity_model), "--to", str(tmp_path / "onnx")]) == 2
    assert "is there already" in capsys.readouterr().err


def test_refusals(entity_model: Path, class_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        ([str(class_model), "--to", str(tmp_path / "new")], "gliclass has no export"),
        ([str(entity_model)], "where is the export to go"),
        (["nothing/of/that/name"], "there is no such directory"),
    ):
        assert main(["export", *words]) == 2
        said = capsys.readouterr().err
        assert message in said
        assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--help"]) == 0
    assert "onnxruntime" in capsys.readouterr().out
