"""A trial's address, by which whatever process trains it reports to its study and hears whether to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TrialAddress:
    """Where a trial's study is, and how it judges: `metric` is the name without its split."""

    storage: str
    study_name: str
    trial_id: int
    metric: str
    pruner: str
    startup_trials: int
    warmup_steps: int

    def advisor(self) -> Callable[[int, float], bool]:
        """What is asked at each evaluation with (training step, value) and says whether the trial is to end."""
        import optuna

        # A sampler that draws nothing from the other trials: this one's parameters are drawn already.
        study = optuna.load_study(
            study_name=self.study_name,
            storage=opened(self.storage),
            sampler=optuna.samplers.RandomSampler(),
            pruner=pruner(self.pruner, self.startup_trials, self.warmup_steps),
        )
        trial = optuna.trial.Trial(study, self.trial_id)

        def should_end(step: int, value: float) -> bool:
            trial.report(value, step)
            return trial.should_prune()

        return should_end


def opened(url: str) -> Any:
    """The storage behind a URL; of SQLite's, one that waits for other processes."""
    import optuna

    patient = {"connect_args": {"timeout": 120}} if url.startswith("sqlite") else {}
    return optuna.storages.RDBStorage(url, engine_kwargs=patient)


def pruner(name: str, startup_trials: int, warmup_steps: int) -> Any:
    """Optuna's pruner of a name."""
    from optuna import pruners

    judged = {"n_startup_trials": startup_trials, "n_warmup_steps": warmup_steps}
    makers: dict[str, Callable[[], Any]] = {
        "none": pruners.NopPruner,
        "median": lambda: pruners.MedianPruner(**judged),
        "percentile": lambda: pruners.PercentilePruner(25.0, **judged),
        "successive_halving": lambda: pruners.SuccessiveHalvingPruner(min_resource=max(1, warmup_steps)),
        "hyperband": lambda: pruners.HyperbandPruner(min_resource=max(1, warmup_steps)),
    }
    return makers[name]()


def sampler(name: str, seed: int, startup_trials: int, *, parallel: bool) -> Any:
    """Optuna's sampler of a name."""
    from optuna import samplers

    makers: dict[str, Callable[[], Any]] = {
        # constant_liar: trials in work count as bad, so that those drawn meanwhile keep away from them.
        "tpe": lambda: samplers.TPESampler(seed=seed, n_startup_trials=startup_trials, constant_liar=parallel),
        "random": lambda: samplers.RandomSampler(seed=seed),
        "gp": lambda: samplers.GPSampler(seed=seed, n_startup_trials=max(1, startup_trials)),
        "cmaes": lambda: samplers.CmaEsSampler(seed=seed, n_startup_trials=max(1, startup_trials)),
        "nsgaii": lambda: samplers.NSGAIISampler(seed=seed),
        "nsgaiii": lambda: samplers.NSGAIIISampler(seed=seed),
        "qmc": lambda: samplers.QMCSampler(seed=seed),
    }
    return makers[name]()
