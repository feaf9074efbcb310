"""Medians and their spread over rounds, changes beyond that spread, percentiles, rates and drops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# A change must be at least this large a share of the old median: a smaller one is of no use to anybody.
MIN_CHANGE = 0.05


@dataclass(frozen=True, slots=True)
class Spread:
    """A value measured in several rounds: its median, and the quartiles that enclose half of the rounds."""

    median: float
    low: float
    high: float

    @property
    def noise(self) -> float:
        """The distance between the quartiles as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """The same value in an old and a new run."""

    name: str
    old: Spread
    new: Spread

    @property
    def ratio(self) -> float:
        """The new median divided by the old one; 1 where both are 0."""
        if self.old.median:
            return self.new.median / self.old.median
        return float("inf") if self.new.median else 1.0

    @property
    def is_beyond_noise(self) -> bool:
        """Whether the quartiles do not overlap and the medians differ by MIN_CHANGE or more."""
        are_apart = self.new.low > self.old.high or self.new.high < self.old.low
        return are_apart and abs(self.ratio - 1) >= MIN_CHANGE


def compute_spread(rounds: Sequence[float]) -> Spread:
    """Compute the spread of at least one round."""
    low, median, high = np.percentile(rounds, [25, 50, 75])
    return Spread(float(median), float(low), float(high))


def compute_ratio_spread(old: Sequence[float], new: Sequence[float]) -> Spread:
    """Compute the spread of the ratios new / old, round by round; the rounds of `old` are above 0."""
    return compute_spread([after / before for before, after in zip(old, new, strict=True)])


def pair_changes(old: Mapping[str, Spread], new: Mapping[str, Spread]) -> list[Change]:
    """Pair the values that both runs have, in the order of the new run."""
    return [Change(name, old[name], spread) for name, spread in new.items() if name in old]


def compute_percentiles(values: Sequence[float]) -> dict[str, float]:
    """Compute p50, p95 and p99 of at least one value."""
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99)}


def compute_rate_per_s(times_s: Sequence[float]) -> float:
    """Compute the events per second from the first to the last of `times_s`; 0 for fewer than two events."""
    return (len(times_s) - 1) / (times_s[-1] - times_s[0]) if len(times_s) > 1 else 0.0


def count_dropped(numbers: Sequence[int]) -> int:
    """Count the numbers that are missing from `numbers`, which grow and should have no gap."""
    return numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0


def compute_overhead_ratio(cpu_s: float, calls_s: float, calls: int, timer_s: float) -> float:
    """Compute the pipeline's CPU time as a multiple of that of its `calls` into libraries; 0 without calls.

    `timer_s` is what timing one call costs; it is subtracted, as a pipeline without timers does not pay it.
    """
    return (cpu_s - calls * timer_s) / calls_s if calls_s > 0 else 0.0
