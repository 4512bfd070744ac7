"""A batch that does not fit into the device's memory, in parts that do.

The HF Trainer's way (auto_find_batch_size) starts the training anew with fewer rows a step, and gliner's goes on
without the batch (gliner/training/trainer.py:284). Here a batch of n rows becomes 2, 4, … batches whose gradients are
added, so that the optimizer sees the same sum over the same rows, and steps, schedules and checkpoints stay what they
are: half the micro-batch, twice the accumulation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

# What CUDA and its libraries say where they raise a plain RuntimeError.
_SAID = (
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_NOT_SUPPORTED_ALLOC",
    "CUDNN_STATUS_ALLOC_FAILED",
    "DefaultCPUAllocator: can't allocate memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device (or torch's allocator on the CPU) had no memory left."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _SAID)


def split(numbers: Sequence[int], parts: int) -> list[list[int]]:
    """Rows in at most `parts` runs of like length, longer ones first; a row is never left out."""
    parts = max(1, min(parts, len(numbers)))
    size, longer = divmod(len(numbers), parts)
    found, start = [], 0
    for place in range(parts):
        end = start + size + (place < longer)
        found.append(list(numbers[start:end]))
        start = end
    return found


def free() -> None:
    """Give the cached blocks of a device back, so that smaller ones fit."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
