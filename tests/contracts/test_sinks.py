"""One suite over every sink: what edge.contracts.Sink promises."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge import sinks
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


def make_fake_screen(width: int, height: int) -> tuple[FakeScreen, FakeScreen]:
    screen = FakeScreen(width, height)
    return screen, screen


def refuse_screen(width: int, height: int) -> tuple[FakeScreen, FakeScreen]:
    raise SinkError("no display is connected")


STATS = {"shown_fps": 30.0}
# A broker that is away: the sink keeps its contract without one.
BROKER = mqtt_address.parse("mqtt://127.0.0.1:9/shop/door", "--mqtt")

MAKERS: dict[str, Callable[[Path], Sink]] = {
    "display": lambda folder: HdmiSink(make_fake_screen, pytest.fail, lambda: STATS, folder),
    "missing display": lambda folder: HdmiSink(refuse_screen, pytest.fail, lambda: STATS, folder),
    "events as csv": lambda folder: EventsSink(FileSeries(folder / "out.csv", replaces=True), LABELS),
    "events as jsonl": lambda folder: EventsSink(FileSeries(folder / "out.jsonl", replaces=True), LABELS),
    "face blur": lambda folder: FaceBlurSink([MAKERS["events as csv"](folder)]),
    "fault tolerant": lambda folder: FaultTolerantSink(
        EventsSink(FileSeries(folder / "out.csv"), LABELS), on_loss=pytest.fail, is_live=True
    ),
    "latency": lambda folder: LatencySink(Telemetry()),
    "metrics": lambda folder: MetricsSink(LABELS, dict, {}),
    "mjpeg": lambda folder: MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS),
    "mqtt": lambda folder: MqttSink(BROKER, LABELS, dict),
    "progress": lambda folder: ProgressSink(DemoCamera(64, 48), frames=3),
    "record": lambda folder: RecorderSink(FileSeries(folder / "out.mp4")),
    "systemd": lambda folder: SystemdSink({"NOTIFY_SOCKET": str(folder / "notify")}, Telemetry().read_stats),
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    return partial(MAKERS[request.param], tmp_path)


def test_every_module_of_sinks_is_one_sink_in_this_suite(tmp_path: Path) -> None:
    made = {type(maker(tmp_path)) for maker in MAKERS.values()}
    modules = {module.stem for module in Path(sinks.__path__[0]).glob("*.py")} - {"__init__"}
    assert {sink.__module__ for sink in made} == {f"edge.sinks.{module}" for module in modules}
    assert len(made) == len(modules)


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
