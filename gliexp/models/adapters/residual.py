"""Saves one part's adapter for the untouched base, also where training began by moving weight from base to adapter.

PiSSA and OLoRA take their first adapter out of the base: W = (W - s·B₀A₀) + s·B₀A₀. What they learn is s·(BA - B₀A₀) on
the untouched W, which is a LoRA of twice the rank: A' = [A; A₀], B' = [B, -B₀].
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file

from gliexp.errors import RunFailed

WEIGHTS = "adapter_model.safetensors"


def save(model: PeftModel, directory: Path, first: Mapping[str, torch.Tensor] | None, base_name: str) -> None:
    """Write a peft adapter directory; `first` holds the adapter's first weights where they came out of the base."""
    directory.mkdir(parents=True, exist_ok=True)
    (name,) = model.peft_config
    # peft rewrites the rank pattern of AdaLoRA's live config when it reads the state
    live = model.peft_config[name]
    pattern = copy.deepcopy(getattr(live, "rank_pattern", None))
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    config = copy.deepcopy(live)
    if hasattr(live, "rank_pattern"):
        live.rank_pattern = pattern
    if first:
        state = {key: _doubled(key, tensor, first.get(key)) for key, tensor in state.items()}
        _double(config)
    config.base_model_name_or_path = base_name
    config.inference_mode = True
    config.save_pretrained(str(directory))
    save_file({key: tensor.detach().clone().contiguous().cpu() for key, tensor in state.items()}, directory / WEIGHTS)


def _doubled(key: str, tensor: torch.Tensor, first: torch.Tensor | None) -> torch.Tensor:
    if first is None:
        return tensor
    first = first.to(tensor)
    if ".lora_A." in key:
        return torch.cat([tensor, first], dim=0)
    if ".lora_B." in key:
        return torch.cat([tensor, -first], dim=1)
    raise RunFailed(
        f"cannot save {key}: its first value came out of the base, and only LoRA's A and B can give it back"
    )


def _double(config: Any) -> None:
    """Twice the rank at the same scale."""
    config.init_lora_weights = True
    config.r *= 2
    config.rank_pattern = {name: 2 * rank for name, rank in (config.rank_pattern or {}).items()}
    factor = math.sqrt(2) if config.use_rslora else 2
    config.lora_alpha *= factor
    config.alpha_pattern = {name: factor * alpha for name, alpha in (config.alpha_pattern or {}).items()}
