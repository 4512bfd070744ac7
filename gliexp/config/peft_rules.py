"""Which keys of the `peft` section mean nothing under the chosen method, and which values contradict it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from gliexp.config.schema import Config
from gliexp.config.schema.peft import Lora, Peft
from gliexp.config.schema.run import CLASSIFICATION_TASKS

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
    if config.run.task != "biencoder":
        yield "peft.labels_encoder", "only task=biencoder has a label encoder"
    if config.run.task != "decoder":
        yield "peft.label_decoder", "only task=decoder has a label decoder"
    if peft.method != "loftq":
        yield "peft.loftq_config", "only method=loftq reads it"
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
    if config.run.task in CLASSIFICATION_TASKS:
        yield from _of_classifiers(config)
    if peft.init_from is not None and config.model.from_pretrained is not None:
        yield "peft.init_from", "model.from_pretrained is set too, and the adapter knows its base", "one of them"


def _places(config: Config) -> Iterator[tuple[str, str, str]]:
    peft, wanted = config.peft, config.peft.target_modules
    if not config.model.fine_tune and peft.method != "freeze":
        yield "model.fine_tune", "false freezes the backbone, whose adapters peft.enabled=true trains", "true"
    if wanted == [] or (isinstance(wanted, list) and not all(isinstance(name, str) and name for name in wanted)):
        yield "peft.target_modules", f"does not accept {wanted}", "names of modules"
    of_task = {"biencoder": ("labels_encoder",), "decoder": ("label_decoder",)}.get(config.run.task, ())
    if all(getattr(peft, part) != "adapter" for part in ("text_encoder", *of_task)):
        yield "peft.text_encoder", f"{peft.text_encoder}: no part of the model takes an adapter", "adapter"


def _of_classifiers(config: Config) -> Iterator[tuple[str, str, str]]:
    """What is done for GLiNER models alone so far."""
    peft = config.peft
    if peft.method not in ("lora", "rslora", "dora"):
        yield "peft.method", f"{peft.method} is not there for classifiers yet", "lora, rslora, dora"
    usual = Peft()
    for name in ("save", "init_from", "text_encoder", "heads", "trainable_token_indices"):
        if getattr(peft, name) != getattr(usual, name):
            yield f"peft.{name}", "classifiers have no choice here yet", str(getattr(usual, name)).lower()


def _values(config: Config) -> Iterator[tuple[str, str, str]]:
    peft, start = config.peft, config.peft.init_lora_weights
    allowed = f"true, false, {', '.join(STARTS)}, pissa_niter_N"
    if start in NEEDS_ROWS:
        yield "peft.init_lora_weights", f"{start} would start from training rows before the model is built", allowed
    elif isinstance(start, str) and start not in STARTS and not start.removeprefix("pissa_niter_").isdigit():
        yield "peft.init_lora_weights", f"does not accept {start!r}", allowed
    for name, why in UNFIT.items():
        if getattr(peft, name) is not None:
            yield f"peft.{name}", f"is of no use here: {why}", "null"
    for name in ("rank_pattern", "alpha_pattern"):
        for pattern, value in (getattr(peft, name) or {}).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                yield f"peft.{name}", f"does not accept {pattern}: {value!r}", "a number above 0"
    if any(number < 0 for number in peft.layers_to_transform or ()):
        yield "peft.layers_to_transform", f"does not accept {peft.layers_to_transform}", "numbers from 0"
