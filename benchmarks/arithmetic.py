"""Medians, their spread over rounds, and what changed beyond it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# What a change must come to, beside leaving the noise: less is of no use to anybody.
LEAST_CHANGE = 0.05


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over several rounds: the median, and the quartiles between which half of the rounds lie."""

    median: float
    low: float
    high: float

    @property
    def noise(self) -> float:
        """How far the quartiles lie apart, as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of two runs; `is_beyond_noise` when their quartiles lie apart and their medians LEAST_CHANGE or more."""

    name: str
    old: Spread
    new: Spread

    @property
    def ratio(self) -> float:
        """The new median as a multiple of the old one."""
        return (
            self.new.median / self.old.median
            if self.old.median
            else 1.0
            if not self.new.median
            else float("inf")
        )

    @property
    def is_beyond_noise(self) -> bool:
        """The change is more than the rounds of either run differ among themselves."""
        lie_apart = self.new.low > self.old.high or self.new.high < self.old.low
        return lie_apart and abs(self.ratio - 1) >= LEAST_CHANGE


def spread(rounds: Sequence[float]) -> Spread:
    """The spread of at least one round."""
    low, median, high = np.percentile(rounds, [25, 50, 75])
    return Spread(float(median), float(low), float(high))


def compared(old: Mapping[str, Spread], new: Mapping[str, Spread]) -> list[Change]:
    """The figures that both runs have, in the order of the new."""
    return [Change(name, old[name], figure) for name, figure in new.items() if name in old]


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 of at least one value."""
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99)}


def rate_per_s(times_s: Sequence[float]) -> float:
    """How many a second came, from the first to the last; 0 where there are fewer than two."""
    return (len(times_s) - 1) / (times_s[-1] - times_s[0]) if len(times_s) > 1 else 0.0


def dropped(numbers: Sequence[int]) -> int:
    """How many are missing from growing numbers that should have no gap."""
    return numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0


def overhead_ratio(cpu_s: float, calls_s: float, calls: int, timer_s: float) -> float:
    """The line's CPU time as a multiple of that of the `calls` that it makes of libraries.

    `timer_s` is what timing one call costs, which the line without timers does not pay.
    """
    return (cpu_s - calls * timer_s) / calls_s if calls_s > 0 else 0.0
