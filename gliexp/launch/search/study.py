"""One search: the study it is kept in, the trials it still lacks, and what it is told of those that ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from gliexp.config import request, secrets
from gliexp.config.compose import Composed
from gliexp.config.report import Report
from gliexp.errors import Problem, Refusal
from gliexp.launch.member import FAILED, INTERRUPTED, Ended, Member
from gliexp.launch.places import Places
from gliexp.launch.search.settings import SearchSettings
from gliexp.launch.search.space import Space
from gliexp.launch.search.trial import TrialAddress, opened, pruner, sampler
from gliexp.launch.sweep import Plan, Sweep
from gliexp.runs.directory import signature_of
from gliexp.runs.entry import numbers, read, split_override

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

FIXED = "gliexp_fixed"
PASSED_OVER = ("run.rerun", "run.fail_fast", "run.notes", "run.tags")
"""Settings that may change between two sessions of one study."""
PROBED = 32
"""Combinations that are composed in search of a legal one before anything runs."""


class Search:
    """Draws trials as members of a sweep; `planned` grows by them, `ended` by trials that end without being run."""

    def __init__(self, sweep: Sweep, *, parallel: bool) -> None:
        """Check the space and open the study. Raises Refusal."""
        first, self.space = space_of(sweep)
        config = first.config
        self.sweep = sweep
        self.settings = SearchSettings.read(sweep.master.hydra.sweeper, config.run.task, config.model.problem_type)
        if self.settings.pruner != "none" and config.training.eval_strategy == "no":
            allowed = "training.eval_strategy=epoch or steps, or pruner=none"
            raise Refusal([Problem("hydra.sweeper.pruner", "nothing is evaluated while a trial trains", allowed)])
        self.planned = Plan(notices=list(first.notices), searched=tuple(self.space.open))
        self.ended: list[Ended] = []
        self.rerun = config.run.rerun
        self._root = config.run.root
        self._parallel = parallel
        self._trials: dict[int, Trial] = {}

    def open(self) -> None:
        """Open the study, or go on with it. Raises Refusal where it is another search's."""
        import optuna
        from optuna.study import StudyDirection

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        settings = self.settings
        self.url = settings.storage or f"sqlite:///{self.sweep.directory.absolute() / 'study.db'}"
        self.name = settings.study_name or "/".join(self.sweep.directory.parts[-2:])
        storage = opened(self.url)
        known = self.name in optuna.study.get_all_study_names(storage)
        before = len(optuna.load_study(study_name=self.name, storage=storage).trials) if known else 0
        self.study = optuna.create_study(
            study_name=self.name,
            storage=storage,
            directions=[StudyDirection[direction.upper()] for direction in settings.direction],
            load_if_exists=True,
            pruner=pruner(settings.pruner, settings.startup_trials, settings.warmup_steps),
            # Another seed for each session: the first draws would else be those of the session before.
            sampler=sampler(settings.sampler, settings.seed + before, settings.startup_trials, parallel=self._parallel),
        )
        problems = list(self._disagreements())
        if problems:
            raise Refusal(problems)
        self.study.set_user_attr(FIXED, sorted(self._fixed()))
        self.places = Places(self.sweep.directory, Path(self._root))

    def members(self) -> Iterator[Member]:
        """The trials that are to be run: those that an earlier session left unfinished, then new ones, drawn late."""
        import optuna

        unfinished = self.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
        for frozen in unfinished:
            yield from self._member(optuna.trial.Trial(self.study, frozen._trial_id), frozen.params)
        while len(self.study.get_trials(deepcopy=False)) < self.settings.n_trials:
            trial = self.study.ask(self.space.open)
            yield from self._member(trial, trial.params)

    def tell(self, ended: Ended) -> Ended:
        """Tell the study what became of a member; a run without the figures that are searched by counts as failed.

        An interrupted trial stays unfinished, and is gone on with in the next session.
        """
        from optuna.trial import TrialState

        trial = self._trials[ended.member.number]
        if ended.status == INTERRUPTED:
            return ended
        trial.set_user_attr("directory", str(ended.member.directory))
        if ended.status == "done":
            return self._value(trial, ended)
        if ended.status == "pruned":
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self._fail(trial, ended.error or "failed")
        return ended

    def opening(self) -> str:
        """What the study has and lacks, in a line."""
        count = len(self.study.get_trials(deepcopy=False))
        return f"study {self.name}: {count} of {self.settings.n_trials} trials, in {self.sweep.directory}"

    def closing(self) -> Iterator[str]:
        """The best trials in words."""
        several = len(self.settings.metric) > 1
        for trial in self.best():
            figures = ", ".join(
                f"{name} {value:.4f}" for name, value in zip(self.settings.metric, trial.values, strict=True)
            )
            params = " ".join(self.space.overrides(trial.params)[len(self.space.fixed) :])
            yield f"{'not beaten in all' if several else 'best'}: trial {trial.number}, {figures}: {params}"

    def best(self) -> list[FrozenTrial]:
        """The best trial, or with several objectives those that no other beats in all; empty where none has a value."""
        from optuna.trial import TrialState

        if not self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            return []
        return list(self.study.best_trials) if len(self.settings.metric) > 1 else [self.study.best_trial]

    def _member(self, trial: Trial, params: Mapping[str, Any]) -> Iterator[Member]:
        """The member of a trial, unless it is impossible or known: then the study is told at once."""
        overrides = self.space.overrides(params)
        self._trials[trial.number] = trial
        member = Member(trial.number, tuple(overrides), self.sweep.directory / str(trial.number), "")
        try:
            composed = self.sweep.compose(overrides)
        except Refusal as refusal:
            self._fail(trial, str(refusal))
            self.planned.members.append(member)
            self.ended.append(Ended(member, FAILED, secrets.scrub(str(refusal)), refusal.exit_code))
            return
        member = replace(member, signature=signature_of(composed), trial=self._address(trial))
        known = None if self.rerun else self.places.finished(member.signature)
        if known is not None:
            member = replace(member, directory=known.path)
            self.planned.known.append((member, known))
            self._value(trial, Ended(member, "done"))
            return
        member = self.places.placed(member, self.sweep.loader.ready)
        self.planned.members.append(member)
        yield member

    def _address(self, trial: Trial) -> TrialAddress | None:
        settings = self.settings
        if settings.pruner == "none":
            return None
        metric = settings.metric[0].removeprefix("eval.")
        judged = (settings.pruner, settings.startup_trials, settings.warmup_steps)
        return TrialAddress(self.url, self.name, trial._trial_id, metric, *judged)

    def _value(self, trial: Trial, ended: Ended) -> Ended:
        """Tell the study a finished run's figures."""
        entry = read(ended.member.directory)
        figures = {**numbers(entry.record), **entry.metrics}
        missing = [name for name in self.settings.metric if name not in figures]
        if missing:
            reason = f"no {', '.join(missing)} to search by; the run's figures are {', '.join(entry.metrics) or 'none'}"
            self._fail(trial, reason)
            return replace(ended, status=FAILED, error=reason, exit_code=1)
        self.study.tell(trial, [figures[name] for name in self.settings.metric])
        return ended

    def _fail(self, trial: Trial, reason: str) -> None:
        from optuna.trial import TrialState

        trial.set_user_attr("error", secrets.scrub(reason)[:2000])
        self.study.tell(trial, state=TrialState.FAIL)

    def _fixed(self) -> list[str]:
        return [text for text in self.space.fixed if split_override(text)[0] not in PASSED_OVER]

    def _disagreements(self) -> Iterator[Problem]:
        """Where the study was begun with another question than this one."""
        from optuna.distributions import check_distribution_compatibility

        directions = [direction.name.lower() for direction in self.study.directions]
        if directions != list(self.settings.direction):
            yield self._other("direction", f"is to {' and '.join(directions)}")
        fixed = self.study.user_attrs.get(FIXED, self._fixed())
        changed = sorted(set(fixed) ^ set(self._fixed()))
        if changed:
            yield self._other("study_name", f"was begun with other settings: {', '.join(changed)}")
        compared: set[str] = set()
        for trial in self.study.get_trials(deepcopy=False):
            for key, drawn in trial.distributions.items():
                if key in self.space.open and key not in compared:
                    compared.add(key)
                    try:
                        check_distribution_compatibility(drawn, self.space.open[key])
                    except ValueError:
                        yield self._other("study_name", f"draws {key} from {drawn}")

    def _other(self, key: str, says: str) -> Problem:
        allowed = "the same again, or hydra.sweeper.study_name=… for a new study"
        return Problem(f"hydra.sweeper.{key}", f"study {self.name} {says}", allowed, secrets.scrub(self.url))


def space_of(sweep: Sweep) -> tuple[Composed, Space]:
    """The space that a sweep's overrides span, and one legal config of it.

    Raises Refusal with every value that is wrong by itself. Values that contradict each other are met as trials that
    fail, since others of the space may be sound.
    """
    loader = sweep.loader
    loader.report.problems.clear()
    readable = request.read(sweep.own_overrides, loader.groups, loader.report, sweep=True).overrides
    if loader.report.problems:
        raise Refusal(loader.report.problems)
    space = Space.read(OverridesParser.create(config_loader=loader).parse_overrides(list(readable)))
    alone = Report()
    for key, values in space.probes.items():
        request.read([f"{key}={value}" for value in values], loader.groups, alone)
    if alone.problems:
        raise Refusal(alone.problems)
    first: Refusal | None = None
    for values in islice(product(*space.probes.values()), PROBED):
        try:
            return sweep.compose(
                [*space.fixed, *(f"{key}={value}" for key, value in zip(space.probes, values, strict=True))]
            ), space
        except Refusal as refusal:
            first = first or refusal
    assert first is not None
    raise first
