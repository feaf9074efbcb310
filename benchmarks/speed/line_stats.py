"""The stats of the benchmark line: rate, cost, latency and overhead from what its passes reported."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from benchmarks import arithmetic
from benchmarks.arithmetic import Spread, compute_spread
from benchmarks.passes.process import CompletedPass
from benchmarks.passes.protocol import PassResult
from benchmarks.speed.line_passes import Kind


def compute_spreads(passes: Mapping[Kind, Sequence[CompletedPass]]) -> dict[str, Spread]:
    """Compute the spreads of the stats over the rounds."""
    return {name: compute_spread(values) for name, values in collect_stats(passes).items()}


def collect_stats(passes: Mapping[Kind, Sequence[CompletedPass]]) -> dict[str, Sequence[float]]:
    """Collect each stat's value of every round, and of every pass where several kinds of passes have it.

    A camera, whose rate limits all passes, has no unpaced ones.  A stat without a pass is left out.
    """
    live = [each.result for each in passes["live"]]
    fastest = [each.result for each in passes.get("unpaced", passes["live"])]
    latencies = [arithmetic.compute_percentiles(_compute_latencies_ms(result)) for result in live]
    timed = [each.result for each in passes.get("timed", ())]
    rounds: dict[str, Sequence[float]] = {
        "frames_per_s": [arithmetic.compute_rate_per_s(result.drawn_at_s) for result in fastest],
        "cpu_ms_per_frame": [_compute_cpu_ms(result) for result in fastest],
        "live_frames_per_s": [arithmetic.compute_rate_per_s(result.drawn_at_s) for result in live],
        "live_cpu_ms_per_frame": [_compute_cpu_ms(result) for result in live],
        "rss_mb": [result.rss_bytes / 1e6 for result in live],
        **{f"latency_ms.{name}": [each[name] for each in latencies] for name in ("p50", "p95", "p99")},
        "overhead_ratio": [_compute_overhead_ratio(result) for result in timed],
        # Timed passes start with wrapping the libraries, which takes time.
        "cold_start_s": [
            each.cold_start_s for kind, several in passes.items() if kind != "timed" for each in several
        ],
        "dropped": [arithmetic.count_dropped(result.numbers) for result in live],
        "faces_per_frame": [mean(each.result.faces) for several in passes.values() for each in several],
    }
    return {name: values for name, values in rounds.items() if values}


def nest_medians(spreads: Mapping[str, Spread]) -> dict[str, Any]:
    """Nest the medians as the JSON has them: latency_ms.p50 becomes p50 within latency_ms."""
    nested: dict[str, Any] = {}
    for name, spread in spreads.items():
        outer, _, inner = name.partition(".")
        if inner:
            nested.setdefault(outer, {})[inner] = round(spread.median, 3)
        else:
            nested[outer] = round(spread.median, 3)
    return nested


def sum_up_calls(passes: Mapping[Kind, Sequence[CompletedPass]]) -> dict[str, tuple[float, float]]:
    """Sum up the library calls of the timed passes: calls per frame and their CPU time per frame, ms.

    The function that takes most comes first.
    """
    results = [each.result for each in passes["timed"]]
    frames = sum(len(result.numbers) for result in results)
    names = dict.fromkeys(name for result in results for name in result.calls_s)
    by_name = {
        name: [time_s for result in results for time_s in result.calls_s.get(name, [])] for name in names
    }
    costs = {name: (len(times_s) / frames, 1000 * sum(times_s) / frames) for name, times_s in by_name.items()}
    return dict(sorted(costs.items(), key=lambda item: item[1][1], reverse=True))


def _compute_latencies_ms(result: PassResult) -> list[float]:
    return [
        1000 * (drawn_s - captured_s)
        for captured_s, drawn_s in zip(result.captured_at_s, result.drawn_at_s, strict=True)
    ]


def _compute_cpu_ms(result: PassResult) -> float:
    """Compute the CPU time of all threads per frame, without the first, which sets everything up."""
    return 1000 * result.cpu_s / max(1, len(result.numbers) - 1)


def _compute_overhead_ratio(result: PassResult) -> float:
    times_s = [time_s for times_s in result.calls_s.values() for time_s in times_s]
    return arithmetic.compute_overhead_ratio(result.cpu_s, sum(times_s), len(times_s), result.timer_s)
