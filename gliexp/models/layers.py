"""The stack of equal layers inside a backbone, and where each parameter lies along it."""

from __future__ import annotations

import re

from torch import nn


def stack_name(backbone: nn.Module) -> str:
    """Dotted name of the longest list of modules of one class: the transformer layers. Empty where there is none."""
    found, longest = "", 0
    for name, module in backbone.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) > longest and len({type(layer) for layer in module}) == 1:
            found, longest = name, len(module)
    return found


def count(backbone: nn.Module) -> int:
    """Number of transformer layers."""
    name = stack_name(backbone)
    return len(backbone.get_submodule(name)) if name else 0  # type: ignore[arg-type]


def depths(backbone: nn.Module) -> dict[int, int]:
    """id(parameter) → depth: 0 for what comes before the layers (embeddings), 1 for the first layer, and so on.

    What stands beside the stack and normalises its result lies as deep as the last layer.
    """
    name = stack_name(backbone)
    last = count(backbone)
    inside = re.compile(rf"(^|\.){re.escape(name)}\.(\d+)\.") if name else None
    found: dict[int, int] = {}
    closing = {id(p) for p in closing_norms(backbone)}
    for key, parameter in backbone.named_parameters():
        match = inside.search(key) if inside else None
        found[id(parameter)] = int(match[2]) + 1 if match else last if id(parameter) in closing else 0
    return found


def closing_norms(backbone: nn.Module) -> list[nn.Parameter]:
    """Parameters of the normalisations beside the stack: final_norm, ln_f and their like."""
    parent = backbone.get_submodule(stack_name(backbone).rpartition(".")[0])
    norms = [module for _, module in parent.named_children() if "norm" in type(module).__name__.lower()]
    return [parameter for module in norms for parameter in module.parameters()]


def last_layers(backbone: nn.Module, number: int) -> list[nn.Parameter]:
    """Parameters of the last `number` layers and of the normalisation after them."""
    deep = count(backbone) - number
    if deep < 0:
        raise ValueError(f"{number} of {count(backbone)} layers")
    by_depth = depths(backbone)
    closing = {id(parameter) for parameter in closing_norms(backbone)}
    return [p for p in backbone.parameters() if by_depth[id(p)] > deep or (number > 0 and id(p) in closing)]
