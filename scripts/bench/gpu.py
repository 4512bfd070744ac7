"""What a GPU could do and how busy it is."""

from __future__ import annotations

import subprocess
import time
from statistics import mean
from types import TracebackType

import torch

QUERY = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--loop-ms=100")


def matmul_rate(device: str, size: int = 8192, repeats: int = 20) -> float:
    """Measured floating-point operations a second of bf16 products of square matrices of `size`."""
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        left @ right
    _await(device)
    began = time.perf_counter()
    for _ in range(repeats):
        left @ right
    _await(device)
    return 2 * size**3 * repeats / (time.perf_counter() - began)


def step_operations(parameters: int, layers: int, hidden: int, tokens: float, length: float) -> float:
    """Operations of forward and backward on `tokens` sub-tokens in rows of `length`, those of the encoder alone.

    6 for each parameter outside of the embeddings and 12 * layers * hidden * length for attention, a sub-token
    (Chowdhery et al., PaLM, arXiv 2204.02311, appendix B). Heads are left out, so shares are understated.
    """
    return tokens * (6 * parameters + 12 * layers * hidden * length)


class Busy:
    """Share of the time in which the GPU ran any kernel, while it is entered: what nvidia-smi calls its utilization.

    `share` is None on a CPU, and where nothing was sampled.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.share: float | None = None

    def __enter__(self) -> Busy:
        on_gpu = self.device == "cuda"
        self._sampler = subprocess.Popen(QUERY, stdout=subprocess.PIPE, text=True) if on_gpu else None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._sampler is None:
            return
        self._sampler.terminate()
        sampled = [int(line) for line in self._sampler.communicate()[0].splitlines() if line.strip().isdigit()]
        self.share = mean(sampled) / 100 if sampled else None


def _await(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
