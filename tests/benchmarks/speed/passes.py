"""Passes made to order."""

from benchmarks.passes.process import CompletedPass
from benchmarks.passes.protocol import PassResult


def make_pass(*, cpu_ms: float, latency_ms: float = 5.0, cold_start_s: float = 0.5) -> CompletedPass:
    """Three frames at 10 a second with one face each, of which the third took longer."""
    captured_at_s = [0.0, 0.1, 0.2]
    late_s = [latency_ms / 1000, latency_ms / 1000, 2 * latency_ms / 1000]
    result = PassResult(
        numbers=[0, 1, 3],
        captured_at_s=captured_at_s,
        drawn_at_s=[at_s + passed_s for at_s, passed_s in zip(captured_at_s, late_s, strict=True)],
        faces=[1, 1, 1],
        cpu_s=2 * cpu_ms / 1000,
        rss_bytes=100_000_000,
        threads=5,
        calls_s={},
        timer_s=0.0,
    )
    return CompletedPass(result, cold_start_s)
