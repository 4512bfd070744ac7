"""What a config may not say although each key by itself is right: values and pairs that contradict each other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gliexp.config import label_checks, launch_checks, metric_names, path_rules, peft_rules, sources
from gliexp.config.inert import is_token
from gliexp.config.keys import index
from gliexp.config.report import COMMAND_LINE, Report
from gliexp.config.schema import Config
from gliexp.config.schema.data import TUNE
from gliexp.config.schema.model import ANY_SIZE_TRIPLES
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.errors import Problem

Found = Iterator[Problem]


@dataclass(frozen=True)
class Look:
    """A config whose single values are right, and what the user wrote and where."""

    config: Config
    report: Report

    def problem(self, key: str, message: str, allowed: str = "", nearest: str = "") -> Problem:
        """A problem of a key, at the place that set it."""
        return Problem(key, message, allowed=allowed, where=self.report.where(key), nearest=nearest)


def problems(config: Config, report: Report) -> Found:
    """Every contradiction in the config."""
    look = Look(config, report)
    for check in (
        _task,
        _architecture,
        _token_level,
        _losses,
        _schedule,
        _evaluation,
        _hardware,
        _hub,
        _peft,
        _data,
        _places,
    ):
        yield from check(look)


def is_default(config: Config, key: str) -> bool:
    """Whether a key has the schema's default."""
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return bool(value == index()[key].default)


def _task(look: Look) -> Found:
    """The keys by which gliner picks its class must say what run.task says."""
    model, task = look.config.model, look.config.run.task
    for key, owner in (("labels_encoder", "biencoder"), ("labels_decoder", "decoder"), ("relations_layer", "relex")):
        value = getattr(model, key)
        if value is not None and task != owner:
            yield look.problem(f"model.{key}", f"{value!r} does not go with task={task}", f"null, or task={owner}")
        if value is None and task == owner:
            hint = "none, dot, mlp, bilinear, gcn" if owner == "relex" else "a hub repository or a directory"
            yield look.problem(f"model.{key}", f"null, but task={task} needs it", hint)
    if model.triples_layer is not None and model.relations_layer is None:
        yield look.problem("model.triples_layer", "needs model.relations_layer", "null, or task=relex")


def _architecture(look: Look) -> Found:
    model = look.config.model
    schema = model.post_fusion_schema or ""
    if schema and not re.fullmatch(r"(l2l|l2t|t2l|t2t)(-(l2l|l2t|t2l|t2t))*", schema):
        yield look.problem("model.post_fusion_schema", f"does not accept {schema!r}", "l2l, l2t, t2l, t2t joined by -")
    if model.triples_layer is not None and model.triples_layer not in ANY_SIZE_TRIPLES and model.hidden_size != 768:
        allowed = f"model.hidden_size=768, or one of {', '.join(ANY_SIZE_TRIPLES)}"
        yield look.problem("model.triples_layer", f"{model.triples_layer} works at hidden_size 768 only", allowed)
    for key in ("augment_ent_drop_prob", "augment_rel_drop_prob"):
        bounds = getattr(model, key)
        if len(bounds) != 2 or not 0 <= bounds[0] <= bounds[1] <= 1:
            yield look.problem(f"model.{key}", f"does not accept {bounds}", "two numbers in 0..1, the lower first")
    if model.precomputed_prompts_mode:
        yield look.problem(
            "model.precomputed_prompts_mode", "training with baked-in labels has no loss", "null or false"
        )
    kind = (model.span_encoder_config or {}).get("model_type")
    if model.span_encoder_config is not None and kind not in ("rnn", "deberta-v2"):
        wrong = f"model_type {kind!r}" + (" crashes in gliner" if kind == "modernbert" else "")
        yield look.problem("model.span_encoder_config", wrong, "model_type: rnn or deberta-v2")
    for key in ("ent_token", "sep_token", "rel_token", "label_token"):
        if not getattr(model, key):
            yield look.problem(f"model.{key}", "must not be empty")
    if len({model.ent_token, model.sep_token, model.rel_token, model.label_token}) < 4:
        yield look.problem("model.ent_token", "the marker tokens must differ", "four different tokens")
    if look.config.run.task == "streaming" and is_token(look.config):
        yield look.problem(
            "model.span_mode", "token_level does not go with task=streaming", "a span mode, such as markerV2"
        )


def _token_level(look: Look) -> Found:
    """Options that can only mean a span model, when the user wrote them beside span_mode=token_level."""
    if not is_token(look.config) or look.config.run.task in CLASSIFICATION_TASKS:
        return
    if look.config.model.represent_spans and look.config.run.task in ("ner", "biencoder"):
        return
    allowed = "a span mode such as span_mode=marker_v0"
    if look.config.model.span_encoder_config is not None and look.config.run.task != "decoder":
        yield look.problem("model.span_encoder_config", "token_level models have no span layer", allowed)
    if look.config.training.use_span_width_weight:
        yield look.problem("training.use_span_width_weight", "token_level models have no spans to weigh", allowed)
    if look.config.training.loss_type == "dice":
        yield look.problem("training.loss_type", "token_level models know the focal loss only", f"focal, or {allowed}")
    steps = look.report.chain.get("model.max_width", [])
    # In a file, max_width is often one line of a full listing; on the command line it is meant.
    if steps and steps[-1].where == COMMAND_LINE and look.config.run.task != "decoder":
        yield look.problem("model.max_width", "token_level models have no width limit", allowed)


def _losses(look: Look) -> Found:
    training = look.config.training
    if training.loss_type == "dice" and look.config.run.task in ("biencoder", "decoder"):
        yield look.problem("training.loss_type", f"task={look.config.run.task} knows the focal loss only", "focal")
    if training.neftune_noise_alpha is not None:
        yield look.problem(
            "training.neftune_noise_alpha", "crashes in gliner, which has no input embeddings to reach", "null"
        )
    if training.use_liger_kernel:
        yield look.problem("training.use_liger_kernel", "knows no GLiNER model", "false")


def _schedule(look: Look) -> Found:
    training = look.config.training
    both = training.warmup_steps > 0 and training.warmup_ratio > 0
    if both and look.report.explicit("training.warmup_steps") and look.report.explicit("training.warmup_ratio"):
        yield look.problem("training.warmup_steps", "warmup_ratio is set too", "one of them, the other 0")
    if training.max_steps == 0:
        yield look.problem("training.max_steps", "0 steps train nothing", "-1 for whole epochs, or at least 1")
    if training.dataloader_num_workers == 0:
        if training.dataloader_prefetch_factor is not None:
            yield look.problem(
                "training.dataloader_prefetch_factor", "needs training.dataloader_num_workers above 0", "null"
            )
        if training.dataloader_persistent_workers:
            yield look.problem(
                "training.dataloader_persistent_workers", "needs training.dataloader_num_workers above 0", "false"
            )
    for key in ("logging_steps", "eval_steps", "save_steps"):
        steps = getattr(training, key)
        if steps is not None and steps > 1 and steps != int(steps):
            yield look.problem(
                f"training.{key}", f"{steps:g} is neither a count nor a share", "a whole number, or below 1"
            )


def _evaluation(look: Look) -> Found:
    training = look.config.training
    evaluates = training.eval_strategy != "no"
    known = metric_names.of_task(look.config.run.task)
    name = (training.metric_for_best_model or known[0]).removeprefix("eval_")
    if name not in known:
        nearest = "".join(difflib.get_close_matches(name, known, n=1))
        message = f"task={look.config.run.task} has no metric {name!r}"
        yield look.problem("training.metric_for_best_model", message, ", ".join(known), nearest)
    if training.load_best_model_at_end and training.save_strategy not in ("best", training.eval_strategy):
        says = f"eval_strategy is {training.eval_strategy}, save_strategy is {training.save_strategy}"
        yield look.problem("training.load_best_model_at_end", says, "the same strategy for both, and not no")
    elif training.load_best_model_at_end and not evaluates:
        yield look.problem(
            "training.load_best_model_at_end", "needs an evaluation", "training.eval_strategy=steps or epoch"
        )
    if training.load_best_model_at_end and training.eval_strategy == training.save_strategy == "steps":
        every = training.eval_steps or training.logging_steps
        if every >= 1 and training.save_steps % every:
            yield look.problem(
                "training.save_steps",
                f"{training.save_steps:g} is no multiple of {every:g}",
                "a multiple of eval_steps",
            )
    if training.early_stopping_patience is not None and not training.load_best_model_at_end:
        yield look.problem(
            "training.early_stopping_patience",
            "needs training.load_best_model_at_end=true",
            "null, or that set as well",
        )
    if training.lr_scheduler_type in ("reduce_lr_on_plateau", "greedy") and not evaluates:
        yield look.problem(
            "training.lr_scheduler_type",
            f"{training.lr_scheduler_type} needs an evaluation",
            "another, or an eval_strategy",
        )
    if training.save_strategy == "best" and not evaluates:
        yield look.problem(
            "training.save_strategy", "best needs an evaluation", "steps, epoch, no, or an eval_strategy"
        )


def _hardware(look: Look) -> Found:
    training = look.config.training
    if training.fp16 and training.bf16:
        yield look.problem("training.fp16", "bf16 is on too", "one of them")
    if training.fp16_full_eval and training.bf16_full_eval:
        yield look.problem("training.fp16_full_eval", "bf16_full_eval is on too", "one of them")
    if training.use_cpu and training.fp16:
        yield look.problem("training.fp16", "does not run on the CPU", "training.bf16=true, or training.use_cpu=false")
    for key, message, allowed in launch_checks.problems(look.config):
        yield look.problem(key, message, allowed)
    notice = launch_checks.notice(look.config)
    if notice is not None:
        look.report.note(notice)


def _places(look: Look) -> Found:
    for key, message, allowed in path_rules.problems(look.config):
        yield look.problem(key, message, allowed)


def _hub(look: Look) -> Found:
    training = look.config.training
    if not training.push_to_hub:
        return
    if not training.hub_model_id:
        yield look.problem("training.hub_model_id", "training.push_to_hub needs it", "owner/name")
    elif not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", training.hub_model_id):
        yield look.problem("training.hub_model_id", f"does not accept {training.hub_model_id!r}", "owner/name")
    if training.save_strategy == "no" and training.hub_strategy != "end":
        yield look.problem(
            "training.hub_strategy", f"{training.hub_strategy!r} needs saves", "hub=end, or a save_strategy"
        )


def _peft(look: Look) -> Found:
    for key, message, allowed in peft_rules.problems(look.config):
        yield look.problem(key, message, allowed)


def _data(look: Look) -> Found:
    data = look.config.data
    if not data.train_data:
        yield look.problem("data.train_data", "no training data", "a file, a list of files, or data=sample")
    if data.threshold is None or (isinstance(data.threshold, str) and data.threshold != TUNE):
        yield look.problem("data.threshold", f"does not accept {data.threshold!r}", f"a number from 0 to 1, or {TUNE}")
    yield from _chunking(look)
    yield from label_checks.problems(look.config, look.report)
    for key in ("train_data", "val_data", "test_data", "previous_data", "retention"):
        for message, allowed, near in sources.faults(getattr(data, key), weighs=key == "train_data"):
            yield look.problem(f"data.{key}", message, allowed, near)
    for name, parts in (("separator", "columns"), ("labels_separator", "labels")):
        if getattr(data.columns, name) == "":
            yield look.problem(f"data.columns.{name}", "must not be empty", f"what stands between {parts}, or null")
    for key, names in (("data.columns.names", data.columns.names), ("data.tag_names", data.tag_names)):
        if names is not None and (not names or len(set(names)) < len(names)):
            yield look.problem(key, "empty or repeated names", "different names")
    for key in ("entity_labels", "relation_labels", "class_labels"):
        labels = getattr(data, key)
        if labels is not None and (not labels or len(set(labels)) < len(labels)):
            yield look.problem(f"data.{key}", "empty or repeated labels", "different names")


def _chunking(look: Look) -> Found:
    chunking, model = look.config.data.long_doc_chunking, look.config.model
    if look.config.run.task in CLASSIFICATION_TASKS:
        if chunking.enabled:
            message = "a text to classify cannot be cut: its label belongs to the whole"
            yield look.problem("data.long_doc_chunking.enabled", message, "false; data.max_length says what is read")
        return
    if chunking.stride >= chunking.max_words:
        yield look.problem(
            "data.long_doc_chunking.stride",
            f"{chunking.stride} words shared of {chunking.max_words} (max_words) leave none to go on by",
            f"0 to {chunking.max_words - 1}",
        )
    # A saved model has a max_len of its own, which is compared when it is loaded (runs/shown.py).
    if chunking.enabled and model.from_pretrained is None and chunking.max_words > model.max_len:
        yield look.problem(
            "data.long_doc_chunking.max_words",
            f"{chunking.max_words} words a chunk, but the model reads {model.max_len} (model.max_len)",
            f"1 to {model.max_len}, or a larger model.max_len",
        )
