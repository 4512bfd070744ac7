"""The train verb with -m: a sweep checked as a whole, run, and summed up: who won, what failed and why."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from filelock import FileLock, Timeout
from hydra._internal.callbacks import Callbacks
from omegaconf import OmegaConf

from gliexp.config.loader import Loader
from gliexp.errors import Problem, Refusal
from gliexp.launch import closing_page
from gliexp.launch.launcher import Launcher, drive
from gliexp.launch.launchers import launcher_of
from gliexp.launch.member import FAILED, INTERRUPTED, SUBMITTED, Ended, Member
from gliexp.launch.search.settings import TARGET as SEARCH
from gliexp.launch.sweep import Plan, Sweep, plan
from gliexp.runs import headline
from gliexp.runs.place import prepare
from gliexp.runs.settings import by_setting

BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
ERROR_LINES = 4


def run_sweep(loader: Loader, config_name: str, overrides: Sequence[str]) -> int:
    """Plan, run and sum up a sweep; returns 0, 1 if a member failed, 128 + n after signal n. Raises Refusal."""
    sweep = Sweep.read(loader, config_name, overrides)
    target = sweep.master.hydra.sweeper._target_
    if target == SEARCH:
        return run_search(sweep)
    if target != BASIC:
        raise Refusal([Problem("hydra/sweeper", f"no sweeper {target} is known", "basic, optuna", "command line")])
    planned = plan(sweep, sweep.grid())
    _say_notices(planned)
    launcher = launcher_of(sweep)
    if planned.members:
        launcher.accept(planned.members)
    with only_sweep_in(sweep):
        print(f"sweep of {len(planned.everyone)} in {sweep.directory}", flush=True)
        for member, entry in planned.known:
            print(f"{planned.named(member)}: done already in {entry.path} (run.rerun=true runs it again)", flush=True)
        for member, first in planned.repeated:
            print(f"{planned.named(member)}: the same run as {first.number}", flush=True)
        ended = _run(sweep, launcher, planned, iter(planned.members))
        for line in closing(sweep, planned, ended):
            print(line)
        if any(one.status == SUBMITTED for one in ended):
            print(f"python -m gliexp jobs {sweep.directory} says how they stand")
        else:
            print(_page(sweep, planned, ended))
    return _exit_code(launcher, ended)


def run_search(sweep: Sweep) -> int:
    """The same for a search, whose members are drawn one by one."""
    from gliexp.launch.search.study import Search

    launcher = launcher_of(sweep)
    search = Search(sweep, parallel=launcher.places > 1)
    _say_notices(search.planned)
    with only_sweep_in(sweep):
        search.open()
        print(search.opening(), flush=True)
        ended = _run(sweep, launcher, search.planned, search.members(), search.tell)
        ended += search.ended
        for line in closing(sweep, search.planned, ended):
            print(line)
        for line in search.closing():
            print(line)
        print(_page(sweep, search.planned, ended, search.settings.metric))
    return _exit_code(launcher, ended)


def _run(
    sweep: Sweep,
    launcher: Launcher,
    planned: Plan,
    members: Iterator[Member],
    tell: Callable[[Ended], Ended] = lambda one: one,
) -> list[Ended]:
    """Run members and say of each how it ended, as soon as it has."""
    ended: list[Ended] = []

    def on_end(one: Ended) -> None:
        ended.append(tell(one))
        print(f"{planned.named(one.member)}: {ended[-1].status}", flush=True)

    drive(members, launcher, on_end, fail_fast=bool(sweep.master.run.fail_fast))
    return ended


def _say_notices(planned: Plan) -> None:
    for notice in planned.notices:
        print(f"note: {notice}", file=sys.stderr)


def _page(sweep: Sweep, planned: Plan, ended: Sequence[Ended], searched_by: Sequence[str] = ()) -> str:
    """Write the page that compares the members; return where it is, or why it is not: no result hangs on it."""
    try:
        return f"page: {closing_page.write(sweep, planned, ended, searched_by)}"
    except OSError as error:
        return f"the page that compares the members could not be written: {error}"


def _exit_code(launcher: Launcher, ended: Sequence[Ended]) -> int:
    if launcher.interrupted is not None:
        return 128 + launcher.interrupted
    stopped = [one.exit_code for one in ended if one.status == INTERRUPTED]
    return stopped[0] if stopped else int(any(one.status == FAILED for one in ended))


def closing(sweep: Sweep, planned: Plan, ended: Sequence[Ended]) -> Iterator[str]:
    """The leaderboard over all members that have a result, then every failure with its reason and its log."""
    from gliexp.cli.runs_page import setting_lines

    entries = [entry for entry in closing_page.standing(planned, ended) if entry.status == "done"]
    figure = headline.ranking(entries)
    if entries:
        yield ""
        yield f"leaderboard{f', best {figure} first' if figure else ''}; mean ± standard deviation over seeds"
        yield from setting_lines(by_setting(entries, figure, planned.swept), headline.shown(entries))
    failed = [one for one in ended if one.status not in ("done", "pruned", SUBMITTED)]
    if failed:
        yield ""
    for one in failed:
        yield f"{planned.named(one.member)}: {one.status}"
        lines = (one.error or "").splitlines()
        yield from (f"    {line}" for line in lines[:ERROR_LINES])
        yield f"    log: {one.member.directory / 'train.log'}"
    counts = {"done": 0, **{one.status: 0 for one in ended}}
    for one in ended:
        counts[one.status] += 1
    left = len(planned.members) - len(ended)
    words = [f"{count} {status}" for status, count in counts.items()]
    words += [f"{len(planned.known)} known before"] if planned.known else []
    words += [f"{len(planned.repeated)} repeated"] if planned.repeated else []
    words += [f"{left} not run"] if left else []
    yield ""
    yield f"{', '.join(words)}; more: python -m gliexp runs {sweep.directory}"


@contextmanager
def only_sweep_in(sweep: Sweep) -> Iterator[None]:
    """Hold the sweep's directory, so that two sweeps do not give one number to two runs. Raises Refusal."""
    prepare(sweep.directory, sweep.directory, "hydra.sweep.dir")
    lock = FileLock(sweep.directory / ".sweep.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        message = "another sweep is running in this directory"
        raise Refusal([Problem(str(sweep.directory), message, "run.name=… gives this one its own")]) from error
    callbacks = Callbacks(sweep.master)
    try:
        OmegaConf.save(sweep.master, sweep.directory / "multirun.yaml")
        callbacks.on_multirun_start(config=sweep.master, config_name=sweep.config_name)
        yield
        callbacks.on_multirun_end(config=sweep.master, config_name=sweep.config_name)
    finally:
        lock.release()
