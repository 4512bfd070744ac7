"""A distribution of whole numbers: lengths of rows, widths of spans."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

PERCENTILES = (50, 95, 99)


@dataclass
class Spread:
    """How often each number occurs. Exact, and as small as the range of the numbers."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, number: int) -> None:
        """Count one more `number`."""
        self.counts[number] += 1

    @property
    def total(self) -> int:
        """How many numbers were counted."""
        return self.counts.total()

    def percentile(self, share: float) -> int:
        """The smallest number that `share` (0..100) percent of all do not exceed; 0 of nothing."""
        wanted, seen = share / 100 * self.total, 0
        for number in sorted(self.counts):
            seen += self.counts[number]
            if seen >= wanted:
                return number
        return 0

    def above(self, limit: int) -> int:
        """How many exceed `limit`."""
        return sum(count for number, count in self.counts.items() if number > limit)

    def figures(self) -> dict[str, int]:
        """total, min, p50, p95, p99, max; zeros of nothing."""
        figures = {"total": self.total, "min": min(self.counts, default=0)}
        figures |= {f"p{share}": self.percentile(share) for share in PERCENTILES}
        return figures | {"max": max(self.counts, default=0)}
