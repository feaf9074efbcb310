"""Counts what Prometheus reads at /metrics: stage times, frames, faces, expressions, the machine's health."""

import platform
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edge.contracts import UNCERTAIN, Result
from edge.errors import ConfigError
from edge.liveness import find_camera_problem

if TYPE_CHECKING:
    from prometheus_client.core import Metric

# The upper edges of the histograms' buckets, s.  At 30 FPS a frame lasts 33 ms; a picture that takes longer
# than a second is not live.
BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.033, 0.05, 0.1, 0.2, 0.5, 1.0)
# A longer gap between two frames counts as this long: nobody knows how long the faces were there.
MAX_FRAME_S = 1.0
STAGES = ("detect", "infer", "deliver")

# The metric's name, the name in the stats, and the help text.
_COUNTERS = (
    ("frames_captured", "captured", "Frames that the camera delivered."),
    ("frames_analysed", "analysed", "Frames that were searched for faces, which were then read."),
    ("frames_dropped", "dropped", "Frames that never reached the outputs: a newer frame replaced them."),
    ("camera_reconnects", "reconnects", "How often the camera has come back."),
    ("outputs_lost", "outputs_lost", "How often a recording or another output has failed."),
)
_GAUGES = (
    ("frames_per_second", "analysed_fps", "Frames analysed a second, over the last few seconds."),
    ("faces", "faces", "Faces in the newest frame."),
    ("temperature_celsius", "temperature_c", "The processor's temperature."),
    ("throttled", "throttled", "1 while the firmware slows the processor down."),
)


class Histogram:
    """Counts durations by BUCKETS_S."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one more duration."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.sum_s += seconds

    def cumulate(self) -> list[tuple[str, float]]:
        """For each upper edge, as text, the number of durations up to it."""
        edges = (*(str(edge) for edge in BUCKETS_S), "+Inf")
        return list(zip(edges, accumulate(self.counts), strict=True))


class MetricsSink:
    """A Sink that counts; this takes microseconds a frame, and only render() loads Prometheus' library.

    make_sinks() puts it behind all outputs: the stage deliver ends when this sink gets the result.
    """

    name = "metrics"
    needs_picture = False

    def __init__(
        self,
        labels: Iterable[str],
        read_stats: Callable[[], Mapping[str, float]],
        model: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`labels` are the classifier's, `read_stats` returns the app's speed by name.

        `model` describes the models in use.
        """
        self._read_stats, self._model, self._clock = read_stats, model, clock
        self._lock = threading.Lock()
        self._stages, self._latency = {stage: Histogram() for stage in STAGES}, Histogram()
        self._seconds = dict.fromkeys((*labels, UNCERTAIN), 0.0)
        self._newest: Result | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def show(self, result: Result) -> None:
        """Count the times of `result` and how long its expressions were seen, unless it is a placeholder."""
        if result.frame.notice is not None:
            self._newest = result
            return
        frame, now_s = result.frame, self._clock()
        with self._lock:
            self._stages["detect"].add(result.detected_at_s - frame.captured_at_s)
            self._stages["infer"].add(result.inferred_at_s - result.detected_at_s)
            self._stages["deliver"].add(now_s - result.inferred_at_s)
            self._latency.add(now_s - frame.captured_at_s)
            if self._newest is not None:
                lasted_s = min(max(0.0, frame.elapsed_s - self._newest.frame.elapsed_s), MAX_FRAME_S)
                for reading in result.readings:
                    self._seconds[reading.smoothed.label] += lasted_s
        self._newest = result

    def render(self) -> bytes:
        """All metrics in Prometheus' text format 0.0.4; any thread may call this.

        Raises ConfigError without prometheus_client.
        """
        try:
            from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
        except ModuleNotFoundError as error:
            raise ConfigError(
                "expected prometheus_client for /metrics, found it not installed; "
                "pip install 'fer-edge[metrics]'"
            ) from error
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> "Iterator[Metric]":
        """All metrics of this program; prometheus_client calls this."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        stats = self._read_stats()
        for name, key, description in _COUNTERS:
            yield CounterMetricFamily(f"fer_edge_{name}", description, stats.get(key, 0))
        for name, key, description in _GAUGES:
            if key in stats:
                yield GaugeMetricFamily(f"fer_edge_{name}", description, stats[key])
        newest = self._newest
        is_up = newest is not None and find_camera_problem(newest, self._clock()) is None
        yield GaugeMetricFamily("fer_edge_camera_up", "1 while the camera gives frames.", float(is_up))
        yield from self._collect_counts()
        yield from self._collect_infos()

    def _collect_counts(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        stages = HistogramMetricFamily(
            "fer_edge_stage_seconds",
            (
                "How long a frame took through a stage and the wait before it: detect counts from the "
                "capture, infer from the detection, deliver from the inference."
            ),
            labels=["stage"],
        )
        latency = HistogramMetricFamily(
            "fer_edge_latency_seconds", "From the capture of a frame until it was shown."
        )
        seen = CounterMetricFamily(
            "fer_edge_expression_seconds",
            "For how long each expression was seen, summed over faces.",
            labels=["expression"],
        )
        with self._lock:
            for stage, histogram in self._stages.items():
                stages.add_metric([stage], histogram.cumulate(), histogram.sum_s)
            latency.add_metric([], self._latency.cumulate(), self._latency.sum_s)
            for label, seconds in self._seconds.items():
                seen.add_metric([label], seconds)
        yield from (stages, latency, seen)

    def _collect_infos(self) -> "Iterator[Metric]":
        from importlib import metadata

        from prometheus_client.core import InfoMetricFamily

        try:
            version = metadata.version("fer-edge")
        except metadata.PackageNotFoundError:
            version = "unknown"  # A checkout that was never installed.
        yield InfoMetricFamily(
            "fer_edge_build",
            "The version of this program, and of Python.",
            {"version": version, "python": platform.python_version()},
        )
        yield InfoMetricFamily(
            "fer_edge_model", "The models that find faces and read their expressions.", dict(self._model)
        )
