"""What a run takes of its machine while it trains, for every tracker under the same names."""

from __future__ import annotations

import psutil
import torch

MEBIBYTE = 1024**2


class Machine:
    """Reads this process and its data workers."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.process.cpu_percent()  # the first call only sets the mark that the next one measures from

    def figures(self) -> dict[str, float]:
        """Memory in MiB, processor time since the last call in percent of one core, and of a GPU its memory in MiB."""
        workers = [child for child in self.process.children(recursive=True) if child.is_running()]
        found = {
            "system/processor_percent": self.process.cpu_percent(),
            "system/memory_mib": sum(_resident(each) for each in [self.process, *workers]) / MEBIBYTE,
        }
        if torch.cuda.is_available():
            found["system/gpu_memory_mib"] = torch.cuda.memory_allocated() / MEBIBYTE
            found["system/gpu_memory_most_mib"] = torch.cuda.max_memory_allocated() / MEBIBYTE
        return found


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss)
    except psutil.Error:  # it has ended meanwhile
        return 0.0
