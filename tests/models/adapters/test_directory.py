"""A saved adapter comes back whole, on its own base, or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel

from gliexp.errors import Refusal, RunFailed
from gliexp.models import adapters, architecture, export, gliner
from gliexp.models.adapters import files
from models.conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn


@pytest.fixture(scope="module")
def saved(adapted: Any, collated: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[adapters.Adapted, Path]:
    made = adapted("uni_markerV0")
    learn(made.model, collated(made.model), steps=4)
    run = tmp_path_factory.mktemp("run")
    adapters.save(made, run / "adapter")
    return made, run


@pytest.fixture
def copy(saved: tuple[adapters.Adapted, Path], tmp_path: Path) -> Path:
    shutil.copytree(saved[1] / "adapter", tmp_path / "adapter")
    return tmp_path / "adapter"


def test_a_run_stands_for_its_adapter_and_every_weight_is_back(saved: tuple[adapters.Adapted, Path]) -> None:
    made, run = saved
    again = adapters.load(run)
    for (key, mine), (_, other) in zip(made.model.state_dict().items(), again.model.state_dict().items(), strict=True):
        assert torch.equal(mine, other), key
    assert not any(p.requires_grad for n, p in again.model.named_parameters() if "lora_" in n)


def test_training_can_go_on_from_it(saved: tuple[adapters.Adapted, Path], collated: Any, tmp_path: Path) -> None:
    made, run = saved
    again = adapters.load(run, trainable=True)
    grads = {n: p.requires_grad for n, p in made.model.named_parameters()}
    assert {n: p.requires_grad for n, p in again.model.named_parameters()} == grads
    learn(again.model, collated(again.model), steps=2)
    third = adapters.load(adapters.save(again, tmp_path / "third")).model
    assert export.compare(again.model, third, "third", ROWS, ENTITY_TYPES) == 0.0


def test_a_part_opens_with_peft_alone(saved: tuple[adapters.Adapted, Path], values: Any) -> None:
    made, run = saved
    plain: Any = architecture.text_encoder(gliner.build(values("uni_markerV0"), seed=9))
    opened = PeftModel.from_pretrained(plain, str(run / "adapter" / "text_encoder"))
    tokens = torch.tensor([[2, 9, *architecture.special_token_ids(made.model).values(), 3]])
    theirs = opened(input_ids=tokens).last_hidden_state
    assert torch.allclose(theirs, architecture.text_encoder(made.model)(input_ids=tokens).last_hidden_state, atol=1e-6)


def test_another_base_is_refused_and_a_moved_one_is_not(
    saved: tuple[adapters.Adapted, Path], backbones: dict[str, str], tmp_path: Path
) -> None:
    _, run = saved
    moved = shutil.copytree(backbones["bert"], tmp_path / "moved")
    assert adapters.load(run, base=str(moved)).model is not None
    from transformers import BertModel

    other = BertModel.from_pretrained(moved)
    with torch.no_grad():
        other.encoder.layer[0].output.dense.weight[0, 0] += 1e-3
    other.save_pretrained(moved)
    with pytest.raises(Refusal, match=r"another base.*text_encoder differ"):
        adapters.load(run, base=str(moved))


def test_a_fine_tuned_model_is_a_base_too(values: Any, collated: Any, tmp_path: Path) -> None:
    first: Any = gliner.build(values("uni_token"), seed=1)
    learn(first, collated(first), steps=3)
    source = gliner.save(first, tmp_path / "first")
    base = adapters.Base(values("uni_token"), 1, from_pretrained=str(source))
    made = adapters.wrap(base.build(), {"method": "lora", "r": 2}, origin=base)
    learn(made.model, collated(made.model), steps=3)
    place = adapters.save(made, tmp_path / "adapter")
    assert export.compare(made.model, adapters.load(place).model, place, ROWS, ENTITY_TYPES) <= 1e-5
    other: Any = gliner.build(values("uni_token"), seed=1)
    with torch.no_grad():
        next(architecture.text_encoder(other).parameters()).mul_(1.01)
    unlike = str(gliner.save(other, tmp_path / "other"))
    with pytest.raises(Refusal, match="belongs to another base"):
        adapters.load(place, base=unlike)


@pytest.mark.parametrize("name", ["bi_span", "decoder_span", "relex_span_dot"])
def test_all_parts_are_saved(name: str, adapted: Any, collated: Any, tmp_path: Path) -> None:
    made = adapted(name)
    learn(made.model, collated(made.model), steps=3)
    place = adapters.save(made, tmp_path / "adapter")
    parts = {path.name for path in place.iterdir() if path.is_dir()} - {"tokenizer"}
    assert parts == set(architecture.holders(made.model))
    again = adapters.load(place).model
    assert export.compare(made.model, again, place, ROWS, ENTITY_TYPES, RELATION_TYPES) <= 1e-5


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize("name", ["text_encoder/adapter_model.safetensors", "trained.safetensors"])
@pytest.mark.parametrize("harm", [_cut, _flip, Path.unlink])
def test_damage_is_refused_before_a_model_is_built(
    name: str, harm: Any, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harm(copy / name)
    monkeypatch.setattr(adapters.Base, "build", lambda *_: pytest.fail("a model was built"))
    with pytest.raises(Refusal, match=rf"{name}.*(damaged|differs|missing)"):
        adapters.load(copy)


def test_pickles_are_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({}, copy / "text_encoder" / "adapter_model.bin")
    monkeypatch.setattr(adapters.Base, "build", lambda *_: pytest.fail("a model was built"))
    with pytest.raises(Refusal, match="a pickle, which could run code"):
        adapters.load(copy)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}'])
def test_a_damaged_description_is_refused(text: str, copy: Path) -> None:
    (copy / files.DESCRIPTION).write_text(text)
    with pytest.raises(Refusal, match="is damaged"):
        adapters.load(copy)


def test_what_is_no_adapter_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no saved adapter"):
        adapters.load(tmp_path / "nowhere")
    description = json.loads((copy / files.DESCRIPTION).read_text())
    (copy / files.DESCRIPTION).write_text(json.dumps({**description, "format": 2}))
    with pytest.raises(Refusal, match="format 2"):
        adapters.load(copy)


def test_unmerged_models_cannot_be_saved_as_stock_models(adapted: Any, tmp_path: Path) -> None:
    for changes in ({}, {"method": "freeze"}):
        with pytest.raises(RunFailed, match="merge them first"):
            gliner.save(adapted("uni_markerV0", **changes).model, tmp_path / "m")
