"""Linear layers multiplied by oneDNN instead of MKL.

torch multiplies float32 matrices with MKL (aten/src/ATen/native/CPUBlas.cpp), which runs its AVX2 code on processors
that are not Intel's; oneDNN, which torch carries too, takes AVX-512 wherever it is: twice the products a second.
"""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

LEAST_PRODUCTS = 1 << 21
"""Below it a call from Python costs more than the products that it saves."""


def _multiplied(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """inputs (M, K) times weight (N, K) transposed, plus bias (N); both may be views of other tensors."""
    return _by_one_dnn(_dense(inputs), _dense(weight), bias)


def _by_one_dnn(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(inputs, weight, bias, "none", [], "")
    return product


def _dense(matrix: torch.Tensor) -> torch.Tensor:
    """The matrix without gaps between its rows or columns: with gaps oneDNN takes a loop that is 1,400 times slower."""
    return matrix if matrix.is_contiguous() or matrix.t().is_contiguous() else matrix.contiguous()


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight)
        return _multiplied(inputs, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, weight = ctx.saved_tensors
        of_inputs = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_inputs = _multiplied(gradient, weight.t(), None)
        if ctx.needs_input_grad[1]:
            of_weight = _multiplied(gradient.t(), inputs.t(), None)
        if ctx.needs_input_grad[2]:
            of_bias = gradient.sum(dim=0)
        return of_inputs, of_weight, of_bias


def linear(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """torch.nn.functional.linear of float32 CPU tensors, by oneDNN."""
    flat = inputs.reshape(-1, inputs.shape[-1])
    product: torch.Tensor = _Product.apply(flat, weight, bias)  # type: ignore[no-untyped-call]
    return product.view(*inputs.shape[:-1], weight.shape[0])


class OneDnnLinear(nn.Linear):
    """nn.Linear by oneDNN, for whole batches of float32 on a CPU; otherwise nn.Linear."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if not holds(input, self.weight) or input.numel() * self.out_features < LEAST_PRODUCTS:
            return super().forward(input)
        return linear(input, self.weight, self.bias)


def like(
    layer: nn.Linear, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """torch.nn.functional.linear with a part of a layer's weight, by the library that multiplies the layer."""
    whole = isinstance(layer, OneDnnLinear) and inputs.numel() * weight.shape[0] >= LEAST_PRODUCTS
    way = linear if whole and holds(inputs, weight) else functional.linear
    return way(inputs, weight, bias)


def holds(inputs: torch.Tensor, weight: torch.Tensor) -> bool:
    """Whether these are plain float32 tensors on the CPU, outside of autocast and of a compiler."""
    return (
        inputs.dtype == weight.dtype == torch.float32
        and inputs.device.type == weight.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


@cache
def is_faster() -> bool:
    """Whether oneDNN is the faster library here: a processor that MKL does not know, with AVX-512.

    Told from the processor and not by a stopwatch, so that a run that goes on makes the numbers of one that never
    stopped.
    """
    if not (torch.backends.mkldnn.is_available() and torch.backends.mkl.is_available()):  # type: ignore[no-untyped-call]
        return False
    return "AuthenticAMD" in _vendor() and torch.backends.cpu.get_cpu_capability() == "AVX512"


def _vendor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()  # what Windows says ends with the vendor
    return next((line for line in lines if line.startswith("vendor_id")), "")
