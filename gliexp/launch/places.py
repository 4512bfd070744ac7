"""Where the members of a sweep write, so that no result of an earlier sweep is ever overwritten by another run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict

from gliexp.errors import Problem, Refusal
from gliexp.launch.member import Member
from gliexp.runs.catalog import entries
from gliexp.runs.entry import Entry, read

NUMBERED = "${hydra.job.num}"
MULTIRUN = "multirun"


class Places:
    """Directories by number: a run of the same signature keeps its own, any other gets one that is free.

    `directory` is the sweep's. Finished runs are known from there, from all sweeps of the task where that lies under
    multirun/, and from `single_runs` (run.root), where names end with the signature.
    """

    def __init__(self, directory: Path, single_runs: Path) -> None:
        self._directory = directory
        self._single_runs = single_runs
        self._finished: dict[str, Entry] = {}
        self._own: dict[str, list[Path]] = defaultdict(list)
        self._signatures: dict[Path, str] = {}
        for entry in entries([directory.parent if MULTIRUN in directory.parent.parts else directory]):
            self._signatures[entry.path] = entry.signature
            if entry.status == "done" and entry.signature:
                self._finished.setdefault(entry.signature, entry)
            if directory in entry.path.parents and entry.signature:
                self._own[entry.signature].append(entry.path)
        inside = directory.iterdir() if directory.is_dir() else ()
        self._taken = {int(path.name) for path in inside if path.name.isdecimal()}

    def finished(self, signature: str) -> Entry | None:
        """A finished run of the signature, if there is one."""
        if signature not in self._finished:
            for entry in map(read, self._single.get(signature, ())):
                if entry.status == "done" and entry.signature == signature:
                    self._finished[signature] = entry
        return self._finished.get(signature)

    def placed(self, member: Member, config: DictConfig) -> Member:
        """The member with its directory, by its composed `config`.

        Raises Refusal where a directory that the user named holds another run.
        """
        if self._own[member.signature]:
            return replace(member, directory=self._own[member.signature].pop(0))
        written = OmegaConf.to_container(config.hydra.sweep, resolve=False)
        if isinstance(written, dict) and written.get("subdir") == NUMBERED:
            number = member.number if member.number not in self._taken else max(self._taken) + 1
            self._taken.add(number)
            return replace(member, directory=self._directory / str(number))
        with open_dict(config):
            config.hydra.job.num = member.number
        directory = self._directory / str(config.hydra.sweep.subdir)
        if self._signatures.setdefault(directory, member.signature) != member.signature:
            message = f"{directory} is another run's, which this one would replace"
            raise Refusal([Problem("hydra.sweep.subdir", message, NUMBERED, f"member {member.number}")])
        return replace(member, directory=directory)

    @cached_property
    def _single(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = defaultdict(list)
        for path in self._single_runs.glob("*/*-*"):
            found[path.name.rpartition("-")[2]].append(path)
        return found
