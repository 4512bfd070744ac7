"""The `peft` section: adapters on the backbones, or layers that thaw; every setting of peft's LoraConfig is a key.

Left out are the fields that peft fills in itself: task_type (the parts are bare encoders), peft_type, auto_mapping,
peft_version, base_model_name_or_path, revision, inference_mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config.schema.key import PEFT, key

METHODS = ("lora", "rslora", "dora", "pissa", "loftq", "qlora", "adalora", "ia3", "vera", "freeze", "partial")
MODES = ("adapter", "full", "frozen")


@dataclass
class Lora:
    """The rest of LoraConfig, with peft's defaults."""

    exclude_modules: Any = key(None, "Targets to leave out: module names, or one pattern", PEFT, kinds=("str", "list"))
    use_rslora: bool = key(False, "Scale adapters by the root of their rank", PEFT)
    use_dora: bool = key(False, "Learn each weight's length apart from its direction", PEFT)
    modules_to_save: list[str] | None = key(
        None, "Modules of the backbones that train in full beside the adapters", PEFT
    )
    init_lora_weights: Any = key(
        None,
        "How adapters start: true, false, gaussian, orthogonal, olora, pissa, pissa_niter_N, mica; null is true",
        PEFT,
        kinds=("str", "bool"),
    )
    layers_to_transform: list[int] | None = key(None, "Numbers of the layers that take adapters; null takes all", PEFT)
    layers_pattern: Any = key(
        None, "Name of the list of layers that layers_to_transform counts", PEFT, kinds=("str", "list")
    )
    rank_pattern: dict[str, Any] | None = key(None, "Module name or pattern: rank, where it differs from r", PEFT)
    alpha_pattern: dict[str, Any] | None = key(None, "Module name or pattern: scale, where it is not lora_alpha", PEFT)
    fan_in_fan_out: bool | None = key(None, "Weights stored transposed; null looks at the backbone", PEFT)
    trainable_token_indices: Any = key(
        None, "Embedding rows that train beside the model's own prompt tokens", PEFT, kinds=("list", "dict")
    )
    target_parameters: list[str] | None = key(None, "Parameters to adapt that are no module's weight", PEFT)
    lora_bias: bool = key(False, "Give the adapters a bias", PEFT)
    ensure_weight_tying: bool = key(False, "Keep tied weights tied in modules_to_save and targets", PEFT)
    layer_replication: list[Any] | None = key(None, "Ranges of layers to stack again: [[0, 4], [2, 5]]", PEFT)
    loftq_config: dict[str, Any] | None = key(None, "LoftQ's bits and rounds; only 4 and 1 can be had", PEFT)
    eva_config: dict[str, Any] | None = key(None, "Settings of init_lora_weights=eva", PEFT)
    corda_config: dict[str, Any] | None = key(None, "Settings of init_lora_weights=corda", PEFT)
    lora_ga_config: dict[str, Any] | None = key(None, "Settings of init_lora_weights=lora_ga", PEFT)
    velora_config: dict[str, Any] | None = key(None, "Settings of VeLoRA", PEFT)
    kasa_config: dict[str, Any] | None = key(None, "Settings of KaSA", PEFT)
    arrow_config: dict[str, Any] | None = key(None, "Settings of Arrow routing", PEFT)
    monteclora_config: dict[str, Any] | None = key(None, "Settings of MonteCLoRA", PEFT)
    use_bdlora: dict[str, Any] | None = key(None, "Settings of block-diagonal LoRA", PEFT)
    use_qalora: bool = key(False, "Quantisation-aware LoRA, for GPTQ backbones", PEFT)
    qalora_group_size: int = key(16, "Group size of QALoRA", PEFT, minimum=1)
    alora_invocation_tokens: list[int] | None = key(None, "Tokens that switch an activated LoRA on", PEFT)
    megatron_config: dict[str, Any] | None = key(None, "Settings of Megatron's parallel layers", PEFT)
    megatron_core: str | None = key("megatron.core", "Module of Megatron", PEFT)
    runtime_config: dict[str, Any] | None = key(
        None, "Settings that are not saved: {ephemeral_gpu_offload: true}", PEFT
    )


@dataclass
class OtherMethods:
    """What only one of the other methods reads, with peft's defaults."""

    init_r: int | None = key(None, "adalora: rank at the start; null is half as much again as r", PEFT, minimum=1)
    tinit: int = key(0, "adalora: steps before ranks begin to fall", PEFT, minimum=0)
    tfinal: int = key(0, "adalora: steps at the end with settled ranks", PEFT, minimum=0)
    deltaT: int = key(1, "adalora: steps between two changes of rank", PEFT, minimum=1)  # noqa: N815
    beta1: float = key(0.85, "adalora: memory of a weight's importance", PEFT, minimum=0, below=1)
    beta2: float = key(0.85, "adalora: memory of the importance's uncertainty", PEFT, minimum=0, below=1)
    orth_reg_weight: float = key(0.5, "adalora: weight of orthogonality in the loss", PEFT, minimum=0)
    feedforward_modules: Any = key(None, "ia3: targets that are rescaled where they read", PEFT, kinds=("str", "list"))
    init_ia3_weights: bool = key(True, "ia3: start at one, which changes nothing", PEFT)
    projection_prng_key: int = key(0, "vera: seed of the shared random matrices", PEFT, minimum=0)
    save_projection: bool = key(True, "vera: save the random matrices with the adapter", PEFT)
    vera_dropout: float = key(0.0, "vera: dropout before the adapters", PEFT, minimum=0, below=1)
    d_initial: float = key(0.1, "vera: first value of the scaling vectors", PEFT)
    init_weights: bool = key(True, "vera: start as it should; false is for tests", PEFT)
    bnb_4bit_quant_type: str = key("nf4", "qlora, loftq: kind of the 4 bits", PEFT, choices=("nf4", "fp4"))
    bnb_4bit_use_double_quant: bool = key(True, "qlora, loftq: quantise the constants of quantising too", PEFT)
    unfreeze_last_n_layers: int = key(2, "partial: layers at the end of the backbone that train", PEFT, minimum=1)


@dataclass
class Where:
    """Which parts take adapters, and what becomes of the result."""

    text_encoder: str = key(
        "adapter", "The text encoder takes adapters, trains in full or is frozen", PEFT, choices=MODES
    )
    labels_encoder: str = key("adapter", "The label encoder of task=biencoder, likewise", PEFT, choices=MODES)
    label_decoder: str = key("adapter", "The label decoder of task=decoder, likewise", PEFT, choices=MODES)
    heads: str = key("full", "The heads train in full or are frozen", PEFT, choices=("full", "frozen"))
    save: str = key(
        "both",
        "Leave adapter/, or model/ with the adapters merged, or both",
        PEFT,
        choices=("adapter", "merged", "both"),
    )
    init_from: str | None = key(None, "Run or adapter directory whose adapters are trained on", PEFT)


@dataclass
class Peft(OtherMethods, Lora, Where):
    """Adapters; the heads are always trained in full unless `heads` says otherwise."""

    enabled: bool = key(False, "Train adapters instead of the backbone's own weights", PEFT)
    method: str = key("lora", "Kind of adapter, or which layers train", PEFT, choices=METHODS)
    r: int = key(16, "Rank of the adapters", PEFT, minimum=1)
    lora_alpha: int = key(32, "Scale of the adapters; twice r is common", PEFT, minimum=1)
    lora_dropout: float = key(0.05, "Dropout before the adapters", PEFT, minimum=0, below=1)
    target_modules: Any = key(
        None,
        "Module names, `all-linear`, a pattern, or the roles attention, mlp, attention+mlp; null takes the attention",
        PEFT,
        kinds=("str", "list"),
    )
    bias: str = key("none", "Which biases are trained too", PEFT, choices=("none", "all", "lora_only"))
