from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from gliexp.errors import Refusal, RunFailed
from gliexp.models import export, gliner
from gliexp.models.upstream.cured import Cured

from .conftest import ENTITY_TYPES, ROWS


@pytest.fixture
def directory(values: Any, tmp_path: Path) -> Path:
    return gliner.save(gliner.build(values("uni_markerV0"), seed=1), tmp_path / "model")


def _as_bin(directory: Path, model: Any) -> None:
    (directory / "model.safetensors").unlink()
    torch.save(model.model.state_dict(), directory / "pytorch_model.bin")


def test_both_weight_formats_load_with_cures(directory: Path) -> None:
    first: Any = gliner.load(directory)
    _as_bin(directory, first)
    again = gliner.load(str(directory))
    assert isinstance(again, Cured)
    assert isinstance(again.model, Cured)
    assert not again.training
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])
    assert export.verify(again, directory, ROWS, ENTITY_TYPES) <= 1e-5


def test_a_model_without_its_own_tokenizer_code_or_config_is_refused(directory: Path) -> None:
    (directory / "gliner_config.json").unlink()
    with pytest.raises(Refusal, match=r"no gliner_config\.json"):
        gliner.load(directory)


@pytest.mark.parametrize(("text", "message"), [("{", "damaged"), ("[1]", "no GLiNER"), ('{"a": 1}', "no GLiNER")])
def test_a_damaged_config_is_refused(text: str, message: str, directory: Path) -> None:
    (directory / "gliner_config.json").write_text(text)
    with pytest.raises(Refusal, match=message):
        gliner.load(directory)


def test_missing_and_truncated_weights_are_refused(directory: Path) -> None:
    weights = directory / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(Refusal, match="cannot be loaded"):
        gliner.load(directory)
    weights.unlink()
    with pytest.raises(Refusal, match="has no weights"):
        gliner.load(directory)


def test_a_pickle_with_code_is_refused_and_not_run(directory: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (marker,)

    (directory / "model.safetensors").unlink()
    torch.save({"weight": Evil()}, directory / "pytorch_model.bin", pickle_module=pickle)
    with pytest.raises(Refusal, match="unsafe or damaged"):
        gliner.load(directory)
    assert not marker.exists()


def test_missing_tensors_are_refused_instead_of_staying_random(directory: Path) -> None:
    model: Any = gliner.load(directory)
    holder = model.model.token_rep_layer.bert_layer
    holder.model = get_peft_model(holder.model, LoraConfig(r=2, target_modules=["query"]))
    with pytest.raises(RunFailed, match="merge them first"):
        gliner.save(model, directory)
    model.save_pretrained(directory, safe_serialization=True)
    with pytest.raises(Refusal, match=r"lacks \d+ tensors"):
        gliner.load(directory)


def test_a_saved_config_that_names_code_is_refused_unless_trusted(directory: Path) -> None:
    file = directory / "gliner_config.json"
    config = json.loads(file.read_text())
    config["encoder_config"]["auto_map"] = {"AutoConfig": "someone/else--code.Config"}
    file.write_text(json.dumps(config))
    with pytest.raises(Refusal, match="run code of its own"):
        gliner.load(directory)


@pytest.mark.parametrize("source", ["/no/such/directory", "not a repo name"])
def test_a_source_that_is_nowhere_is_refused(source: str) -> None:
    with pytest.raises(Refusal, match=r"model\.from_pretrained"):
        gliner.load(source)


def test_a_repository_out_of_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(Refusal, match="cannot be fetched"):
        gliner.load("nobody/no-such-gliner-anywhere")
