"""One suite over every sink: what edge.contracts.Sink promises."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.cameras.demo import DemoCamera
from edge.contracts import Box, Sink
from edge.errors import SinkError
from edge.mqtt import address as mqtt_address
from edge.rotation import FileSeries
from edge.sinks.events import EventsSink
from edge.sinks.face_blur import FaceBlurSink
from edge.sinks.fault_tolerant import FaultTolerantSink
from edge.sinks.hdmi import HdmiSink
from edge.sinks.latency import LatencySink
from edge.sinks.metrics import MetricsSink
from edge.sinks.mjpeg import MjpegSink
from edge.sinks.mqtt import MqttSink
from edge.sinks.progress import ProgressSink
from edge.sinks.recorder import RecorderSink
from edge.sinks.systemd import SystemdSink
from edge.telemetry import Telemetry
from tests.results import LABELS, reading_of, result_of
from tests.sinks.test_hdmi import FakeScreen

Make = Callable[[], Sink]
RESULT = result_of(np.zeros((48, 64, 3), np.uint8), reading_of(Box(1, 2, 30, 30)))


@pytest.fixture(
    params=[
        "display",
        "display as missing",
        "events as csv",
        "events as jsonl",
        "metrics",
        "mjpeg",
        "mqtt",
        "progress",
        "record",
        "face blur",
        "fault tolerant",
        "latency",
        "systemd",
    ]
)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    kind, _, suffix = request.param.partition(" as ")
    if kind == "display":
        make_screen = refuse_screen if suffix == "missing" else make_fake_screen
        return lambda: HdmiSink(make_screen, pytest.fail, lambda: {"shown_fps": 30.0}, tmp_path)
    if kind == "events":
        return lambda: EventsSink(FileSeries(tmp_path / f"out.{suffix}", replaces=True), LABELS)
    if kind == "mjpeg":
        return lambda: MjpegSink("127.0.0.1", 0, read_stats=lambda: {"shown_fps": 30.0})
    if kind == "record":
        return lambda: RecorderSink(FileSeries(tmp_path / "out.mp4"))
    if kind == "fault tolerant":
        return lambda: FaultTolerantSink(
            EventsSink(FileSeries(tmp_path / "out.csv"), LABELS), on_loss=pytest.fail, is_live=True
        )
    if kind == "face blur":
        return lambda: FaceBlurSink([EventsSink(FileSeries(tmp_path / "out.csv", replaces=True), LABELS)])
    if kind == "latency":
        return lambda: LatencySink(Telemetry())
    if kind == "metrics":
        return lambda: MetricsSink(LABELS, dict, {})
    if kind == "mqtt":
        # A broker that is away: the sink's promises hold without one.
        return lambda: MqttSink(mqtt_address.parse("mqtt://127.0.0.1:9/shop/door", "--mqtt"), LABELS, dict)
    if kind == "systemd":
        return lambda: SystemdSink({"NOTIFY_SOCKET": str(tmp_path / "notify")}, Telemetry().read_stats)
    return lambda: ProgressSink(DemoCamera(64, 48), frames=3)


def make_fake_screen(width: int, height: int) -> tuple[FakeScreen, FakeScreen]:
    screen = FakeScreen(width, height)
    return screen, screen


def refuse_screen(width: int, height: int) -> tuple[FakeScreen, FakeScreen]:
    raise SinkError("no display is connected")


def test_takes_results_with_and_without_faces(make: Make) -> None:
    with make() as sink:
        sink.show(RESULT)
        sink.show(result_of(np.zeros((48, 64, 3), np.uint8)))


def test_without_a_viewer_nothing_is_converted_drawn_or_encoded(
    make: Make, request: pytest.FixtureRequest
) -> None:
    if request.node.callspec.params["make"] in ("display", "record"):
        pytest.skip("a display and a recording always take the picture")
    result = result_of(np.zeros((48, 64, 3), np.uint8), reading_of(Box(1, 2, 30, 30)))
    with make() as sink:
        assert not sink.needs_picture
        sink.show(result)
    assert result.frame._bgr is None and result.frame._grey is None


def test_opens_again_after_it_was_left_by_an_error(make: Make) -> None:
    with pytest.raises(KeyError), make() as sink:
        sink.show(RESULT)
        raise KeyError
    with make() as sink:
        sink.show(RESULT)


def test_has_a_name(make: Make) -> None:
    assert make().name
