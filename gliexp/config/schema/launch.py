"""The `launch` section: with how many processes a run is started."""

from __future__ import annotations

from dataclasses import dataclass

from gliexp.config.schema.key import SCRIPT, key

SINGLE, CPU_DDP, DDP, FSDP, DEEPSPEED = MODES = ("single", "cpu_ddp", "ddp", "fsdp", "deepspeed")
ON_GPUS = (DDP, FSDP, DEEPSPEED)


@dataclass
class Launch:
    """Processes of one run."""

    mode: str = key(SINGLE, "How the processes of a run work together", SCRIPT, choices=MODES)
    processes: int | None = key(1, "Processes per machine; null is one for each GPU", SCRIPT, minimum=1)
    nodes: int = key(1, "Machines of one run, of a cluster or under torchrun", SCRIPT, minimum=1)
    threads: int | None = key(None, "CPU threads of torch per process; null leaves torch's choice", SCRIPT, minimum=1)
    huge_pages: bool = key(
        True, "Large tensors on a CPU ask Linux for pages of 2 MB; the first run of a process decides", SCRIPT
    )
