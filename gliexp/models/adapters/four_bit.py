"""Backbones whose linear layers are held in 4 bits (QLoRA, LoftQ), and the way back to plain weights.

Quantised is what adapters stand on while they train; what is saved is an adapter on the plain base, or a plain model
with the dequantised weights, which give the same answers (bitsandbytes dequantises before it multiplies).
Source: Dettmers et al. 2023, QLoRA; Li et al. 2023, LoftQ.
"""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from peft import PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from torch import nn
from transformers.pytorch_utils import Conv1D

PACKAGE = "bitsandbytes"


def installed() -> bool:
    """Whether the package that quantises is there."""
    return importlib.util.find_spec(PACKAGE) is not None


def quantise(backbone: nn.Module, *, quant_type: str = "nf4", double_quant: bool = True) -> None:
    """Put every linear layer of a backbone into 4 bits, in place; embeddings and norms stay as they are.

    `quant_type` is nf4 or fp4; `double_quant` quantises the constants too. Layers that the architecture keeps in
    float32 stay plain: T5 asks its `wo` for its type, and would cast to that of the packed weights.
    """
    import bitsandbytes

    plain = set(getattr(backbone, "_keep_in_fp32_modules", None) or ())
    for parent, name, layer in list(_layers(backbone, (nn.Linear, Conv1D))):
        if name in plain:
            continue
        transposed = isinstance(layer, Conv1D)
        weight = layer.weight.detach().t() if transposed else layer.weight.detach()
        rows, columns = weight.shape
        with torch.device("meta"):
            packed = bitsandbytes.nn.Linear4bit(columns, rows, bias=False, quant_type=quant_type)
        packed.weight = bitsandbytes.nn.Params4bit(
            weight.contiguous().clone(), requires_grad=False, quant_type=quant_type, compress_statistics=double_quant
        )
        packed.bias = layer.bias
        packed.transposed = transposed
        # in eval mode bitsandbytes would pack the weights anew for bfloat16 (nn/modules.py:614), and train mode would
        # then multiply with what it does not understand
        packed.support_avx512bf16_for_cpu = False
        setattr(parent, name, packed.to(weight.device))  # the move is what quantises
    _mark(backbone, True)


def is_quantised(backbone: nn.Module) -> bool:
    """Whether any layer of a backbone is in 4 bits."""
    return any(_is_packed(parameter) for parameter in backbone.parameters())


def weight_of(layer: nn.Module) -> torch.Tensor:
    """The weight (out, in) that a packed layer multiplies with, in float32."""
    import bitsandbytes

    packed: Any = layer.weight
    plain: torch.Tensor = bitsandbytes.functional.dequantize_4bit(packed.data, packed.quant_state)
    return plain.to(torch.float32)


def lifted(model: PeftModel) -> PeftModel:
    """The same adapters on the same weights, no longer packed; a model that is not packed comes back as it is.

    peft would pack the merged weights again, which loses what adapters learned.
    """
    if not is_quantised(model):
        return model
    (config,) = model.peft_config.values()
    config = copy.deepcopy(config)
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    trains = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    backbone = model.unload()
    dequantise(backbone)
    config.inference_mode = False
    if hasattr(config, "fan_in_fan_out"):
        config.fan_in_fan_out = any(isinstance(module, Conv1D) for module in backbone.modules())
    again = get_peft_model(backbone, config)
    set_peft_model_state_dict(again, state)
    for name, parameter in again.named_parameters():
        parameter.requires_grad_(name in trains)
    return again


def dequantise(backbone: nn.Module) -> None:
    """Linear layers with the weights that the packed ones stand for, in place, in the architecture's own classes."""
    import bitsandbytes

    for parent, name, layer in list(_layers(backbone, (bitsandbytes.nn.Linear4bit,))):
        weight = weight_of(layer)
        rows, columns = weight.shape
        plain: nn.Module
        if getattr(layer, "transposed", False):
            plain = Conv1D(rows, columns).to(weight.device)
            weight = weight.t().contiguous()
        else:
            plain = nn.Linear(columns, rows, bias=layer.bias is not None, device=weight.device)
        plain.weight = nn.Parameter(weight, requires_grad=False)
        if layer.bias is not None:
            plain.bias = layer.bias
        setattr(parent, name, plain)
    _mark(backbone, False)


def start_from_loss(model: PeftModel, before: Mapping[str, torch.Tensor]) -> None:
    """Let adapters start as what quantising took away: B·A·scale is the best of its rank for W - Q.

    `before` is module name → its weight (out, in) before it was quantised. This is LoftQ with one round; with more, the
    packed weights would depend on the adapters, and the base would not be the user's own any more. Unlike peft's own
    (peft/utils/loftq_utils.py), the scale is taken out, so that the first product is the loss itself.
    """
    (adapter,) = model.peft_config
    layers: dict[str, Any] = dict(model.base_model.model.named_modules())
    for name, weight in before.items():
        layer = layers[name]
        lost = weight.to(torch.float32) - weight_of(layer.base_layer)
        left, values, right = torch.linalg.svd(lost, full_matrices=False)
        rank, scale = int(layer.r[adapter]), float(layer.scaling[adapter])
        root = (values[:rank] / scale).sqrt()
        with torch.no_grad():
            layer.lora_A[adapter].weight.copy_(root[:, None] * right[:rank])
            layer.lora_B[adapter].weight.copy_(left[:, :rank] * root)


def weights(backbone: nn.Module, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """Module name → copy of its weight (out, in), of layers that are not packed yet."""
    modules: dict[str, Any] = dict(backbone.named_modules())
    found = {name: modules[name] for name in names}
    return {
        name: (module.weight.t() if isinstance(module, Conv1D) else module.weight).detach().clone()
        for name, module in found.items()
    }


def _mark(backbone: Any, packed: bool) -> None:
    backbone.is_loaded_in_4bit = packed  # what peft asks before it puts its own kind of layer on packed ones


def _layers(backbone: nn.Module, kinds: tuple[type, ...]) -> Iterator[tuple[nn.Module, str, Any]]:
    for parent in backbone.modules():
        for name, child in parent.named_children():
            if type(child) in kinds:
                yield parent, name, child


def _is_packed(parameter: nn.Parameter) -> bool:
    return getattr(parameter, "quant_state", None) is not None
