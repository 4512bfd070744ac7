"""Which keys have no effect under the chosen architecture, and why. Each rule is a fact about the installed gliner."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gliexp.config import peft_rules
from gliexp.config.inert_classifier import CLASSIFICATION
from gliexp.config.keys import index
from gliexp.config.legacy import GONE
from gliexp.config.rule import Inert, Rule
from gliexp.config.rule import always as _always
from gliexp.config.rule import prefixed as _prefixed
from gliexp.config.schema import Config
from gliexp.config.schema.run import CLASSIFICATION_TASKS


def is_token(config: Config) -> bool:
    """Whether words are scored instead of spans."""
    return config.model.span_mode == "token_level"


def _task(*names: str) -> Callable[[Config], bool]:
    return lambda config: config.run.task in names


def _not_task(*names: str) -> Callable[[Config], bool]:
    return lambda config: config.run.task not in names


def _scores_spans_of_words(config: Config) -> bool:
    """Token models with represent_spans score spans as well."""
    return is_token(config) and config.run.task in ("ner", "biencoder") and config.model.represent_spans


def _reports_to(config: Config, *trackers: str) -> bool:
    chosen = config.training.report_to
    named = [chosen] if isinstance(chosen, str) else chosen or []
    return chosen == "all" or any(tracker in named for tracker in trackers)


def _adapts(config: Config) -> bool:
    return config.peft.enabled and config.peft.method not in peft_rules.WITHOUT_ADAPTERS


def _autocasts(config: Config) -> bool:
    return config.training.bf16 or config.training.fp16


def _names_role(config: Config, role: str) -> bool:
    wanted = config.peft.target_modules
    return role in (wanted.split("+") if isinstance(wanted, str) else wanted or ())


ARCHITECTURE = (
    Rule(("model.name",), _always, "gliner only writes it into the saved config"),
    Rule(
        _prefixed("model", "vocab_size class_token_index rel_token_index sep_token_index"),
        _always,
        "gliner overwrites it with what the tokenizer says",
    ),
    Rule(("model.labels_encoder",), _not_task("biencoder"), "only task=biencoder has a label encoder"),
    Rule(
        ("model.labels_encoder_config",),
        _not_task("biencoder", "streaming"),
        "only task=biencoder and task=streaming have a label encoder",
    ),
    Rule(
        _prefixed("model", "labels_decoder labels_decoder_config decoder_mode full_decoder_context")
        + _prefixed("model", "blank_entity_prob decoder_loss_coef"),
        _not_task("decoder"),
        "only task=decoder has a label decoder",
    ),
    Rule(("model.decoder_mode",), _always, "span is the only mode of gliner that works"),
    Rule(("training.logging_nan_inf_filter",), _always, "no loss that is not finite reaches the log: on_bad_step"),
    Rule(
        _prefixed("model", "decoder_config label_token max_cache_length right_context_width"),
        _not_task("streaming"),
        "only task=streaming knows it",
    ),
    Rule(("model.encoder_config",), _task("streaming"), "the text backbone is the decoder: see model.decoder_config"),
    Rule(
        _prefixed("model", "relations_layer triples_layer rel_token embed_rel_token adjacency_loss_coef")
        + _prefixed("model", "relation_loss_coef augment_data_prob augment_ent_drop_prob augment_rel_drop_prob")
        + _prefixed("model", "augment_add_other_prob rel_id_to_classes"),
        _not_task("relex"),
        "only task=relex has relations",
    ),
    Rule(
        ("model.adjacency_loss_coef",),
        lambda config: config.model.relations_layer == "none",
        "relations_layer=none has no pair loss",
    ),
    Rule(
        _prefixed("model", "augment_ent_drop_prob augment_rel_drop_prob augment_add_other_prob"),
        lambda config: config.model.augment_data_prob == 0,
        "augment_data_prob is 0",
    ),
    Rule(
        _prefixed("model", "id_to_classes rel_id_to_classes precomputed_prompts_mode"),
        _always,
        "labels are baked in by gliner's own export, after training",
    ),
    Rule(("model.num_rnn_layers",), _task("biencoder"), "gliner builds the layer in bi-encoders and never calls it"),
    Rule(("model.embed_ent_token",), _task("biencoder"), "bi-encoders ignore it"),
    Rule(
        _prefixed("model", "post_fusion_schema num_post_fusion_layers"),
        _not_task("biencoder"),
        "gliner builds the layer and calls it in bi-encoders only",
    ),
    Rule(
        ("model.num_post_fusion_layers",), lambda config: not config.model.post_fusion_schema, "no post_fusion_schema"
    ),
    Rule(
        ("model.represent_spans",),
        lambda config: not is_token(config),
        "span models always represent spans; it is for span_mode=token_level",
    ),
    Rule(("model.represent_spans",), _task("decoder", "relex", "streaming"), "only token-level NER reads it"),
    Rule(
        ("model.neg_spans_ratio",),
        lambda config: not _scores_spans_of_words(config),
        "only token-level NER with represent_spans samples negative spans",
    ),
    Rule(
        ("model.token_loss_coef",),
        lambda config: not (_scores_spans_of_words(config) or (is_token(config) and config.run.task == "decoder")),
        "it weighs the token loss against a span loss, which this model does not have beside it",
    ),
    Rule(
        ("model.span_loss_coef",),
        lambda config: not (_scores_spans_of_words(config) or config.run.task in ("decoder", "relex")),
        "the span loss is the only loss of this model, or it has none",
    ),
    Rule(
        _prefixed("model", "span_encoder_config max_width"),
        lambda config: is_token(config) and config.run.task != "decoder" and not _scores_spans_of_words(config),
        "token-level models have no span layer",
    ),
)

# With a saved model to go on from, its own architecture stays; these keys still steer the training.
_LIVE_WITH_SAVED = ("from_pretrained", "fine_tune", "augment_data_prob")
SAMPLING = Rule(
    ("model.max_neg_type_ratio",),
    lambda config: config.data.label_sampling != "sampled",
    "only data.label_sampling=sampled draws negative labels by it",
)
SAVED = Rule(
    tuple(key for key in index() if key.startswith("model.") and key.split(".")[1] not in _LIVE_WITH_SAVED),
    lambda config: config.model.from_pretrained is not None,
    "the saved model keeps its own value",
)

LOSSES = (
    Rule(
        _prefixed("training", "masking negatives"),
        lambda config: is_token(config) and config.run.task != "relex",
        "token-level models ignore it",
    ),
    Rule(("training.negatives",), lambda config: config.training.masking == "none", "masking is none"),
    Rule(
        _prefixed("training", "loss_type dice_gamma use_span_width_weight"),
        lambda config: is_token(config) or config.run.task in ("biencoder", "decoder"),
        "only span models without label encoder or decoder read it",
    ),
    Rule(("training.dice_gamma",), lambda config: config.training.loss_type != "dice", "loss_type is not dice"),
    Rule(
        _prefixed("training", "rel_focal_loss_alpha rel_focal_loss_gamma"), _not_task("relex"), "only task=relex has it"
    ),
    Rule(
        ("training.others_weight_decay",),
        lambda config: config.training.others_lr is None,
        "gliner reads it with others_lr only",
    ),
    Rule(("training.label_balance",), _not_task("ner"), "only task=ner weighs its entities by label"),
    Rule(("training.label_smoothing_factor",), _always, "gliner ignores it: see training.label_smoothing"),
    Rule(("training.average_tokens_across_devices",), _always, "gliner's loss does not count tokens"),
)

TRAINER = (
    Rule(
        _prefixed("training", "do_train do_eval do_predict local_rank use_cache include_num_input_tokens_seen"),
        _always,
        "no part of gliexp or gliner reads it",
    ),
    Rule(
        _prefixed("training", "prediction_loss_only eval_do_concat_batches eval_use_gather_object label_names")
        + _prefixed("training", "eval_accumulation_steps include_for_metrics batch_eval_metrics")
        + _prefixed("training", "bf16_full_eval fp16_full_eval"),
        _always,
        "gliexp decodes and scores spans itself",
    ),
    Rule(
        ("training.resume_anyway",),
        lambda config: config.training.resume_from_checkpoint is None,
        "training.resume_from_checkpoint is null",
    ),
    Rule(("training.restore_callback_states_from_checkpoint",), _always, "gliexp always restores them"),
    Rule(("training.ignore_data_skip",), _always, "a resumed run always goes on at the row it had come to"),
    Rule(("training.remove_unused_columns",), _always, "rows are no columns; gliexp switches it off"),
    Rule(("training.length_column_name",), _always, "gliexp counts the sub-tokens itself"),
    Rule(
        _prefixed("training", "per_device_train_batch_size train_sampling_strategy dataloader_drop_last"),
        lambda config: config.training.max_batch_tokens is not None,
        "max_batch_tokens decides which rows make a batch",
    ),
    Rule(("training.auto_find_batch_size",), _always, "a batch that does not fit goes through in parts by itself"),
    Rule(
        ("training.num_train_epochs",),
        lambda config: config.training.max_steps > 0,
        "max_steps is set and outweighs it",
    ),
    Rule(("training.warmup_ratio",), lambda config: config.training.warmup_steps > 0, "warmup_steps outweighs it"),
    Rule(
        ("training.eval_steps",), lambda config: config.training.eval_strategy != "steps", "eval_strategy is not steps"
    ),
    Rule(
        _prefixed("training", "eval_delay eval_on_start"),
        lambda config: config.training.eval_strategy == "no",
        "eval_strategy is no",
    ),
    Rule(
        ("training.save_steps",), lambda config: config.training.save_strategy != "steps", "save_strategy is not steps"
    ),
    Rule(
        ("training.logging_steps",),
        lambda config: config.training.logging_strategy != "steps",
        "logging_strategy is not steps",
    ),
    Rule(
        ("training.early_stopping_threshold",),
        lambda config: config.training.early_stopping_patience is None,
        "early_stopping_patience is null",
    ),
    Rule(
        ("training.gradient_checkpointing_kwargs",),
        lambda config: not config.training.gradient_checkpointing,
        "gradient_checkpointing is off",
    ),
    Rule(
        ("training.liger_kernel_config",),
        lambda config: not config.training.use_liger_kernel,
        "use_liger_kernel is off",
    ),
    Rule(("training.fsdp_config",), lambda config: not config.training.fsdp, "fsdp is off"),
    Rule(
        _prefixed("training", "hub_model_id hub_strategy hub_token hub_private_repo hub_always_push hub_revision"),
        lambda config: not config.training.push_to_hub,
        "push_to_hub is off",
    ),
    Rule(
        _prefixed("training", "trackio_space_id trackio_bucket_id trackio_static_space_id"),
        lambda config: not _reports_to(config, "trackio"),
        "report_to does not name trackio",
    ),
    Rule(("training.project",), _always, "tracking.project names the project of every tracker"),
    Rule(
        _prefixed("tracking", "project group job_type mode log_model"),
        lambda config: not _reports_to(config, "wandb", "trackio", "mlflow"),
        "report_to names neither wandb nor trackio nor mlflow",
    ),
    Rule(("tracking.entity",), lambda config: not _reports_to(config, "wandb"), "report_to does not name wandb"),
    Rule(
        ("tracking.log_errors",),
        lambda config: not _reports_to(config, "wandb", "trackio", "mlflow", "tensorboard"),
        "no tracker that shows tables is on",
    ),
    Rule(
        ("tracking.log_dir",),
        lambda config: not _reports_to(config, "tensorboard"),
        "report_to does not name tensorboard",
    ),
)

OWN = (
    Rule(
        ("backbone.revision",), lambda config: config.backbone.source != "hub", "only hub repositories have revisions"
    ),
    Rule(
        ("backbone.identity_start",),
        lambda config: config.run.task == "relex",
        "relations start without it: every early false span would pair with every other",
    ),
    Rule(
        ("model.identity_start",),
        lambda config: config.model.span_mode != "markerV0",
        "only markerV0 has projections that can pass vectors on",
    ),
    Rule(("backbone.source",), _always, "the name of the backbone says it"),
    Rule(("backbone.labels_encoder",), _not_task("biencoder"), "only task=biencoder has a label encoder"),
    Rule(("backbone.labels_decoder",), _not_task("decoder"), "only task=decoder has a label decoder"),
    Rule(("backbone.causal",), _not_task("streaming"), "only task=streaming has a causal backbone"),
    Rule(("backbone.model_name",), _task("streaming"), "the text backbone is backbone.causal"),
    Rule(
        _prefixed("backbone", "learning_rate others_lr"),
        lambda config: config.model.from_pretrained is not None,
        "with model.from_pretrained the finetune rates count",
    ),
    Rule(
        _prefixed("backbone", "finetune_learning_rate finetune_others_lr"),
        lambda config: config.model.from_pretrained is None,
        "they count with model.from_pretrained only",
    ),
    Rule(("backbone.adapter_learning_rate",), lambda config: not _adapts(config), "no adapters are trained"),
    Rule(
        _prefixed("backbone", "learning_rate finetune_learning_rate"),
        _adapts,
        "under adapters backbone.adapter_learning_rate counts",
    ),
    Rule(
        _prefixed("backbone", "attention_modules mlp_modules"),
        lambda config: (
            not config.peft.enabled or config.peft.init_from is not None or config.peft.method in ("freeze", "partial")
        ),
        "no adapters are put on",
    ),
    Rule(
        ("backbone.attention_modules",),
        lambda config: (
            not _names_role(config, "attention")
            and (config.peft.target_modules is not None or config.peft.method == "ia3")
        ),
        "peft.target_modules does not name attention",
    ),
    Rule(
        ("backbone.mlp_modules",),
        lambda config: not _names_role(config, "mlp"),
        "peft.target_modules does not name mlp",
    ),
    Rule(("data.fields.relations", "data.relation_labels"), _not_task("relex"), "only task=relex reads relations"),
    Rule(
        _prefixed("data", "format tag_names fields.tokens fields.text fields.ner fields.relations fields.labels")
        + _prefixed("data.columns", "separator header names token tag sentence labels_separator")
        + _prefixed("data", "cache cache_dir"),
        lambda config: config.data.train_data == "sample",
        "the built-in sample has its own form",
    ),
    Rule(("data.cache_dir",), lambda config: not config.data.cache, "data.cache is off"),
    Rule(
        _prefixed("data.long_doc_chunking", "max_words stride drop_empty_chunks respect_sentences"),
        lambda config: not config.data.long_doc_chunking.enabled,
        "data.long_doc_chunking.enabled is off",
    ),
    Rule(("training.matrix_library",), _autocasts, "in bf16 and fp16 there are no float32 matrices"),
    Rule(
        ("training.folded_heads",),
        lambda config: (
            config.run.task in CLASSIFICATION_TASKS or config.model.span_mode not in ("markerV0", "token_level")
        ),
        "only markerV0 and token_level have such a head",
    ),
    Rule(
        ("training.fused_adamw",),
        lambda config: config.training.optim != "adamw_torch",
        "training.optim is another than adamw_torch",
    ),
    Rule(
        ("training.unpadded",),
        lambda config: config.model.attn_implementation not in (None, "sdpa"),
        "model.attn_implementation is chosen, and it reads padding",
    ),
    *(Rule((f"training.{old}",), _always, reason) for old, reason in GONE.items()),
)

RULES = (*CLASSIFICATION, *ARCHITECTURE, SAMPLING, SAVED, *LOSSES, *TRAINER, *OWN)


def find(config: Config) -> Iterator[Inert]:
    """All keys without effect, each once, with the first reason that applies."""
    found: dict[str, str] = {}
    for rule in RULES:
        if rule.applies(config):
            for key in rule.keys:
                found.setdefault(key, rule.reason)
    for key, reason in peft_rules.inert(config):
        found.setdefault(key, reason)
    return (Inert(key, found[key]) for key in index() if key in found)
