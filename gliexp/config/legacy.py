"""Keys of transformers 4 carried to today's; those that cannot be are refused or have no effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from gliexp.config import secrets
from gliexp.config.report import OLD_NAME, Report, Step
from gliexp.errors import Problem


@dataclass(frozen=True)
class Carried:
    """Where an old key's value goes, and how it reads there; a translation to None leaves the new key alone."""

    key: str
    translate: Callable[[Any], Any] = lambda value: value


def _strategy(value: Any) -> Any:
    return "no" if value is False else value


CARRIED: dict[str, Carried] = {
    "evaluation_strategy": Carried("eval_strategy", _strategy),
    "group_by_length": Carried("train_sampling_strategy", lambda on: "group_by_length" if on else None),
    "per_gpu_train_batch_size": Carried("per_device_train_batch_size"),
    "per_gpu_eval_batch_size": Carried("per_device_eval_batch_size"),
    "no_cuda": Carried("use_cpu"),
    "adafactor": Carried("optim", lambda on: "adafactor" if on else None),
    "torchdynamo": Carried("torch_compile_backend"),
    "include_inputs_for_metrics": Carried("include_for_metrics", lambda on: ["inputs"] if on else None),
    "push_to_hub_model_id": Carried("hub_model_id"),
    "push_to_hub_token": Carried("hub_token"),
}

# Old keys without a successor, each with what became of it.
GONE: dict[str, str] = {
    "push_to_hub_organization": "gone from transformers 5: write training.hub_model_id=organization/name",
    "overwrite_output_dir": "each config has a run directory of its own",
    "logging_dir": "gone from transformers 5: see tracking.log_dir",
    "save_safetensors": "gliexp always writes safetensors",
    "use_mps_device": "gone from transformers 5: the device is found",
    "jit_mode_eval": "gone from transformers 5",
    "use_ipex": "gone from transformers 5",
    "fp16_opt_level": "gone with apex",
    "fp16_backend": "gone with apex",
    "half_precision_backend": "gone with apex",
    "tpu_num_cores": "gone from transformers 5",
    "tpu_metrics_debug": "gone: training.debug=tpu_metrics_debug",
    "past_index": "gone from transformers 5",
    "fsdp_min_num_params": "gone: training.fsdp_config.min_num_params",
    "fsdp_transformer_layer_cls_to_wrap": "gone: training.fsdp_config.transformer_layer_cls_to_wrap",
    "use_legacy_prediction_loop": "gone from transformers 5",
    "mp_parameters": "gone with SageMaker's model parallelism",
    "ray_scope": "gone with Ray's hyperparameter search",
    "dispatch_batches": "gone: training.accelerator_config.dispatch_batches",
    "split_batches": "gone: training.accelerator_config.split_batches",
    "include_tokens_per_second": "gone: training.include_num_input_tokens_seen",
}


def carry(config: DictConfig, report: Report) -> None:
    """Write old keys' values under today's names (in place). Old and new set to different values is a problem."""
    for old, target in CARRIED.items():
        value = OmegaConf.select(config, f"training.{old}")
        if value is None:
            continue
        _carry_one(config, report, f"training.{old}", value, target)


def _carry_one(config: DictConfig, report: Report, old: str, value: Any, target: Carried) -> None:
    new = f"training.{target.key}"
    translated = target.translate(value)
    if report.explicit(new):
        present = OmegaConf.select(config, new)
        if secrets.is_secret(old):
            same = secrets.reveal(old) == secrets.reveal(new)
        else:
            same = present == translated if translated is not None else present != target.translate(True)
        if not same:
            shown = secrets.MARK if secrets.is_secret(old) else f"{value} and {present}"
            both = Problem(old, f"old and new name say different things: {shown}", f"only {new}", report.where(old))
            report.refuse(both)
        return
    if translated is None:
        return
    if secrets.is_secret(old):
        secrets.hold(new, secrets.reveal(old))
    OmegaConf.update(config, new, translated)
    report.note(f"{old} is carried to {new}" + (f"={translated}" if not secrets.is_secret(old) else ""))
    where = report.where(old)
    shown = secrets.MARK if secrets.is_secret(old) else translated
    report.record(new, Step(where, shown, explicit=True, layer=OLD_NAME, note=f"written as {old}", reads=(old,)))
