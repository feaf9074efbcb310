"""The stats of passes made to order."""

import pytest

from benchmarks.speed.line_stats import collect_stats, compute_spreads, nest_medians
from tests.benchmarks.speed.passes import make_pass


def test_each_round_and_kind_has_its_value() -> None:
    stats = collect_stats(
        {
            "unpaced": [make_pass(cpu_ms=2, cold_start_s=1), make_pass(cpu_ms=4, cold_start_s=2)],
            "live": [make_pass(cpu_ms=6, cold_start_s=3), make_pass(cpu_ms=8, latency_ms=7, cold_start_s=4)],
        }
    )
    assert stats["cpu_ms_per_frame"] == pytest.approx([2, 4])
    assert stats["live_cpu_ms_per_frame"] == pytest.approx([6, 8])
    assert stats["latency_ms.p50"] == pytest.approx([5, 7])
    assert stats["cold_start_s"] == [1, 2, 3, 4]
    assert stats["dropped"] == [1, 1]
    assert stats["rss_mb"] == [100, 100]


def test_stat_without_a_pass_is_left_out() -> None:
    assert "overhead_ratio" not in collect_stats({"live": [make_pass(cpu_ms=2)]})


def test_medians_are_nested_by_the_dot_in_the_name() -> None:
    nested = nest_medians(compute_spreads({"live": [make_pass(cpu_ms=2)]}))
    assert nested["latency_ms"]["p50"] == 5
    assert nested["cpu_ms_per_frame"] == 2
