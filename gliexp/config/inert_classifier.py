"""Which keys have no effect for GLiClass, and which of its keys have none elsewhere: facts about the library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from gliexp.config.keys import index
from gliexp.config.rule import Rule, always, prefixed
from gliexp.config.schema import Config
from gliexp.config.schema.classifier import BI, DECODER_KV, FUSED, SEQ2SEQ, SEQ2SEQ_CLS, UNI, Classifier
from gliexp.config.schema.gliclass_arguments import GliclassArguments
from gliexp.config.schema.key import GLINER_TRAIN
from gliexp.config.schema.run import CLASSIFICATION_TASKS, REINFORCED


def _classifies(config: Config) -> bool:
    return config.run.task in CLASSIFICATION_TASKS


def _built_as(*names: str) -> Callable[[Config], bool]:
    return lambda config: _classifies(config) and config.model.architecture_type in names


_OF_GLICLASS = tuple(f"model.{field.name}" for field in fields(Classifier))
# Keys of the model section that classification reads although GLiNER owns them.
_READ_BY_BOTH = frozenset(
    prefixed("model", "from_pretrained model_name fine_tune dropout encoder_config attn_implementation")
    + prefixed("model", "max_neg_type_ratio")
)
_GLINER_ARGUMENTS = frozenset(key.path for key in index().values() if key.domain == GLINER_TRAIN)
_READ_ARGUMENTS = frozenset(prefixed("training", "cache_dir others_lr others_weight_decay"))

_OF_AUGMENTATION = tuple(key for key in index() if key.startswith("data.augmentation."))
_OF_REINFORCEMENT = tuple(key for key in index() if key.startswith("rl."))


def _only_reinforces(config: Config) -> bool:
    return config.run.task == REINFORCED and config.rl.supervised_share == 0


CLASSIFICATION = (
    Rule(
        (
            *(f"training.{field.name}" for field in fields(GliclassArguments)),
            "data.previous_data",
            "data.columns.labels_separator",
            *_OF_AUGMENTATION,
        ),
        lambda config: not _classifies(config),
        "only task=classification and task=classification_rl read it",
    ),
    Rule(
        (*prefixed("training", "ewc_lambda ewc_fisher_samples ewc_normalize_fisher"), "data.previous_data"),
        lambda config: not config.training.use_ewc,
        "training.use_ewc is off",
    ),
    Rule(
        tuple(key for key in _OF_AUGMENTATION if not key.endswith(".enabled")),
        lambda config: not config.data.augmentation.enabled,
        "data.augmentation.enabled is off",
    ),
    Rule(
        ("data.label_descriptions",),
        lambda config: _classifies(config) and not config.data.augmentation.enabled,
        "data.augmentation.enabled is off, and a classifier reads no descriptions otherwise",
    ),
    Rule(("training.ewc_gamma",), always, "gliclass stores it and reads it nowhere"),
    Rule(
        ("training.recurrent_lr",),
        lambda config: config.model.architecture_type != DECODER_KV or config.model.recurrent_steps == 1,
        "only decoder-kv with model.recurrent_steps above 1 has a reasoning cell",
    ),
    Rule(_OF_REINFORCEMENT, lambda config: config.run.task != REINFORCED, "only task=classification_rl reads it"),
    Rule(("rl.threshold",), lambda config: config.rl.get_actions != "threshold", "actions are drawn"),
    Rule(("rl.reference_model",), lambda config: config.rl.kl_beta <= 0, "rl.kl_beta holds the policy to nothing"),
    Rule(("rl.rate_factor",), lambda config: config.rl.supervised_share == 0, "there is no supervised part before"),
    Rule(
        prefixed("model", "focal_loss_alpha focal_loss_gamma focal_loss_reduction contrastive_loss_coef layer_wise"),
        _only_reinforces,
        "reinforcement knows rewards alone: with rl.supervised_share 0 there is no such loss",
    ),
    Rule(
        _OF_GLICLASS
        + prefixed("data", "class_labels max_length labels_at_once fields.all_labels fields.true_labels")
        # text is read by both kinds of task
        + prefixed("data", "fields.prompt fields.examples"),
        lambda config: not _classifies(config),
        "only task=classification reads it",
    ),
    Rule(("model.hidden_size",), _classifies, "GLiClass follows the encoder's width: its scorers fit no other"),
    Rule(
        tuple(
            key for key in index() if key.startswith("model.") and key not in _READ_BY_BOTH and key not in _OF_GLICLASS
        )
        + prefixed("data", "fields.tokens fields.ner fields.relations entity_labels relation_labels mention_swap")
        + prefixed("data", "flat_ner")
        + prefixed("backbone", "hidden_size dropout identity_start labels_decoder causal")
        + tuple(sorted(_GLINER_ARGUMENTS - _READ_ARGUMENTS)),
        _classifies,
        "only GLiNER's tasks read it",
    ),
    Rule(
        prefixed("model", "text_token_index example_token_index"),
        always,
        "gliexp overwrites it with what it measures",
    ),
    Rule(
        (*prefixed("model", "label_model_name label_model_config"), "backbone.labels_encoder"),
        _built_as(UNI, SEQ2SEQ, SEQ2SEQ_CLS, DECODER_KV),
        "only the bi-encoders have a label encoder",
    ),
    Rule(
        prefixed("model", "class_token_pooling extract_text_features contrastive_loss_coef layer_wise")
        + prefixed("model", "embed_class_token use_segment_embeddings max_labels_alloc use_lstm"),
        _built_as(BI, FUSED, DECODER_KV),
        "only encoders that read labels in their prompt have it",
    ),
    Rule(("model.prompt_first",), _built_as(BI, SEQ2SEQ, SEQ2SEQ_CLS, DECODER_KV), "labels are read apart"),
    Rule(
        prefixed("model", "extract_text_features layer_wise use_segment_embeddings max_labels_alloc"),
        _built_as(SEQ2SEQ, SEQ2SEQ_CLS),
        "only uni-encoder has it",
    ),
    Rule(("model.use_lstm",), _built_as(SEQ2SEQ_CLS), "the text is the decoder's last word"),
    Rule(("model.pooling_strategy",), _built_as(SEQ2SEQ_CLS, DECODER_KV), "the text is the last word read"),
    Rule(
        prefixed("model", "scorer_type projector_hidden_act normalize_features"),
        _built_as(DECODER_KV),
        "decoder-kv has a scorer of its own",
    ),
    Rule(
        prefixed("model", "logit_scale_init_value"),
        lambda config: (
            _built_as(DECODER_KV)(config)
            or (_built_as(UNI, SEQ2SEQ, SEQ2SEQ_CLS)(config) and not config.model.normalize_features)
        ),
        "only bi-encoders and normalize_features scale the scores",
    ),
    Rule(
        prefixed("model", "scorer_num_heads scorer_attn_dropout"),
        lambda config: _classifies(config) and config.model.scorer_type != "cross-attn",
        "only the scorer cross-attn has heads",
    ),
    Rule(
        ("model.scorer_mlp_hidden_size",),
        lambda config: (
            _built_as(UNI, BI, FUSED, SEQ2SEQ, SEQ2SEQ_CLS)(config) and config.model.scorer_type != "cross-attn"
        ),
        "only cross-attn and decoder-kv read it; the scorers mlp and hopfield have 256",
    ),
    Rule(
        prefixed("model", "scorer_encoder_num_layers recurrent_steps"),
        _built_as(UNI, BI, FUSED, SEQ2SEQ, SEQ2SEQ_CLS),
        "only decoder-kv has it",
    ),
    Rule(
        prefixed("model", "recurrent_min_steps recurrent_inference recurrent_inference_max_steps")
        + prefixed("model", "recurrent_halt_threshold recurrent_improvement_coef recurrent_improvement_margin")
        + prefixed("model", "recurrent_bptt_steps recurrent_read_text recurrent_confidence_coef")
        + prefixed("model", "recurrent_confidence_mode recurrent_confidence_margin"),
        lambda config: (
            _classifies(config) and (config.model.architecture_type != DECODER_KV or config.model.recurrent_steps == 1)
        ),
        "there is no recurrence: decoder-kv with recurrent_steps above 1 has it",
    ),
    Rule(("model.scorer_full_sequence",), always, "gliclass stores it and reads it nowhere"),
    Rule(
        prefixed("model", "focal_loss_alpha focal_loss_gamma focal_loss_reduction"),
        lambda config: _classifies(config) and config.model.problem_type != "multi_label_classification",
        "only multi_label_classification has the focal loss",
    ),
    Rule(("model.focal_loss_reduction",), _built_as(DECODER_KV), "decoder-kv takes the mean"),
    Rule(
        ("data.threshold",),
        lambda config: _classifies(config) and config.model.problem_type != "multi_label_classification",
        "only multi_label_classification has a threshold",
    ),
    Rule(
        prefixed("model", "calibrator_hidden_size calibrator_beta_max calibrator_dropout calibrator_use_bias")
        + prefixed("model", "freeze_media_encoders use_embedding_projection use_calibrator multimodal squeeze_layers")
        + prefixed("model", "encoder_layer_id"),
        always,
        "gliexp trains without it",
    ),
    Rule(
        ("model.max_neg_type_ratio",),
        lambda config: _classifies(config) and config.data.label_sampling != "sampled",
        "only data.label_sampling=sampled draws negative labels by it",
    ),
)
