"""The benchmark line: rate, cost, latency and overhead of the whole pipeline, each pass in a process."""

import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, Literal

from tqdm import tqdm

from benchmarks import arithmetic, options
from benchmarks.arithmetic import Spread, compute_spread
from benchmarks.clip import Clip, load_clip, write_clip
from benchmarks.footer import describe_run, print_footer
from benchmarks.machine_info import ConditionRecorder
from benchmarks.passes.process import CompletedPass, run_pass_process
from benchmarks.passes.protocol import PassRequest, PassResult
from benchmarks.tables import format_table, make_spread_row
from edge.settings.config import Config

# A round has a pass of each kind: as fast as it goes; at the camera's rate; with every call of a library
# timed.
Kind = Literal["unpaced", "live", "timed"]
KINDS: tuple[Kind, ...] = ("unpaced", "live", "timed")

# What the project aims at, with one face on a quiet machine.
_AIMS = {
    "rss_mb": "≤ 120",
    "latency_ms.p50": "≤ 8",
    "latency_ms.p95": "≤ 20",
    "latency_ms.p99": "≤ 2 × p95",
    "overhead_ratio": "≤ 1.3",
    "cold_start_s": "≤ 0.6",
    "dropped": "0",
}


def run(chosen: Namespace) -> None:
    """Print the stats over the rounds and the library calls.

    Compare and write JSON where the options ask for it.
    """
    config = options.make_config(chosen)
    clip = load_clip(chosen.clip) if chosen.clip else None
    with ConditionRecorder() as recorder:
        passes = run_passes(
            clip, config, frames=chosen.frames, fps=chosen.fps, rounds=chosen.rounds, viewer=chosen.viewer
        )
    spreads, calls = compute_spreads(passes), sum_up_calls(passes)
    stats = {
        "command": "line",
        **options.describe_source(chosen, config),
        "frames": chosen.frames,
        "viewer": chosen.viewer,
        **nest_medians(spreads),
        "calls_per_frame": calls,
        **describe_run(config, recorder.condition),
    }
    rows = [make_spread_row(name, spread, _AIMS.get(name, "")) for name, spread in spreads.items()]
    print(format_table(["", "median", "quartiles", "aim"], rows))
    print()
    call_rows = [[name, f"{count:.2f}", f"{cpu_ms:.3f}"] for name, (count, cpu_ms) in calls.items()]
    print(format_table(["library call", "a frame", "CPU ms a frame"], call_rows))
    print_footer(chosen, stats, spreads, recorder.condition)


def run_passes(
    clip: Clip | None, config: Config, *, frames: int, fps: float, rounds: int, viewer: bool
) -> dict[Kind, list[CompletedPass]]:
    """Run `rounds` passes of each kind, in turn, over `frames` frames of `clip`, or else of the live camera.

    In live passes the clip is played at `fps`.
    """
    kinds = KINDS if clip is not None else ("live", "timed")
    passes: dict[Kind, list[CompletedPass]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        clip_file = Path(folder, "clip")
        if clip is not None:
            write_clip(clip, clip_file)
        for _ in tqdm(range(rounds), desc="rounds", leave=False):
            for kind in kinds:
                request = PassRequest(
                    config=config,
                    clip=str(clip_file) if clip is not None else None,
                    frames=frames,
                    live_fps=fps if kind == "live" else None,
                    viewer=viewer,
                    time_libraries=kind == "timed",
                )
                passes[kind].append(run_pass_process(request))
    return passes


def compute_spreads(passes: Mapping[Kind, Sequence[CompletedPass]]) -> dict[str, Spread]:
    """Compute the stats over the rounds.  A camera, whose rate limits all passes, has no unpaced ones."""
    live = [each.result for each in passes["live"]]
    fastest = [each.result for each in passes.get("unpaced", passes["live"])]
    latencies = [arithmetic.compute_percentiles(_compute_latencies_ms(result)) for result in live]
    rounds: dict[str, Sequence[float]] = {
        "frames_per_s": [arithmetic.compute_rate_per_s(result.drawn_at_s) for result in fastest],
        "cpu_ms_per_frame": [_compute_cpu_ms(result) for result in fastest],
        "live_frames_per_s": [arithmetic.compute_rate_per_s(result.drawn_at_s) for result in live],
        "live_cpu_ms_per_frame": [_compute_cpu_ms(result) for result in live],
        "rss_mb": [result.rss_bytes / 1e6 for result in live],
        **{f"latency_ms.{name}": [each[name] for each in latencies] for name in ("p50", "p95", "p99")},
        "overhead_ratio": [_compute_overhead_ratio(each.result) for each in passes["timed"]],
        # Timed passes start with wrapping the libraries, which takes time.
        "cold_start_s": [
            each.cold_start_s for kind, several in passes.items() if kind != "timed" for each in several
        ],
        "dropped": [arithmetic.count_dropped(result.numbers) for result in live],
        "faces_per_frame": [mean(each.result.faces) for several in passes.values() for each in several],
    }
    return {name: compute_spread(values) for name, values in rounds.items()}


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
