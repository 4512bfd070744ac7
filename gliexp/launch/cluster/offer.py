"""What a cluster offers, held against what a job asks for: sbatch takes what no node has, and lets it wait for ever."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gliexp.errors import Problem
from gliexp.launch.cluster.command import call
from gliexp.launch.cluster.settings import SlurmSettings, problem

FORMAT = "%R|%N|%c|%m|%G|%T|%l|%f|%P"


@dataclass(frozen=True)
class Node:
    """A node in one partition; memory in MiB, the partition's time limit in minutes (None for none)."""

    partition: str
    name: str
    cpus: int
    memory: int
    gpus: int
    state: str
    minutes: int | None
    features: frozenset[str]
    is_default: bool


@dataclass(frozen=True)
class Size:
    """What one job asks for: nodes, processes on each."""

    nodes: int
    tasks: int
    gpus: int


def nodes() -> list[Node]:
    """Every node of every partition."""
    return list(_read(call("sinfo", "-h", "-N", "-o", FORMAT)))


def _read(text: str) -> Iterator[Node]:
    for line in text.splitlines():
        partition, name, cpus, memory, gres, state, limit, features, starred = line.split("|")
        yield Node(
            partition,
            name,
            int(re.match(r"\d+", cpus)[0]),  # type: ignore[index]
            int(re.match(r"\d+", memory)[0]),  # type: ignore[index]
            sum(int(count) for count in re.findall(r"gpu(?::[^:,()]+)?:(\d+)", gres)),
            state,
            _minutes(limit),
            frozenset(features.split(",")),
            starred.endswith("*"),
        )


def _minutes(limit: str) -> int | None:
    """Minutes of SLURM's days-hours:minutes:seconds; None for infinite."""
    found = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", limit)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return (days * 24 + hours) * 60 + minutes + (seconds > 0)


def misfits(settings: SlurmSettings, size: Size, offered: Sequence[Node]) -> Iterator[Problem]:
    """What of a job's size no partition or node has."""
    partitions = sorted({node.partition for node in offered})
    names = settings.partition.split(",") if settings.partition is not None else None
    for name in names or ():
        if name not in partitions:
            near = difflib.get_close_matches(name, partitions, n=1)
            yield problem("partition", f"the cluster has no {name!r}", ", ".join(partitions), "".join(near))
    inside = [node for node in offered if (node.partition in names if names is not None else node.is_default)]
    if names is None and not inside:
        yield problem("partition", "the cluster has no default partition", ", ".join(partitions))
    if not inside:
        return
    longest = [node.minutes for node in inside]
    limit = None if None in longest else max(minutes for minutes in longest if minutes is not None)
    if limit is not None and settings.time > limit:
        yield problem("time", f"{settings.time} minutes are more than the partition allows", f"at most {limit}")
    cpus = size.tasks * settings.cpus
    asked: list[tuple[Problem, list[Node]]] = []
    for fits, fault in (
        (
            lambda node: node.cpus >= cpus,
            problem(
                "cpus",
                f"{size.tasks} processes with {settings.cpus} each need {cpus} on a node",
                f"at most {max(node.cpus for node in inside)} on a node",
            ),
        ),
        (
            lambda node: node.memory >= (settings.mebibytes or 0),
            problem("mem", f"no node has {settings.mem}", f"at most {max(node.memory for node in inside)}M"),
        ),
        (
            lambda node: node.gpus >= size.gpus,
            problem("gpus", f"no node has {size.gpus}", f"at most {max(node.gpus for node in inside)} on a node here"),
        ),
        (
            lambda node: settings.constraint is None or _has(node, settings.constraint),
            problem(
                "constraint",
                f"no node has {settings.constraint!r}",
                ", ".join(sorted({name for node in inside for name in node.features if name != "(null)"})) or "null",
            ),
        ),
    ):
        asked.append((fault, [node for node in inside if fits(node)]))
    alone = [fault for fault, found in asked if not found]
    yield from alone
    fitting = {node.name for node in inside}.intersection(*({node.name for node in found} for _, found in asked))
    if not alone and len(fitting) < size.nodes:
        message = f"{size.nodes} are asked for, and {len(fitting)} have what each is to have"
        yield Problem("launch.nodes", message, f"at most {len(fitting)}, or less of each")


def _has(node: Node, constraint: str) -> bool:
    """Whether a node has one of the features that are named; how they are joined is left to SLURM."""
    names = re.findall(r"[\w.-]+", constraint)
    return not names or any(name in node.features for name in names)
