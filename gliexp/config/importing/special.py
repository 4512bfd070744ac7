"""Settings that need more than a name of ours: values that mean another key, several keys, or nothing here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gliexp.config.importing.fitting import Unfit, fit
from gliexp.config.importing.names import leaves
from gliexp.config.importing.reading import Source
from gliexp.config.keys import index

NULL = "null stands for the default"
_NETWORKS = ("labels_encoder", "labels_decoder", "triples_layer", "encoder_config", "span_encoder_config")
"""Names whose value is no `none` unless null is meant."""

Keys = list[tuple[str, Any]]
Special = Callable[[Any, Source], tuple[Keys, str]]


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _warmup_steps(value: Any, _source: Source) -> tuple[Keys, str]:
    number = _number(value)
    if number is not None and 0 < number < 1:
        return [("training.warmup_ratio", number)], f"warmup_steps: {value} is a share of the steps"
    return _plain("training.warmup_steps", value)


def _warmup_ratio(value: Any, _source: Source) -> tuple[Keys, str]:
    number = _number(value)
    if number is not None and number > 1:
        return [("training.warmup_steps", number)], f"warmup_ratio: {value} is a number of steps"
    return _plain("training.warmup_ratio", value)


def _eval_every(value: Any, _source: Source) -> tuple[Keys, str]:
    keys, note = _plain("training.eval_steps", value)
    if keys and keys[0][1] is not None:
        return [*keys, ("training.eval_strategy", "steps")], "eval_every"
    return [], NULL if keys else note


def _eval_steps(value: Any, source: Source) -> tuple[Keys, str]:
    """transformers takes logging_steps where eval_steps is null."""
    strategy = _anywhere(source.content, "eval_strategy") or _anywhere(source.content, "evaluation_strategy")
    if value is None and str(strategy).endswith("steps"):
        return [
            ("training.eval_steps", _number(_anywhere(source.content, "logging_steps")) or 500.0)
        ], "null: logging_steps"
    return ([], NULL) if value is None else _plain("training.eval_steps", value)


def _model_name(value: Any, _source: Source) -> tuple[Keys, str]:
    text = str(value or "")
    if text.lower() in ("", "none", "null"):
        return [], NULL
    if text.startswith(("/", "./", "../", "~", "\\")) and not Path(text).expanduser().is_dir():
        return [], "a directory of the machine that wrote the file; choose a backbone"
    return _plain("model.model_name", value)


def _name_or_path(value: Any, source: Source) -> tuple[Keys, str]:
    if _anywhere(source.content, "model_name") or _anywhere(source.content, "encoder_model_name"):
        return [], "the backbone is said by model_name"
    return _model_name(value, source)


def _relations_layer(value: Any, source: Source) -> tuple[Keys, str]:
    """`none` is a scorer of gliner, and in files that write null as none it is null."""
    if str(value).lower() == "none" and any(_written_none(source.content, name) for name in _NETWORKS):
        return [("model.relations_layer", None)], f"{value}, as null is written in this file"
    return _plain("model.relations_layer", value)


def _written_none(content: dict[str, Any], leaf: str) -> bool:
    value = _anywhere(content, leaf)
    return isinstance(value, str) and value.strip().lower() == "none"


def _has_rnn(value: Any, _source: Source) -> tuple[Keys, str]:
    return [("model.num_rnn_layers", int(bool(value)))], f"has_rnn: {str(value).lower()}"


def _frozen(value: Any, _source: Source) -> tuple[Keys, str]:
    """freeze_components: a list of gliner's parts; the text encoder and the heads can be frozen here."""
    parts = [value] if isinstance(value, str) else list(value or [])
    parts = [part for part in parts if str(part).lower() not in ("none", "null", "")]
    keys: Keys = []
    if any("text_encoder" in part or "token_rep" in part for part in parts):
        keys.append(("model.fine_tune", False))
    others = [part for part in parts if "text_encoder" not in part and "token_rep" not in part]
    note = f"freeze_components: {parts}" if parts else NULL
    return keys, note + (f"; {', '.join(others)} cannot be frozen alone" if others else "")


def _freeze_token_rep(value: Any, _source: Source) -> tuple[Keys, str]:
    return [("model.fine_tune", not value)], "freeze_token_rep"


def _mixed_precision(value: Any, _source: Source) -> tuple[Keys, str]:
    word = str(value).lower()
    return [("training.bf16", word == "bf16"), ("training.fp16", word == "fp16")], f"mixed_precision: {value}"


def _metric(value: Any, _source: Source) -> tuple[Keys, str]:
    if str(value) in ("loss", "eval_loss"):
        return [], "the best checkpoint is chosen by F1 on dev, which says more than the loss"
    return _plain("training.metric_for_best_model", value)


def _greater(value: Any, source: Source) -> tuple[Keys, str]:
    metric = _anywhere(source.content, "metric_for_best_model")
    if str(metric) in ("loss", "eval_loss"):
        return [], "of metric_for_best_model: loss, which is not taken over"
    return _plain("training.greater_is_better", value)


_ACCELERATOR_DEFAULTS = {
    "split_batches": False,
    "dispatch_batches": None,
    "even_batches": True,
    "use_seedable_sampler": True,
    "non_blocking": False,
    "gradient_accumulation_kwargs": None,
    "use_configured_state": False,
}


def _accelerator(value: Any, _source: Source) -> tuple[Keys, str]:
    """What transformers writes when nothing was set."""
    if isinstance(value, dict) and all(_ACCELERATOR_DEFAULTS.get(name, value) == value[name] for name in value):
        value = None
    return _plain("training.accelerator_config", value)


def _optim(value: Any, _source: Source) -> tuple[Keys, str]:
    text = str(value).rpartition(".")[2].lower()
    if text in ("adamw_hf", "adamw", "adam"):
        return [("training.optim", "adamw_torch")], f"optim: {value}"
    return _plain("training.optim", value)


def _as(key: str) -> Special:
    """A setting that only has another name."""
    return lambda value, _source: _plain(key, value)


def _plain(key: str, value: Any) -> tuple[Keys, str]:
    try:
        fitted, note = fit(index()[key], value)
    except Unfit as error:
        return [], NULL if value is None else f"{key} {error}"
    return [(key, fitted)], note


def _anywhere(content: dict[str, Any], leaf: str) -> Any:
    return next((value for name, value in leaves(content) if name.rpartition(".")[2] == leaf), None)


SPECIAL: dict[str, Special] = {
    "warmup_steps": _warmup_steps,
    "warmup_ratio": _warmup_ratio,
    "eval_every": _eval_every,
    "eval_steps": _eval_steps,
    "model_name": _model_name,
    "_name_or_path": _name_or_path,
    "encoder_model_name": _model_name,
    "encoder_model": _model_name,
    "has_rnn": _has_rnn,
    "relations_layer": _relations_layer,
    "freeze_components": _frozen,
    "freeze_token_rep": _freeze_token_rep,
    "mixed_precision": _mixed_precision,
    "metric_for_best_model": _metric,
    "greater_is_better": _greater,
    "accelerator_config": _accelerator,
    "optim": _optim,
    "optimizer": _optim,
    "compile_model": _as("training.torch_compile"),
    "use_lora": _as("peft.enabled"),
}
