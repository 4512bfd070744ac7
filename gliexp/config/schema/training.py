"""The `training` section: the library's arguments, the names of transformers 4, and gliexp's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config.schema.gliclass_arguments import GliclassArguments
from gliexp.config.schema.key import HF_TRAIN, SCRIPT, key
from gliexp.config.schema.training_arguments import TrainingArguments


@dataclass
class OldNames:
    """Arguments of transformers 4 that are gone; config/legacy.py carries them to today's or says why it cannot."""

    evaluation_strategy: Any = key(None, "Old name of eval_strategy", HF_TRAIN, kinds=("str", "bool"))
    group_by_length: bool | None = key(None, "Old form of train_sampling_strategy=group_by_length", HF_TRAIN)
    per_gpu_train_batch_size: int | None = key(None, "Old name of per_device_train_batch_size", HF_TRAIN, minimum=1)
    per_gpu_eval_batch_size: int | None = key(None, "Old name of per_device_eval_batch_size", HF_TRAIN, minimum=1)
    no_cuda: bool | None = key(None, "Old name of use_cpu", HF_TRAIN)
    adafactor: bool | None = key(None, "Old form of optim=adafactor", HF_TRAIN)
    torchdynamo: str | None = key(None, "Old name of torch_compile_backend", HF_TRAIN)
    include_inputs_for_metrics: bool | None = key(None, "Old form of include_for_metrics=[inputs]", HF_TRAIN)
    push_to_hub_model_id: str | None = key(None, "Old name of hub_model_id", HF_TRAIN)
    push_to_hub_organization: str | None = key(None, "Gone; write hub_model_id=organization/name", HF_TRAIN)
    push_to_hub_token: str | None = key(None, "Old name of hub_token", HF_TRAIN, secret=True)
    overwrite_output_dir: bool | None = key(None, "Gone; a run directory is never overwritten", HF_TRAIN)
    logging_dir: str | None = key(None, "Gone; see tracking.log_dir", HF_TRAIN)
    save_safetensors: bool | None = key(None, "Gone; gliexp always writes safetensors", HF_TRAIN)
    use_mps_device: bool | None = key(None, "Gone; the device is found", HF_TRAIN)
    jit_mode_eval: bool | None = key(None, "Gone", HF_TRAIN)
    use_ipex: bool | None = key(None, "Gone", HF_TRAIN)
    fp16_opt_level: str | None = key(None, "Gone with apex", HF_TRAIN)
    fp16_backend: str | None = key(None, "Gone with apex", HF_TRAIN)
    half_precision_backend: str | None = key(None, "Gone with apex", HF_TRAIN)
    tpu_num_cores: int | None = key(None, "Gone", HF_TRAIN)
    tpu_metrics_debug: bool | None = key(None, "Gone; see debug", HF_TRAIN)
    past_index: int | None = key(None, "Gone", HF_TRAIN)
    fsdp_min_num_params: int | None = key(None, "Gone; see fsdp_config", HF_TRAIN)
    fsdp_transformer_layer_cls_to_wrap: str | None = key(None, "Gone; see fsdp_config", HF_TRAIN)
    use_legacy_prediction_loop: bool | None = key(None, "Gone", HF_TRAIN)
    mp_parameters: str | None = key(None, "Gone with SageMaker's model parallelism", HF_TRAIN)
    ray_scope: str | None = key(None, "Gone with Ray's hyperparameter search", HF_TRAIN)
    dispatch_batches: bool | None = key(None, "Gone; see accelerator_config", HF_TRAIN)
    split_batches: bool | None = key(None, "Gone; see accelerator_config", HF_TRAIN)
    include_tokens_per_second: bool | None = key(None, "Gone; see include_num_input_tokens_seen", HF_TRAIN)


@dataclass
class Own:
    """What gliexp adds to training."""

    label_balance: float = key(
        0.0,
        "How far rare labels weigh more in the loss: 0 not at all, 1 as much in sum as the most frequent one",
        SCRIPT,
        minimum=0,
        maximum=1,
    )
    layerwise_lr_decay: float = key(
        1.0,
        "Factor on an encoder's rate for each layer below its last; 1 is the same rate for all",
        SCRIPT,
        above=0,
        maximum=1,
    )
    matrix_library: str = key(
        "auto",
        "Who multiplies float32 matrices on a CPU; auto is onednn where it is faster (AMD with AVX-512), else torch",
        SCRIPT,
        choices=("auto", "torch", "onednn"),
    )
    cheap_dropout: bool = key(True, "Dropout on a CPU draws 16 random bits a value instead of torch's number", SCRIPT)
    unpadded: bool = key(True, "Backbones of the BERT family read batches on a CPU without their padding", SCRIPT)
    max_batch_tokens: int | None = key(
        None,
        "Sub-tokens that a training batch holds at most, prompts and padding included: it has as many rows of like "
        "length as fit; null is per_device_train_batch_size rows",
        SCRIPT,
        minimum=1,
    )
    folded_heads: bool = key(
        True, "markerV0 and token heads on a CPU score labels without a vector for every span or padded word", SCRIPT
    )
    fused_adamw: bool = key(True, "The step of optim=adamw_torch is one kernel, as adamw_torch_fused", SCRIPT)
    on_bad_step: str = key(
        "stop",
        "What is done about a loss, gradient or metric that is not finite; everything else that is wrong always stops",
        SCRIPT,
        choices=("stop", "skip_and_count"),
    )
    zero_loss_steps: int | None = key(
        10, "Steps in a row with a loss of exactly 0 before the run stops; null never stops", SCRIPT, minimum=1
    )
    on_unreached: str = key(
        "stop", "What is done about parameters that never get a gradient", SCRIPT, choices=("stop", "warn")
    )
    early_stopping_patience: int | None = key(
        None, "Evaluations without progress before stopping; null never stops", SCRIPT, minimum=1
    )
    early_stopping_threshold: float = key(0.0, "What counts as progress in metric_for_best_model", SCRIPT, minimum=0)
    resume_anyway: bool = key(
        False, "Go on from a checkpoint although the config differs in what changes the result", SCRIPT
    )


@dataclass
class Training(OldNames, Own, GliclassArguments, TrainingArguments):
    """All of it in one flat section, the library's arguments first."""
