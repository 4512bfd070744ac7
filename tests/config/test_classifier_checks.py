"""What GLiClass cannot train is refused while the config is checked, all of it at once and with the reason."""

import importlib.util

import pytest

from gliexp.config.compose import compose
from gliexp.errors import Refusal

TASK = "task=classification"


def refused(*overrides: str) -> dict[str, str]:
    with pytest.raises(Refusal) as told:
        compose([TASK, *overrides], environment=False)
    return {problem.key: str(problem) for problem in told.value.problems}


@pytest.mark.parametrize(
    ("override", "key", "said"),
    [
        ("model.architecture_type=encoder-decoder", "model.architecture_type", "cannot use the encoder tiny"),
        ("model.architecture_type=decoder-kv", "model.architecture_type", "Qwen3"),
        ("model.architecture_type=bi_encoder", "model.architecture_type", "did you mean bi-encoder"),
        ("model.scorer_type=cross-attn", "model.scorer_type", "model.pooling_strategy=pass"),
        ("model.pooling_strategy=pass", "model.pooling_strategy", "cross-attn"),
        ("model.scorer_type=hopfeld", "model.scorer_type", "did you mean hopfield"),
        ("model.problem_type=multi", "model.problem_type", "allowed: single_label_classification"),
        ("model.squeeze_layers=true", "model.squeeze_layers", "crashes in gliclass"),
        ("model.encoder_layer_id=1", "model.encoder_layer_id", "crash in gliclass"),
        ("model.max_labels_alloc=some", "model.max_labels_alloc", "dynamic, fixed"),
        ("model.use_calibrator=true", "model.use_calibrator", "fitted after training"),
        ("model.multimodal=true", "model.multimodal", "trains on text"),
        ("training.label_smoothing_factor=0.1", "training.label_smoothing_factor", "ignores it"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_its_reason(override, key, said):
    assert said in refused(override)[key]


def test_everything_wrong_is_said_at_once():
    told = refused("model.squeeze_layers=true", "model.scorer_type=cross-attn", "model.multimodal=true")
    assert told.keys() == {"model.squeeze_layers", "model.scorer_type", "model.multimodal"}


def test_consolidation_needs_something_learned_and_what_it_was_learned_from():
    assert refused("training.use_ewc=true").keys() == {"data.previous_data", "model.from_pretrained"}
    compose(
        [TASK, "training.use_ewc=true", "model.from_pretrained=a/b", "data.previous_data=sample"], environment=False
    )
    said = "\n".join(compose([TASK, "training.ewc_lambda=5", "training.ewc_gamma=0.5"], environment=False).notices)
    assert "training.ewc_lambda has no effect: training.use_ewc is off" in said
    assert "training.ewc_gamma has no effect" in said


def test_label_descriptions_have_one_shape():
    wrong = "data.label_descriptions={a: [x], b: {synonyms: y}, c: {synonyms: [z]}, d: {synonym: [z]}}"
    with pytest.raises(Refusal) as told:
        compose([TASK, "data.augmentation.enabled=true", wrong], environment=False)
    assert [problem.message.rsplit(" ", 1)[1] for problem in told.value.problems] == ["a", "b", "d"]
    said = "\n".join(compose([TASK, "data.augmentation.max_num_examples=2"], environment=False).notices)
    assert "data.augmentation.max_num_examples has no effect: data.augmentation.enabled is off" in said


def test_text_features_need_their_labels_first():
    assert refused("model.extract_text_features=true", "model.prompt_first=false").keys() == {
        "model.extract_text_features"
    }
    compose([TASK, "model.extract_text_features=true"], environment=False)


def test_a_choice_without_effect_is_noted():
    composed = compose([TASK, "model.scorer_num_heads=4", "data.mention_swap=0.2"], environment=False)
    said = "\n".join(composed.notices)
    assert "model.scorer_num_heads has no effect: only the scorer cross-attn" in said
    assert "data.mention_swap has no effect: only GLiNER's tasks" in said


def test_keys_of_classification_have_no_effect_elsewhere():
    composed = compose(["model.pooling_strategy=avg"], environment=False)
    assert any("model.pooling_strategy has no effect" in notice for notice in composed.notices)


def test_a_missing_library_is_named(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gliclass" else real(name))
    with pytest.raises(Refusal, match="gliexp\\[classification\\]"):
        compose([TASK])
