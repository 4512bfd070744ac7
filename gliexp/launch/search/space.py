"""The space of a search: what the overrides leave open, in Hydra's own words for sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep

from gliexp.errors import Problem, Refusal

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True)
class Space:
    """`open` maps a key to the distribution of its values, `fixed` are the overrides that all trials share.

    `probes` has for each key values that must all be legal: every choice, or both ends.
    """

    fixed: tuple[str, ...]
    open: dict[str, BaseDistribution]
    probes: dict[str, tuple[str, ...]]

    @classmethod
    def read(cls, parsed: Sequence[Override]) -> Space:
        """The space that overrides span: a,b and choice(…) are choices, range(…) and interval(…) numbers.

        tag(log, …) searches by the logarithm. Raises Refusal where nothing is left open.
        """
        last = {override.get_key_element(): override for override in parsed}
        fixed: list[str] = []
        open_: dict[str, BaseDistribution] = {}
        probes: dict[str, tuple[str, ...]] = {}
        problems: list[Problem] = []
        for key, override in last.items():
            if not override.is_sweep_override():
                fixed.append(f"{key}={override.get_value_element_as_str()}")
                continue
            try:
                open_[key], probes[key] = _distribution(override)
            except ValueError as error:
                problems.append(Problem(key, str(error), where="command line"))
        if not open_ and not problems:
            allowed = "key=interval(low,high), key=choice(a,b), key=range(1,5), tag(log, …)"
            problems.append(Problem("hydra/sweeper", "nothing is left to search", allowed, "command line"))
        if problems:
            raise Refusal(problems)
        return cls(tuple(fixed), open_, probes)

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """All overrides of a trial."""
        return [*self.fixed, *(f"{key}={_text(value)}" for key, value in params.items())]


def _distribution(override: Override) -> tuple[BaseDistribution, tuple[str, ...]]:
    """How a key's values are drawn. Raises ValueError for bounds that make no sense."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    sweep = override.value()
    is_log = "log" in getattr(sweep, "tags", ())
    if isinstance(sweep, IntervalSweep):
        low, high = sweep.start, sweep.end
        assert low is not None
        assert high is not None
        whole = isinstance(low, int) and isinstance(high, int)
        drawn = IntDistribution(int(low), int(high), log=is_log) if whole else FloatDistribution(low, high, log=is_log)
        return drawn, (_text(low), _text(high))
    if isinstance(sweep, RangeSweep):
        values = sorted(sweep.range())
        if not values:
            raise ValueError(f"{override.input_line} holds no value")
        step, ends = abs(sweep.step), (_text(values[0]), _text(values[-1]))
        if all(isinstance(value, int) for value in values):
            return IntDistribution(int(values[0]), int(values[-1]), log=is_log, step=1 if is_log else int(step)), ends
        return FloatDistribution(values[0], values[-1], log=is_log, step=None if is_log else float(step)), ends
    texts = list(dict.fromkeys(override.sweep_string_iterator()))
    return CategoricalDistribution(texts), tuple(texts)


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
