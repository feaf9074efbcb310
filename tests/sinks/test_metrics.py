"""The counts, and the text that Prometheus reads."""

import sys
import urllib.error
import urllib.request
from dataclasses import replace

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge.contracts import Box, Reading, Result
from edge.sinks import metrics
from edge.sinks.metrics import BUCKETS_S, Histogram, MetricsSink
from edge.sinks.mjpeg import MjpegSink
from edge.telemetry import Stats
from tests import promtool
from tests.clocks import Clock
from tests.results import LABELS, reading_of, result_of

STATS = {
    "captured": 120.0,
    "analysed": 110.0,
    "dropped": 9.0,
    "analysed_fps": 29.9,
    "faces": 2.0,
    "temperature_c": 51.2,
    "throttled": 1.0,
    "outputs_lost": 0.0,
}
MODEL = {"detector": "haar", "precision": "int8"}
FACE = Box(0, 0, 10, 10)
Samples = dict[tuple[str, tuple[str, ...]], float]


def result(now_s: float, *readings: Reading, notice: str | None = None) -> Result:
    """Captured 10 ms, detected 8 ms and inferred 1 ms before `now_s`."""
    made = result_of(np.zeros((48, 64, 3), np.uint8), *readings, captured_at_s=now_s - 0.01, elapsed_s=now_s)
    return replace(
        made,
        frame=replace(made.frame, notice=notice),
        detected_at_s=now_s - 0.002,
        inferred_at_s=now_s - 0.001,
    )


def read(sink: MetricsSink) -> Samples:
    """Every sample by its name and the values of its labels."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(sink.render().decode())
        for sample in family.samples
    }


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def sink(clock: Clock) -> MetricsSink:
    return MetricsSink(LABELS, lambda: STATS, MODEL, clock)


def test_stage_times_are_histograms_in_seconds(sink: MetricsSink, clock: Clock) -> None:
    for _ in range(3):
        clock.sleep(1 / 30)
        sink.show(result(clock()))
    samples = read(sink)
    for stage, seconds in (("detect", 0.008), ("infer", 0.001), ("deliver", 0.001)):
        assert samples["fer_edge_stage_seconds_count", (stage,)] == 3
        assert samples["fer_edge_stage_seconds_sum", (stage,)] == pytest.approx(3 * seconds)
    assert samples["fer_edge_latency_seconds_count", ()] == 3
    assert samples["fer_edge_latency_seconds_sum", ()] == pytest.approx(0.03)
    assert samples["fer_edge_latency_seconds_bucket", ("0.005",)] == 0
    assert samples["fer_edge_latency_seconds_bucket", ("0.02",)] == 3


def test_histogram_counts_each_time_at_its_edge_and_above() -> None:
    histogram = Histogram()
    for seconds in (0.0, *BUCKETS_S, 7.0):
        histogram.add(seconds)
    counts = dict(histogram.cumulate())
    assert (counts["0.001"], counts["1.0"], counts["+Inf"]) == (2, len(BUCKETS_S) + 1, len(BUCKETS_S) + 2)
    assert sum(histogram.counts) == len(BUCKETS_S) + 2


def test_expressions_are_counted_in_the_seconds_that_faces_showed_them(
    sink: MetricsSink, clock: Clock
) -> None:
    sink.show(result(clock()))
    for label in ("happy", "happy", "sad"):
        clock.sleep(0.5)
        sink.show(result(clock(), reading_of(FACE, 1, label), reading_of(FACE, 2, "neutral")))
    clock.sleep(60)  # Nobody knows what happened meanwhile: it counts as a second.
    sink.show(result(clock(), reading_of(FACE, 1, "happy", 0.16)))
    samples = read(sink)
    seconds = {
        label: samples["fer_edge_expression_seconds_total", (label,)] for label in (*LABELS, "uncertain")
    }
    assert {label: count for label, count in seconds.items() if count} == {
        "happy": 1.0,
        "sad": 0.5,
        "neutral": 1.5,
        "uncertain": 1.0,
    }


def test_stats_become_counters_and_gauges(sink: MetricsSink) -> None:
    samples = read(sink)
    assert samples["fer_edge_frames_captured_total", ()] == 120
    assert samples["fer_edge_frames_analysed_total", ()] == 110
    assert samples["fer_edge_frames_dropped_total", ()] == 9
    assert samples["fer_edge_camera_reconnects_total", ()] == 0
    assert samples["fer_edge_frames_per_second", ()] == 29.9
    assert samples["fer_edge_temperature_celsius", ()] == 51.2
    assert (samples["fer_edge_faces", ()], samples["fer_edge_throttled", ()]) == (2, 1)
    assert samples["process_resident_memory_bytes", ()] > 0


def test_every_number_that_is_read_is_one_of_the_stats() -> None:
    keys = {key for _, key, _ in (*metrics._COUNTERS, *metrics._GAUGES)}
    assert keys <= set(Stats.__slots__)


def test_number_that_the_machine_does_not_report_is_left_out() -> None:
    names = {name for name, _ in read(MetricsSink(LABELS, dict, MODEL))}
    assert "fer_edge_temperature_celsius" not in names and "fer_edge_frames_captured_total" in names


def test_program_and_model_are_described(sink: MetricsSink) -> None:
    families = {family.name: family for family in text_string_to_metric_families(sink.render().decode())}
    assert families["fer_edge_model_info"].samples[0].labels == MODEL
    assert set(families["fer_edge_build_info"].samples[0].labels) == {"version", "python"}


def test_camera_is_up_while_it_gives_frames(sink: MetricsSink, clock: Clock) -> None:
    def is_up() -> bool:
        return read(sink)["fer_edge_camera_up", ()] == 1

    assert not is_up()
    sink.show(result(clock()))
    assert is_up()
    sink.show(result(clock(), notice="no camera: unplugged"))
    assert not is_up()
    assert read(sink)["fer_edge_latency_seconds_count", ()] == 1
    sink.show(result(clock()))
    clock.sleep(6)
    assert not is_up()


def test_prometheus_own_tool_finds_no_fault(sink: MetricsSink, clock: Clock) -> None:
    sink.show(result(clock(), reading_of(FACE)))
    ours = b"".join(line for line in sink.render().splitlines(keepends=True) if b"process_" not in line)
    assert promtool.check("metrics", text=ours) == ""


def test_scrape_is_answered_over_http(sink: MetricsSink, clock: Clock) -> None:
    sink.show(result(clock()))
    with (
        MjpegSink("127.0.0.1", 0, lambda: STATS, render_metrics=sink.render) as server,
        urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as answer,
    ):
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert b"\nfer_edge_latency_seconds_count 1.0\n" in answer.read()


def test_without_the_library_the_answer_says_what_to_install(
    sink: MetricsSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with MjpegSink("127.0.0.1", 0, lambda: STATS, render_metrics=sink.render) as server:
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"{server.url}/metrics", timeout=30)
        with raised.value as answer:
            assert answer.code == 501 and b"pip install 'fer-edge[metrics]'" in answer.read()


def test_sink_without_metrics_answers_404() -> None:
    with MjpegSink("127.0.0.1", 0, lambda: STATS) as server:
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"{server.url}/metrics", timeout=30)
        raised.value.close()
        assert raised.value.code == 404
