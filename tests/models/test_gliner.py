from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from gliner import GLiNER

from gliexp.errors import Refusal, RunFailed
from gliexp.models import architecture, export, gliner, parameters
from gliexp.models.predict import predict

from .conftest import ENTITY_TYPES, OPTIONS, RELATION_TYPES, ROWS, VARIANTS, learn

POOLER = "pooler."
IDLE = {
    "uni_markerV1": "project_first.",  # built and never called: gliner/modeling/span_rep.py:553
    "bi_span": "rnn.",  # bi-encoders build an rnn that they never call
    "bi_fused": "rnn.",
    "bi_token": "rnn.",
    "bi_token_spans": "rnn.",
    "decoder_token": "prompt_rep_layer.",  # the token scorer has its own projection
}
"""Parameters that never get a gradient, by variant, beside the pooler of BERT."""


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains_saves_reloads_and_predicts(name: str, values: Any, collated: Any, tmp_path: Path) -> None:
    model: Any = gliner.build(values(name), seed=1)
    losses = learn(model, collated(model))
    assert all(map(math.isfinite, losses))
    assert losses[-1] < losses[0]
    idle = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert [n for n in idle if POOLER not in n and IDLE.get(name, POOLER) not in n] == []
    directory = gliner.save(model, tmp_path / "model")
    assert export.verify(model, directory, ROWS, ENTITY_TYPES, RELATION_TYPES) <= 1e-5
    assert (directory / "model.safetensors").is_file()
    found = predict(model, ROWS, ENTITY_TYPES, RELATION_TYPES, threshold=0.3, flat_ner=False, batch_size=3)
    assert len(found) == len(ROWS)
    assert sum(len(each.entities) for each in found) > 0
    assert all(span.end < len(row["tokenized_text"]) for row, p in zip(ROWS, found, strict=True) for span in p.entities)


@pytest.mark.parametrize("name", ["uni_markerV0", "bi_token", "decoder_span", "relex_token_dot", "streaming"])
def test_same_seed_gives_the_same_weights_and_leaves_the_random_state_alone(name: str, values: Any) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first, again = (gliner.build(values(name), seed=3).state_dict() for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    other = gliner.build(values(name), seed=4).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize(
    ("name", "part", "family"),
    [
        ("uni_markerV0", "text_encoder", "bert"),
        ("bi_span", "labels_encoder", "bert"),
        ("bi_token", "text_encoder", "bert"),
        ("decoder_span", "label_decoder", "gpt2"),
        ("streaming", "text_encoder", "gpt2"),
        ("uni_modernbert", "text_encoder", "modernbert"),
    ],
)
def test_backbones_hold_their_pretrained_weights(
    name: str, part: str, family: str, values: Any, backbones: dict[str, str]
) -> None:
    from safetensors.torch import load_file

    stored = load_file(Path(backbones[family]) / "model.safetensors")
    built = architecture.holders(gliner.build(values(name), seed=1))[part].model.state_dict()
    shared = {key.removeprefix("transformer."): tensor for key, tensor in stored.items()}
    built = {key.removeprefix("transformer."): tensor for key, tensor in built.items()}
    common = [key for key in shared if key in built]
    assert len(common) >= 14
    assert all(torch.equal(built[key][: len(shared[key])], shared[key]) for key in common)


def test_saved_config_has_no_key_of_another_architecture(values: Any, tmp_path: Path) -> None:
    extra = {"labels_encoder": None, "relations_layer": None, "augment_data_prob": 0.3, "from_pretrained": None}
    extra |= {"labels_decoder": None, "right_context_width": 3, "blank_entity_prob": 0.2, "max_cache_length": 4}
    model = gliner.build(values("uni_markerV0", **extra), seed=1)
    saved = json.loads((gliner.save(model, tmp_path / "m") / "gliner_config.json").read_text())
    assert not {"augment_data_prob", "right_context_width", "blank_entity_prob", "from_pretrained"} & saved.keys()
    assert type(GLiNER.from_pretrained(str(tmp_path / "m"))).__name__ == "UniEncoderSpanGLiNER"


def test_relation_augmentation_is_off_unless_it_is_asked_for(values: Any) -> None:
    assert gliner.build(values("relex_span_dot"), seed=1).config.augment_data_prob == 0.0
    assert gliner.build(values("relex_span_dot", augment_data_prob=0.3), seed=1).config.augment_data_prob == 0.3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_widht": 3}, "did you mean max_width"),
        ({"span_mode": "token-level"}, "token-level"),
        ({"span_encoder_config": {"model_type": "modernbert", "num_attention_heads": 2}}, "rope_parameters"),
        ({"span_encoder_config": {"model_type": "gru"}}, "gru"),
        ({"relations_layer": "biaffine"}, "biaffine"),
        ({"model_name": "/no/such/backbone"}, r"backbone: cannot load the backbone.*backbone=minilm"),
        ({"relations_layer": "dot", "labels_encoder": "bert"}, "at most one"),
        ({"encoder_config": {"hidden_sise": 3}}, "did you mean hidden_size"),
        ({"encoder_config": {"hidden_size": 64}}, "does not fit the pretrained weights"),
        ({"encoder_config": {"num_hidden_layers": 1}}, "does not fit the pretrained weights"),
        ({"encoder_config": {"num_attention_heads": 4}}, "does not fit the pretrained weights"),
        ({"_attn_implementation": "no_such_attention"}, "no_such_attention"),
    ],
)
def test_what_cannot_be_built_is_refused(changes: dict[str, Any], message: str, values: Any) -> None:
    with pytest.raises(Refusal, match=message):
        gliner.build(values("uni_markerV0", **changes), seed=1)


def test_a_backbone_directory_with_an_adapter_is_refused(values: Any, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(Refusal, match="holds an adapter"):
        gliner.build(values("uni_markerV0", model_name=str(tmp_path)), seed=1)


def test_encoder_config_overrides_the_pretrained_config(values: Any) -> None:
    wanted = {"hidden_dropout_prob": 0.37}
    model = gliner.build(values("bi_span", encoder_config=wanted, labels_encoder_config=wanted), seed=1)
    for encoder in (architecture.text_encoder(model), architecture.labels_encoder(model)):
        dropouts = {m.p for n, m in encoder.named_modules() if n.endswith("output.dropout")}  # type: ignore[union-attr]
        assert dropouts == {0.37}
    stock = GLiNER.from_config(values("bi_span", encoder_config=dict(wanted)))
    assert stock.model.token_rep_layer.bert_layer.model.encoder.layer[0].output.dropout.p != 0.37, (
        "mended upstream: encoder_config reaches the pretrained backbone; pretrained.py may hand it over"
    )


@pytest.mark.parametrize("name", ["uni_markerV0", "decoder_span", "streaming"])
def test_attention_implementation_is_honoured(name: str, values: Any) -> None:
    model = gliner.build(values(name, _attn_implementation="eager"), seed=1)
    assert {h.model.config._attn_implementation for h in architecture.holders(model).values()} == {"eager"}


def test_half_precision_backbones_are_built_in_float32(values: Any, backbones: dict[str, str], tmp_path: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    AutoModel.from_pretrained(backbones["bert"], dtype=torch.bfloat16).save_pretrained(tmp_path / "b")
    AutoTokenizer.from_pretrained(backbones["bert"]).save_pretrained(tmp_path / "b")
    model: Any = gliner.build(values("uni_markerV0", model_name=str(tmp_path / "b")), seed=1)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    directory = gliner.save(model, tmp_path / "m")
    assert export.verify(model, directory, ROWS, ENTITY_TYPES) <= 1e-5


def test_code_of_a_backbone_runs_only_when_trusted(values: Any, backbones: dict[str, str], tmp_path: Path) -> None:
    import shutil

    source = Path(shutil.copytree(backbones["bert"], tmp_path / "b"))
    config = json.loads((source / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "own.OwnModel"}
    (source / "config.json").write_text(json.dumps(config))
    marker = tmp_path / "ran"
    code = f"import pathlib\nfrom transformers import BertModel\npathlib.Path({str(marker)!r}).touch()\n"
    (source / "own.py").write_text(code + "class OwnModel(BertModel):\n    pass\n")
    chosen = values("uni_markerV0", model_name=str(source))
    gliner.build(chosen, seed=1)
    assert not marker.exists()
    trusting: Any = gliner.build(chosen, trust_remote_code=True, seed=1)
    assert marker.exists()
    assert type(architecture.text_encoder(trusting)).__name__ == "OwnModel"
    marker.unlink()
    gliner_stock: Any = GLiNER.from_config(chosen)
    assert type(gliner_stock.model.token_rep_layer.bert_layer.model).__name__ == "OwnModel", (
        "mended upstream: remote code needs trust; see pretrained.py"
    )


def test_freezing_stops_the_encoders_and_nothing_else(values: Any, collated: Any) -> None:
    model: Any = gliner.build(values("bi_span", fine_tune=False), seed=1)
    counts = parameters.count(model)
    assert counts["text_encoder"].trainable == counts["labels_encoder"].trainable == 0
    assert counts["heads"].trainable == counts["heads"].total > 0
    assert sum(part.total for part in counts.values()) == sum(p.numel() for p in model.parameters())
    model.train()
    model(**collated(model), **OPTIONS).loss.backward()
    assert all(p.grad is None for p in architecture.text_encoder(model).parameters())
    stock = GLiNER.from_config(values("bi_span", fine_tune=False))
    assert all(p.requires_grad for p in stock.parameters()), (
        "mended upstream: fine_tune freezes; remove parameters.freeze"
    )


def test_save_replaces_a_directory_and_leaves_nothing_beside_it(values: Any, tmp_path: Path) -> None:
    model = gliner.build(values("uni_token"), seed=1)
    target = tmp_path / "deep" / "model"
    gliner.save(model, target)
    (target / "stale.txt").touch()
    gliner.save(model, target)
    assert not (target / "stale.txt").exists()
    assert [entry.name for entry in target.parent.iterdir()] == ["model"]


def test_a_failed_save_keeps_what_was_there(values: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = gliner.build(values("uni_token"), seed=1)
    target = gliner.save(model, tmp_path / "model")
    before = {p.name: p.read_bytes() for p in target.iterdir()}

    def full(directory: Path, **_: Any) -> None:
        directory.mkdir()
        raise OSError("no space left on device")

    monkeypatch.setattr(model, "save_pretrained", full)
    with pytest.raises(OSError, match="no space"):
        gliner.save(model, target)
    assert {p.name: p.read_bytes() for p in target.iterdir()} == before


def test_disagreements_name_what_the_saved_model_answers_otherwise(values: Any) -> None:
    chosen = values("uni_markerV0", max_width=4, max_len=100)
    model = gliner.build(chosen, seed=1)
    assert gliner.disagreements(model, chosen) == []
    wanted = {**chosen, "max_width": 6, "relations_layer": "dot", "from_pretrained": "x", "vocab_size": 3}
    wanted["encoder_config"] = {"hidden_dropout_prob": 0.9}
    found = {item.key: (item.wanted, item.saved) for item in gliner.disagreements(model, wanted)}
    assert found.keys() == {"max_width", "relations_layer", "encoder_config"}
    assert found["max_width"] == (6, 4)
    assert found["relations_layer"] == ("dot", None)


def test_verify_fails_on_other_weights(values: Any, tmp_path: Path) -> None:
    model = gliner.build(values("uni_markerV0"), seed=1)
    directory = gliner.save(model, tmp_path / "m")
    with torch.no_grad():
        next(architecture.text_encoder(model).parameters()).mul_(1.5)
    with pytest.raises(RunFailed, match="does not reload"):
        export.verify(model, directory, ROWS, ENTITY_TYPES)
