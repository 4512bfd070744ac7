"""What contradicts itself is refused, and only that."""

from __future__ import annotations

import pytest

from gliexp.config.compose import compose
from gliexp.errors import Refusal

REFUSED = [
    ("model.relations_layer", ["model.relations_layer=dot"]),
    ("model.labels_encoder", ["task=relex", "model.labels_encoder=x"]),
    ("model.labels_decoder", ["task=biencoder", "model.labels_decoder=x"]),
    ("model.relations_layer", ["task=relex", "model.relations_layer=null"]),
    ("model.triples_layer", ["model.triples_layer=TransE"]),
    ("model.triples_layer", ["task=relex", "model.triples_layer=TransH"]),
    ("model.triples_layer", ["task=relex", "model.triples_layer=ConvE"]),
    ("model.relations_layer", ["task=relex", "model.relations_layer=gat"]),
    ("model.decoder_mode", ["task=decoder", "model.decoder_mode=prompt"]),
    ("model.post_fusion_schema", ["task=biencoder", "model.post_fusion_schema=foo"]),
    ("model.span_encoder_config", ["model.span_encoder_config={model_type: modernbert}"]),
    ("model.span_encoder_config", ["span_mode=token_level", "model.span_encoder_config={model_type: rnn}"]),
    ("model.max_width", ["span_mode=token_level", "model.max_width=20"]),
    ("model.span_mode", ["task=streaming", "span_mode=token_level"]),
    ("model.precomputed_prompts_mode", ["model.precomputed_prompts_mode=true"]),
    ("model.augment_ent_drop_prob", ["task=relex", "model.augment_ent_drop_prob=[0.9,0.1]"]),
    ("model.dropout", ["model.dropout=1"]),
    ("model.ent_token", ["model.ent_token=<<SEP>>"]),
    ("model.subtoken_pooling", ["model.subtoken_pooling=middle"]),
    ("model.fine_tune", ["peft=lora", "model.fine_tune=false"]),
    ("peft.r", ["peft.r=0"]),
    ("peft.target_modules", ["peft=lora", "peft.target_modules=[]"]),
    ("data.threshold", ["data.threshold=1.5"]),
    ("data.long_doc_chunking.stride", ["data.long_doc_chunking.stride=300"]),
    ("data.long_doc_chunking.stride", ["data.long_doc_chunking={enabled: true, max_words: 50, stride: 50}"]),
    ("data.long_doc_chunking.stride", ["data.long_doc_chunking.stride=-1"]),
    ("data.long_doc_chunking.max_words", ["data.long_doc_chunking.enabled=true", "model.max_len=100"]),
    ("data.long_doc_chunking.max_words", ["data.long_doc_chunking.max_words=0"]),
    ("data.entity_labels", ["data.entity_labels=[a,a]"]),
    ("data.train_data", ["data.train_data=5"]),
    ("training.use_span_width_weight", ["span_mode=token_level", "training.use_span_width_weight=true"]),
    ("training.loss_type", ["span_mode=token_level", "training.loss_type=dice"]),
    ("training.loss_type", ["task=biencoder", "training.loss_type=dice"]),
    ("training.loss_reduction", ["training.loss_reduction=none"]),
    ("training.masking", ["training.masking=bogus"]),
    ("training.num_train_epochs", ["training.num_train_epochs=0"]),
    ("training.max_steps", ["training.max_steps=0"]),
    ("training.per_device_train_batch_size", ["training.per_device_train_batch_size=0"]),
    ("training.learning_rate", ["training.learning_rate=-1e-5"]),
    ("training.lr_scheduler_type", ["training.lr_scheduler_type=zigzag"]),
    ("training.optim", ["training.optim=adamw_hf"]),
    ("training.report_to", ["training.report_to=carrier_pigeon"]),
    ("training.fp16", ["training.fp16=true", "training.bf16=true"]),
    ("training.neftune_noise_alpha", ["training.neftune_noise_alpha=5"]),
    ("training.lr_scheduler_type", ["training.eval_strategy=no", "training.lr_scheduler_type=reduce_lr_on_plateau"]),
    ("training.load_best_model_at_end", ["training.load_best_model_at_end=true", "training.save_strategy=steps"]),
    (
        "training.early_stopping_patience",
        ["training.early_stopping_patience=2", "training.load_best_model_at_end=false"],
    ),
    ("training.dataloader_prefetch_factor", ["training.dataloader_prefetch_factor=2"]),
    ("training.hub_model_id", ["hub=end"]),
    ("training.hub_strategy", ["hub=every_save", "training.hub_model_id=a/b", "training.save_strategy=no"]),
    ("training.resume_from_checkpoint", ["training.resume_from_checkpoint=/nowhere/at/all"]),
    ("launch.processes", ["launch.processes=2"]),
    ("run.seed", ["run.seed=-1"]),
    ("run.seed", ["run.seed=1.5"]),
    ("run.task", ["run.task=parsing"]),
]

ACCEPTED = [
    ["span_mode=token_level", "model.represent_spans=true", "model.max_width=20"],
    ["task=relex", "model.relations_layer=dot", "model.triples_layer=DistMult"],
    ["task=relex", "model.hidden_size=768", "model.triples_layer=TransH"],
    ["task=biencoder", "model.post_fusion_schema=l2l-l2t-t2t"],
    ["task=decoder", "span_mode=token_level", "model.blank_entity_prob=0.1"],
    ["training=debug"],
    ["model.span_encoder_config={model_type: rnn}"],
    ["training.use_span_width_weight=true"],
    ["peft=lora", "peft.target_modules=all-linear"],
    ["optimizer=adafactor", "tracking=none", "hub=end", "training.hub_model_id=a/b"],
    ["data.long_doc_chunking={enabled: false, max_words: 100, stride: 10}"],
    ["data.long_doc_chunking.enabled=true"],
    ["data.long_doc_chunking={enabled: true, max_words: 384, stride: 0}"],
    ["data.long_doc_chunking.enabled=true", "model.from_pretrained=some/model", "model.max_len=100"],
    ["model.max_len=100"],
]


@pytest.mark.parametrize(
    ("key", "overrides"), REFUSED, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_refused(key: str, overrides: list[str]) -> None:
    with pytest.raises(Refusal) as caught:
        compose(overrides)
    found = {problem.key: problem for problem in caught.value.problems}
    assert key in found
    assert found[key].allowed


@pytest.mark.parametrize("overrides", ACCEPTED, ids=" ".join)
def test_accepted(overrides: list[str]) -> None:
    compose(overrides)


def test_every_option_of_every_group_composes() -> None:
    from gliexp.config.groups import Groups

    groups = Groups.read()
    hub = ["training.hub_model_id=a/b"]
    for group in groups.names():
        for option in groups.options(group):
            overrides = [
                f"{group}={option}",
                *(["data.train_data=x"] if group == "experiment" or option == "files" else []),
            ]
            compose([*overrides, *(hub if group == "hub" else [])], environment=False)


def test_a_missing_tracker_names_what_to_install() -> None:
    with pytest.raises(Refusal, match=r"pip install 'comet_ml'"):
        compose(["training.report_to=[comet_ml]"])


def test_thresholds_are_numbers_or_tuned() -> None:
    for value in ("tune", "0.3", "0", "1"):
        assert compose([f"data.threshold={value}"]).config.data.threshold in ("tune", 0.3, 0, 1)
    for value in ("tuned", "null", "true", "1.5", "[0.5]"):
        with pytest.raises(Refusal, match=r"data\.threshold"):
            compose([f"data.threshold={value}"])


def test_the_best_model_is_chosen_by_a_metric_that_there_is() -> None:
    for task, name in (
        ("ner", "ner_partial_f1"),
        ("relex", "rel_cluster_micro_f1"),
        ("classification", "eval_cls_map"),
    ):
        compose([f"task={task}", f"training.metric_for_best_model={name}"])
    with pytest.raises(Refusal, match=r"no metric 'ner_f1'.*did you mean ner_"):
        compose(["training.metric_for_best_model=ner_f1"])
    with pytest.raises(Refusal, match="task=ner has no metric"):
        compose(["training.metric_for_best_model=cls_macro_f1"])
