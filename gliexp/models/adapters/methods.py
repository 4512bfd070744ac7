"""What each `peft.method` is in peft's terms, and where it cannot be had."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from peft import AdaLoraConfig, IA3Config, LoraConfig, PeftConfig, VeraConfig

from gliexp.config.peft_rules import NOT_LORA
from gliexp.errors import Problem, Refusal
from gliexp.models.adapters import four_bit, targets

FREEZE, PARTIAL, ADALORA, IA3, LOFTQ = "freeze", "partial", "adalora", "ia3", "loftq"
NEEDS_DATA = ("eva", "corda", "lora_ga")
"""Values of init_lora_weights that look at activations or gradients of training rows before the adapters exist."""


@dataclass(frozen=True)
class Method:
    """peft's config class (None: weights are only frozen or not), the settings that make the method, its targets.

    `four_bit` says that the linear layers under the adapters are quantised.
    """

    config: type[PeftConfig] | None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    default_role: str = targets.ATTENTION
    four_bit: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """Names of the settings that its config class takes."""
        return frozenset() if self.config is None else frozenset(f.name for f in dataclasses.fields(self.config))

    @property
    def trains_token_rows(self) -> bool:
        """Whether peft itself trains single rows of the embedding beside the adapters."""
        return "trainable_token_indices" in self.fields


METHODS: Mapping[str, Method] = {
    "lora": Method(LoraConfig),
    "rslora": Method(LoraConfig, {"use_rslora": True}),
    "dora": Method(LoraConfig, {"use_dora": True}),
    "pissa": Method(LoraConfig, {"init_lora_weights": "pissa"}),
    LOFTQ: Method(LoraConfig, {"init_lora_weights": True, "loftq_config": None}, four_bit=True),
    "qlora": Method(LoraConfig, four_bit=True),
    ADALORA: Method(AdaLoraConfig),
    IA3: Method(IA3Config, default_role=targets.SCALED),
    "vera": Method(VeraConfig),
    FREEZE: Method(None),
    PARTIAL: Method(None),
}
OWN_KEYS = frozenset(
    "enabled method target_modules exclude_modules layers_to_transform layers_pattern text_encoder labels_encoder "
    "label_decoder heads unfreeze_last_n_layers save init_from feedforward_modules trainable_token_indices "
    "modules_to_save bnb_4bit_quant_type bnb_4bit_use_double_quant".split()
)
"""Keys of the section that wrapping reads itself; the rest goes to peft's config class as it is."""


def get(name: str) -> Method:
    """The method of this name. Raises Refusal for an unknown one, and where its package is missing."""
    if name not in METHODS:
        raise Refusal([Problem("peft.method", f"there is no method {name!r}", ", ".join(METHODS))])
    check_four_bit(name)
    return METHODS[name]


def check_four_bit(name: str) -> None:
    """Raises Refusal for a method on quantised weights where nothing can quantise."""
    if METHODS[name].four_bit and not four_bit.installed():
        message = f"{name} needs a backbone in 4 bits, and bitsandbytes is not installed"
        raise Refusal([Problem("peft.method", message, "pip install 'gliexp[qlora]', or peft=lora")])


def settings(name: str, section: Mapping[str, Any]) -> dict[str, Any]:
    """The section's values that the method's config class takes, with what makes the method; null means peft's default.

    Raises Refusal for keys that no config class of peft knows, for values that contradict the method, and for ways to
    start that need training rows.
    """
    method = METHODS[name]
    known = OWN_KEYS.union(*(each.fields for each in METHODS.values()))
    problems = [Problem(f"peft.{key}", "peft has no such setting") for key in section if key not in known]
    chosen = {key: value for key, value in section.items() if key in method.fields - OWN_KEYS and value is not None}
    if chosen.get("init_lora_weights") in NEEDS_DATA:
        allowed = "true, false, gaussian, orthogonal, olora, pissa, pissa_niter_N, mica"
        problems.append(
            Problem("peft.init_lora_weights", f"{chosen['init_lora_weights']} starts from training rows", allowed)
        )
    chosen = {key: value for key, value in chosen.items() if key not in NOT_LORA.get(name, ())}
    if name == ADALORA:
        # its final rank is what `r` is elsewhere; it starts higher and takes away what matters least
        chosen["target_r"] = chosen.pop("r", AdaLoraConfig.target_r)
        chosen.setdefault("init_r", math.ceil(1.5 * chosen["target_r"]))
        chosen.setdefault(
            "total_step", chosen.get("tinit", 0) + chosen.get("tfinal", 0) + 1
        )  # known when training starts
        if chosen["init_r"] < chosen["target_r"]:
            problems.append(Problem("peft.init_r", f"{chosen['init_r']} is below the final rank", "at least peft.r"))
    if problems:
        raise Refusal(problems)
    return {**chosen, **method.fixed}
