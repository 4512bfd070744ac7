"""Which keys of the `peft` section mean nothing under the chosen method, and which values contradict it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from gliexp.config.schema import Config
from gliexp.config.schema.classifier import BI, FUSED
from gliexp.config.schema.peft import Lora, Peft
from gliexp.config.schema.run import CLASSIFICATION_TASKS

TEXT_ENCODER, LABELS_ENCODER, LABEL_DECODER = "text_encoder", "labels_encoder", "label_decoder"
WITHOUT_ADAPTERS = ("freeze", "partial")
"""Methods that only say which of the backbones' own weights train."""
RANKED = ("r", "lora_alpha", "lora_dropout", "bias")
PLACED = (
    "target_modules",
    "exclude_modules",
    "layers_to_transform",
    "layers_pattern",
    "modules_to_save",
    "fan_in_fan_out",
)
QUANTISED = ("qlora", "loftq")
FOUR_BIT = ("bnb_4bit_quant_type", "bnb_4bit_use_double_quant")
OF_METHOD = {
    "adalora": ("init_r", "tinit", "tfinal", "deltaT", "beta1", "beta2", "orth_reg_weight"),
    "ia3": ("feedforward_modules", "init_ia3_weights"),
    "vera": ("projection_prng_key", "save_projection", "vera_dropout", "d_initial", "init_weights"),
    "partial": ("unfreeze_last_n_layers",),
}
LORA_FIELDS = (*RANKED, "target_modules", *(field.name for field in fields(Lora)))
"""Keys that are LoraConfig's."""
NOT_LORA = {
    "freeze": (*LORA_FIELDS,),
    "partial": (*LORA_FIELDS,),
    "ia3": tuple(name for name in LORA_FIELDS if name not in PLACED),
    "vera": tuple(name for name in LORA_FIELDS if name not in (*PLACED, "r", "bias")),
    "adalora": ("use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "init_lora_weights", "layer_replication"),
}
FIXED = {
    "rslora": ("use_rslora",),
    "dora": ("use_dora",),
    "pissa": ("init_lora_weights",),
    "loftq": ("init_lora_weights",),
}
LOFTQ = {"loftq_bits": 4, "loftq_iter": 1}
"""LoftQ's settings: with more rounds the quantised base would depend on the adapters; 8 bits need other kernels."""
STARTS = ("gaussian", "orthogonal", "olora", "pissa", "mica")
NEEDS_ROWS = {"eva": "eva_config", "corda": "corda_config", "lora_ga": "lora_ga_config"}
UNFIT = {
    "layer_replication": "the stock library could not build the longer backbone",
    "alora_invocation_tokens": "peft switches it on in generating models only, and in silence leaves it off elsewhere",
    "arrow_config": "it routes between adapters that are there already",
}
_KEPT_WITH_ADAPTER = ("enabled", "save", "init_from")


def inert(config: Config) -> Iterator[tuple[str, str]]:
    """Key of the section → why it has no effect, the first reason first."""
    peft = config.peft
    if not peft.enabled:
        yield from ((f"peft.{field.name}", "peft.enabled is off") for field in fields(Peft) if field.name != "enabled")
        return
    if peft.init_from is not None:
        for field in fields(Peft):
            if field.name not in _KEPT_WITH_ADAPTER:
                yield f"peft.{field.name}", "the adapter of peft.init_from keeps its own"
    for method, names in OF_METHOD.items():
        if method != peft.method:
            yield from ((f"peft.{name}", f"only method={method} reads it") for name in names)
    yield from ((f"peft.{name}", f"method={peft.method} does not read it") for name in NOT_LORA.get(peft.method, ()))
    yield from ((f"peft.{name}", f"method={peft.method} sets it") for name in FIXED.get(peft.method, ()))
    yield from ((f"peft.{name}", f"init_lora_weights={start} is refused") for start, name in NEEDS_ROWS.items())
    yield from _idle(config)


def _idle(config: Config) -> Iterator[tuple[str, str]]:
    peft = config.peft
    for name, why in UNFIT.items():
        if getattr(peft, name) is None:
            yield f"peft.{name}", f"any other value is refused: {why}"
    if LABELS_ENCODER not in _parts(config):
        yield "peft.labels_encoder", "only bi-encoders have a label encoder"
    if LABEL_DECODER not in _parts(config):
        yield "peft.label_decoder", "only task=decoder has a label decoder"
    if peft.method not in QUANTISED:
        yield from ((f"peft.{name}", "only method=qlora|loftq reads it") for name in FOUR_BIT)
    why = "only method=loftq reads it" if peft.method != "loftq" else "LoftQ makes one round with 4 bits, nothing else"
    yield "peft.loftq_config", why
    if not peft.use_qalora:
        yield "peft.qalora_group_size", "use_qalora is off"
    if peft.megatron_config is None:
        yield "peft.megatron_core", "megatron_config is null"
    if peft.layers_to_transform is None:
        yield "peft.layers_pattern", "layers_to_transform is null"


def problems(config: Config) -> Iterator[tuple[str, str, str]]:
    """Key, what is wrong, what is allowed."""
    peft = config.peft
    if not peft.enabled:
        if peft.init_from is not None:
            yield "peft.init_from", "peft.enabled is off", "peft.enabled=true"
        return
    yield from _places(config)
    yield from _values(config)
    if peft.init_from is not None and config.model.from_pretrained is not None:
        yield "peft.init_from", "model.from_pretrained is set too, and the adapter knows its base", "one of them"


def _parts(config: Config) -> tuple[str, ...]:
    """The backbones that the chosen model has, by their names in the section."""
    if config.run.task == "biencoder" or (
        config.run.task in CLASSIFICATION_TASKS and config.model.architecture_type in (BI, FUSED)
    ):
        return TEXT_ENCODER, LABELS_ENCODER
    return (TEXT_ENCODER, LABEL_DECODER) if config.run.task == "decoder" else (TEXT_ENCODER,)


def _places(config: Config) -> Iterator[tuple[str, str, str]]:
    peft, wanted = config.peft, config.peft.target_modules
    if not config.model.fine_tune and peft.method != "freeze":
        yield "model.fine_tune", "false freezes the backbone, whose adapters peft.enabled=true trains", "true"
    if wanted == [] or (isinstance(wanted, list) and not all(isinstance(name, str) and name for name in wanted)):
        yield "peft.target_modules", f"does not accept {wanted}", "names of modules"
    if all(getattr(peft, part) != "adapter" for part in _parts(config)):
        yield "peft.text_encoder", f"{peft.text_encoder}: no part of the model takes an adapter", "adapter"


def _values(config: Config) -> Iterator[tuple[str, str, str]]:
    peft, start = config.peft, config.peft.init_lora_weights
    allowed = f"true, false, {', '.join(STARTS)}, pissa_niter_N"
    if start in NEEDS_ROWS:
        yield "peft.init_lora_weights", f"{start} would start from training rows before the model is built", allowed
    elif isinstance(start, str) and start not in STARTS and not start.removeprefix("pissa_niter_").isdigit():
        yield "peft.init_lora_weights", f"does not accept {start!r}", allowed
    for name, value in (peft.loftq_config or {}).items() if peft.method == "loftq" else ():
        if LOFTQ.get(name) != value or isinstance(value, bool):
            yield "peft.loftq_config", f"does not accept {name}: {value!r}", "{loftq_bits: 4, loftq_iter: 1}"
    for name, why in UNFIT.items():
        if getattr(peft, name) is not None:
            yield f"peft.{name}", f"is of no use here: {why}", "null"
    for name in ("rank_pattern", "alpha_pattern"):
        for pattern, value in (getattr(peft, name) or {}).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                yield f"peft.{name}", f"does not accept {pattern}: {value!r}", "a number above 0"
    if any(number < 0 for number in peft.layers_to_transform or ()):
        yield "peft.layers_to_transform", f"does not accept {peft.layers_to_transform}", "numbers from 0"
