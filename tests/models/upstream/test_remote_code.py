"""Code of a repository runs with trust_remote_code and not otherwise, whatever the libraries hard-code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliexp.config.schema.classifier import UNI
from gliexp.errors import Refusal
from gliexp.models import gliclass
from gliexp.models.upstream import remote_code
from models import classifiers
from models.conftest import backbones  # noqa: F401

OWN = """
from pathlib import Path
Path({mark!r}).write_text("ran")
from transformers import BertConfig
class OwnConfig(BertConfig):
    model_type = "own_kind"
"""


@pytest.fixture
def saved(backbones, tmp_path: Path) -> Path:  # noqa: F811
    """A saved classifier whose encoder is of a type that a neighbouring directory brings code for."""
    place = gliclass.save(classifiers.make(backbones)(UNI), tmp_path / "model")
    brings = tmp_path / "brings_code"
    brings.mkdir()
    (brings / "own.py").write_text(OWN.format(mark=str(tmp_path / "mark")))
    own = {"model_type": "own_kind", "auto_map": {"AutoConfig": "own.OwnConfig"}}
    (brings / "config.json").write_text(json.dumps(own))
    config = json.loads((place / "config.json").read_text())
    config["encoder_config"]["model_type"] = "own_kind"
    config["encoder_model"] = config["encoder_model_name"] = str(brings)
    (place / "config.json").write_text(json.dumps(config))
    return place


def test_the_stock_library_runs_it_unasked(saved: Path, tmp_path: Path) -> None:
    from gliclass import GLiClassModelConfig

    config = json.loads((saved / "config.json").read_text())
    GLiClassModelConfig(**config)
    assert (tmp_path / "mark").exists(), "mended upstream: gliclass/config.py:95 no longer trusts"


def test_a_saved_classifier_with_code_is_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"asks to run code of its own \(a model of type own_kind\)"):
        gliclass.load(saved)
    assert not (tmp_path / "mark").exists()


def test_code_is_found_at_any_depth(tmp_path: Path) -> None:
    nested = {"a": {"b": {"auto_map": {"AutoModel": "x--own.Model"}}}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"auto_map": ["own.Tokenizer", None]}))
    (tmp_path / "gliner_config.json").write_text(json.dumps(nested))
    assert "x--own.Model" in remote_code.needed_by(tmp_path)
    assert len(remote_code.needed_by(tmp_path)) == 2
    (tmp_path / "config.json").write_text("{")
    assert len(remote_code.needed_by(tmp_path)) == 2


def test_nobody_is_asked_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import AutoConfig

    remote_code.never_ask()
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "own.C"}}))
    (tmp_path / "own.py").write_text("raise RuntimeError('ran')")
    with pytest.raises(ValueError, match="trust_remote_code=True"):
        AutoConfig.from_pretrained(str(tmp_path))
