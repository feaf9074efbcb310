"""Spreads, changes beyond the noise, rates, drops and the overhead, of values made to order."""

import pytest

from benchmarks.arithmetic import (
    Change,
    Spread,
    compute_overhead_ratio,
    compute_percentiles,
    compute_rate_per_s,
    compute_ratio_spread,
    compute_spread,
    count_dropped,
    pair_changes,
)


def test_spread_is_the_median_and_the_quartiles() -> None:
    assert compute_spread([5, 1, 3, 2, 4]) == Spread(3, 2, 4)
    assert compute_spread([7]) == Spread(7, 7, 7)


def test_ratios_are_of_the_same_round() -> None:
    # The machine was slow in the last round, which affected both.
    assert compute_ratio_spread([2, 4, 80], [1, 2, 40]) == Spread(0.5, 0.5, 0.5)
    with pytest.raises(ValueError):
        compute_ratio_spread([1, 2], [1])


def test_noise_is_a_share_of_the_median() -> None:
    assert Spread(10, 9, 12).noise == pytest.approx(0.3)
    assert Spread(0, 0, 0).noise == 0


@pytest.mark.parametrize(
    ("old", "new", "is_beyond"),
    [
        (Spread(10, 9, 11), Spread(13, 12, 14), True),  # Apart, and by a third.
        (Spread(13, 12, 14), Spread(10, 9, 11), True),  # The other way round.
        (Spread(10, 8, 13), Spread(13, 12, 14), False),  # The quartiles meet.
        (Spread(10, 9.9, 10.1), Spread(10.3, 10.2, 10.4), False),  # Apart, but by three in a hundred.
        (Spread(0, 0, 0), Spread(0, 0, 0), False),
        (Spread(0, 0, 0), Spread(3, 3, 3), True),
    ],
)
def test_change_is_beyond_noise(old: Spread, new: Spread, is_beyond: bool) -> None:
    assert Change("", old, new).is_beyond_noise is is_beyond


def test_values_that_both_runs_have_are_paired() -> None:
    old, new = {"a": Spread(1, 1, 1), "gone": Spread(1, 1, 1)}, {"new": Spread(1, 1, 1), "a": Spread(2, 2, 2)}
    (change,) = pair_changes(old, new)
    assert (change.name, change.ratio) == ("a", 2)


def test_percentiles() -> None:
    assert compute_percentiles(range(101)) == {"p50": 50, "p95": 95, "p99": 99}


def test_rate_is_that_between_the_first_and_the_last() -> None:
    assert compute_rate_per_s([10.0, 10.1, 10.3, 10.5]) == pytest.approx(6)
    assert compute_rate_per_s([10.0]) == 0


def test_drops_are_the_gaps() -> None:
    assert count_dropped([0, 1, 2]) == 0
    assert count_dropped([3, 4, 7, 9]) == 3
    assert count_dropped([]) == 0


def test_overhead_leaves_out_what_the_timers_cost() -> None:
    assert compute_overhead_ratio(2.5, 2.0, calls=1000, timer_s=1e-4) == pytest.approx(1.2)
    assert compute_overhead_ratio(2.5, 0.0, calls=0, timer_s=0.0) == 0
