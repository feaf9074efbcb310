"""Stats of runs, made to order."""

from benchmarks.peers.turns import RunStats


def make_stats(frames_per_s: float, cpu_ms: float) -> RunStats:
    return {
        "frames": 10,
        "frames_with_face": 9,
        "frames_per_s": frames_per_s,
        "cpu_ms_per_frame": cpu_ms,
        "first_result_s": 0.5,
        "rss_mb": 100.0,
    }
