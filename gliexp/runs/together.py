"""The processes of one run: which of them this one is, and what the first one tells the others.

They find one another through the variables that torchrun, accelerate and gliexp's own start set (RANK, WORLD_SIZE …).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gliexp.config.schema import Config


@dataclass(frozen=True)
class Together:
    """This process among `ranks`; `rank` 0 is the one that writes."""

    rank: int = 0
    ranks: int = 1

    @classmethod
    def by_environment(cls) -> Together:
        """What the variables say; one process where they say nothing."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def meet(self, config: Config) -> None:
        """Wait for the others, so that they can be told something."""
        if self.ranks == 1:
            return
        from accelerate import PartialState

        training = config.training
        options = {} if training.ddp_backend is None else {"backend": training.ddp_backend}
        PartialState(cpu=training.use_cpu, timeout=timedelta(seconds=training.ddp_timeout), **options)

    def tell(self, message: Any = None) -> Any:
        """What the first process gives, on all of them."""
        if self.ranks == 1:
            return message
        import torch

        held = [message]
        torch.distributed.broadcast_object_list(held, src=0)
        return held[0]

    def part(self) -> None:
        """Take leave, so that no process ends while another still waits for it."""
        if self.ranks == 1:
            return
        import torch

        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
