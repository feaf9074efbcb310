"""The benchmark line: rate, cost, latency and overhead of the whole pipeline, each pass in a process."""

import tempfile
from argparse import Namespace
from pathlib import Path

from tqdm import tqdm

from benchmarks import options
from benchmarks.clip import Clip, write_clip
from benchmarks.footer import describe_run, print_footer
from benchmarks.machine_info import ConditionRecorder
from benchmarks.passes.process import CompletedPass, run_pass_process
from benchmarks.speed import line_comparison
from benchmarks.speed.line_passes import KINDS, Kind, describe_tiles, load_source, make_request
from benchmarks.speed.line_stats import compute_spreads, nest_medians, sum_up_calls
from benchmarks.tables import format_table, make_spread_row
from edge.settings.config import Config

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
    clip = load_source(chosen, config)
    if chosen.against:
        line_comparison.run(chosen, config, clip)
        return
    with ConditionRecorder() as recorder:
        passes = run_passes(chosen, config, clip)
    spreads, calls = compute_spreads(passes), sum_up_calls(passes)
    stats = {
        "command": "line",
        **options.describe_source(chosen, config),
        "tiles": describe_tiles(chosen),
        "frames": chosen.frames,
        "viewer": chosen.viewer,
        "is_drawn": not chosen.not_drawn,
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


def run_passes(chosen: Namespace, config: Config, clip: Clip | None) -> dict[Kind, list[CompletedPass]]:
    """Run the passes of each kind, in turn, over `clip`, or else over the live camera."""
    kinds = KINDS if clip is not None else ("live", "timed")
    passes: dict[Kind, list[CompletedPass]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        clip_file = Path(folder, "clip")
        if clip is not None:
            write_clip(clip, clip_file)
        for _ in tqdm(range(chosen.rounds), desc="rounds", leave=False):
            for kind in kinds:
                request = make_request(chosen, config, clip_file if clip is not None else None, kind)
                passes[kind].append(run_pass_process(request))
    return passes
