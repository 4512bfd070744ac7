"""The `peft` section: low-rank adapters on the backbone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config.schema.key import PEFT, key


@dataclass
class Peft:
    """LoRA settings; the heads are always trained in full."""

    enabled: bool = key(False, "Train adapters instead of the backbone's own weights", PEFT)
    method: str = key("lora", "Kind of adapter", PEFT, choices=("lora",))
    r: int = key(16, "Rank of the adapters", PEFT, minimum=1)
    lora_alpha: int = key(32, "Scale of the adapters; twice r is common", PEFT, minimum=1)
    lora_dropout: float = key(0.05, "Dropout before the adapters", PEFT, minimum=0, below=1)
    target_modules: Any = key(
        None,
        "Module names, `all-linear`, or the roles attention, mlp, attention+mlp; null takes the attention modules",
        PEFT,
        kinds=("str", "list"),
    )
    bias: str = key("none", "Which biases are trained too", PEFT, choices=("none", "all", "lora_only"))
