"""What the turns of a case come to: medians over the passes, their ratios and how far these scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import mean, median, stdev
from typing import Any

from bench.case import OWN, STOCK
from bench.counted import PARTS
from bench.turns import Figures

Pass = dict[str, Figures]


@dataclass(frozen=True)
class Speed:
    """One side, medians over the passes; by seconds of the processor where not said otherwise."""

    examples: float
    examples_clock: float
    tokens: float
    padding: float
    peak: float
    loss: float
    shares: dict[str, float]

    @classmethod
    def of(cls, passes: Sequence[Figures]) -> Speed:
        """Examples and real sub-tokens a second, padding's share of them, peak memory in MB, loss, shares of PARTS."""
        return cls(
            median(one["examples"] / one["processor"] for one in passes),
            median(one["examples"] / one["seconds"] for one in passes),
            median(one["tokens"] / one["processor"] for one in passes),
            median(1 - one["tokens"] / one["cells"] for one in passes),
            max(one["peak"] for one in passes),
            passes[-1]["loss"] / passes[-1]["steps"],
            {part: median(one[part] / one["processor"] for one in passes) for part in PARTS},
        )


@dataclass(frozen=True)
class Comparison:
    """A case: both sides, the ratio of examples per second of each pass, dev figures."""

    case: str
    stock: Speed
    own: Speed
    ratios: tuple[float, ...]
    clock_ratios: tuple[float, ...]
    scores: dict[str, list[Figures]]
    aim: float | None = None

    @classmethod
    def of(cls, case: str, passes: Sequence[Pass], scores: dict[str, list[Figures]], aim: float | None) -> Comparison:
        """From the passes of one or several seeds, and the dev figures of each side, a seed after the other."""
        speeds = {name: Speed.of([one[name] for one in passes]) for name in (STOCK, OWN)}

        def ratios(unit: str) -> tuple[float, ...]:
            return tuple(one[STOCK][unit] / one[OWN][unit] for one in passes)

        return cls(case, speeds[STOCK], speeds[OWN], ratios("processor"), ratios("seconds"), scores, aim)

    @property
    def ratio(self) -> float:
        """How much faster gliexp is: the median over the passes, in seconds of the processor."""
        return median(self.ratios)

    @property
    def noise(self) -> float:
        """How far a pass is from the median, as a rule: the median deviation."""
        return median(abs(ratio - self.ratio) for ratio in self.ratios)

    def mean_and_deviation(self, side: str, figure: str) -> tuple[float, float]:
        """Of a dev figure over the seeds; of a single seed there is no deviation."""
        values = [one[figure] for one in self.scores[side]]
        return mean(values), stdev(values) if len(values) > 1 else 0.0

    def record(self) -> dict[str, Any]:
        """All of it, for a JSON file."""
        return {**asdict(self), "ratio": self.ratio, "noise": self.noise, "clock_ratio": median(self.clock_ratios)}


BETWEEN_RUNS = 0.15
"""Share of a ratio by which runs of the same code were seen to differ on a busy machine, whatever their passes say."""


def is_worse(found: Comparison, kept: dict[str, Any]) -> bool:
    """Whether the ratio lies below the one that was kept by more than passes scatter and runs differ."""
    scatter = 4 * (found.noise + kept["noise"])
    return bool(found.ratio < kept["ratio"] - max(scatter, BETWEEN_RUNS * kept["ratio"]))
