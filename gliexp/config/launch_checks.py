"""What `launch` may not say: of the config alone, and of this machine's GPUs."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from gliexp.config.schema import Config
from gliexp.config.schema.launch import CPU_DDP, DEEPSPEED, FSDP, ON_GPUS, SINGLE

Fault = tuple[str, str, str]
"""Key, what is wrong, what is allowed."""
NO_GPU = "launch=cpu_ddp for several processes on a CPU, launch=single for one"


def problems(config: Config) -> Iterator[Fault]:
    """Contradictions between `launch` and the rest."""
    launch, training = config.launch, config.training
    if launch.mode == SINGLE and (launch.processes, launch.nodes) != (1, 1):
        key = "launch.nodes" if launch.processes == 1 else "launch.processes"
        yield key, "launch=single is one process", "1, or launch=cpu_ddp, ddp, fsdp, deepspeed"
    if launch.mode == CPU_DDP and launch.processes is None:
        yield "launch.processes", "a CPU does not say how many processes there are to be", "a whole number"
    if launch.mode == CPU_DDP and not training.use_cpu:
        yield "training.use_cpu", "launch=cpu_ddp trains on the CPU", "true, or launch=ddp"
    if launch.mode in ON_GPUS and training.use_cpu:
        yield "training.use_cpu", f"launch={launch.mode} trains on GPUs", "false, or launch=cpu_ddp"
    if (launch.mode == FSDP) != bool(training.fsdp):
        yield "training.fsdp", f"launch.mode is {launch.mode}", "launch=fsdp, which sets both"
    if (launch.mode == DEEPSPEED) != bool(training.deepspeed):
        yield "training.deepspeed", f"launch.mode is {launch.mode}", "launch=deepspeed, which sets both"


def notice(config: Config) -> str | None:
    """What several processes change of the meaning of other keys, where it is easily overlooked."""
    launch = config.launch
    if launch.mode == SINGLE or config.training.loss_reduction != "sum":
        return None
    return (
        "training.loss_reduction=sum adds the losses of the rows of all processes: with more processes the steps are "
        "larger at the same learning rate; mean does not depend on their number"
    )


def unfit(config: Config) -> Iterator[Fault]:
    """What this machine lacks for the processes that are to run on it."""
    launch = config.launch
    if launch.mode not in ON_GPUS:
        return
    seen = gpus()
    if seen == 0:
        yield "launch.mode", f"{launch.mode} needs a GPU, and this machine shows none", NO_GPU
    elif (launch.processes or 1) > seen:
        yield "launch.processes", f"{launch.processes} processes, one for each GPU, and {seen} are here", f"1 to {seen}"
    if launch.mode == DEEPSPEED and importlib.util.find_spec("deepspeed") is None:
        yield "launch.mode", "deepspeed is not installed", "pip install deepspeed, or launch=fsdp"


def gpus() -> int:
    """GPUs that processes of this machine may use, by what the drivers and CUDA_VISIBLE_DEVICES say."""
    there = len(list(Path("/proc/driver/nvidia/gpus").glob("*"))) or len(list(Path("/dev/dri").glob("renderD*")))
    if not Path("/proc/driver/nvidia").exists() and not Path("/dev/kfd").exists():
        there = 0
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return there
    visible = [name for name in named.split(",") if name.strip() not in ("", "-1")]
    return min(there, len(visible))


def ranks(config: Config) -> int:
    """Processes of one run on one machine."""
    return config.launch.processes if config.launch.processes is not None else max(1, gpus())
