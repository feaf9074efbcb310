"""The notify protocol, on a real socket as systemd holds one, and a line that hangs in each of its stages."""

import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.contracts import Result
from edge.faces.finder import TrackingFaceFinder
from edge.faces.reader import SmoothingExpressionReader
from edge.pipeline import Pipeline
from edge.sinks import systemd
from edge.sinks.systemd import STATUS_EVERY_S, ServiceSink
from edge.telemetry import Stats, Telemetry
from edge.threads import SignalWaiter
from tests.clocks import Clock
from tests.results import result_of
from tests.test_pipeline import FakeCamera, FakeClassifier, FakeDetector, FakeSink, FakeSmoother, FakeTracker

WATCHDOG_S = 9.0
FIGURES = replace(Telemetry(Clock(1.0)).read_stats(), analysed_fps=29.96, faces=2, temperature_c=56.4)


class Manager:
    """What systemd holds: a socket to which a service sends datagrams."""

    def __init__(self, address: str) -> None:
        self.address = address.replace("@", "\0")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)
        self.environment = {
            "NOTIFY_SOCKET": address,
            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
            "WATCHDOG_PID": str(os.getpid()),
        }

    def received(self) -> list[list[str]]:
        """What has been told and not yet been read, an item for each datagram."""
        told = []
        while True:
            try:
                told.append(self._socket.recv(4096).decode().split("\n"))
            except BlockingIOError:
                return told

    def wait(self) -> None:
        """Until something is told."""
        assert select.select([self._socket], [], [], 30)[0]
        self._socket.recv(4096)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    opened = Manager(str(tmp_path / "notify") if request.param == "path" else f"@fer-edge/test/{os.getpid()}")
    yield opened
    opened.close()


def sink_for(manager: Manager, clock: Callable[[], float] = Clock(), figures: Stats = FIGURES) -> ServiceSink:
    return ServiceSink(manager.environment, lambda: figures, clock)


def result(number: int = 0, notice: str | None = None) -> Result:
    made = result_of(np.zeros((4, 4, 3), np.uint8), number=number)
    return replace(made, frame=replace(made.frame, notice=notice))


def test_nothing_is_told_before_the_first_result_and_then_that_it_is_ready(manager: Manager) -> None:
    with sink_for(manager) as sink:
        assert manager.received() == []
        sink.show(result())
        assert manager.received() == [["READY=1", "WATCHDOG=1", "STATUS=30.0 FPS, 2 faces, 56 °C"]]
    assert manager.received() == [["STOPPING=1"]]


def test_watchdog_is_fed_thrice_in_its_time_and_no_oftener(manager: Manager) -> None:
    clock = Clock()
    with sink_for(manager, clock) as sink:
        for number in range(90):
            sink.show(result(number))
            clock.sleep(WATCHDOG_S / 90)
        told = manager.received()
    assert len(told) == 3 and all("WATCHDOG=1" in each for each in told)
    assert ["READY=1" in each for each in told] == [True, False, False]


def test_camera_that_is_away_is_told_at_once_and_resources_the_watchdog(manager: Manager) -> None:
    clock = Clock()
    with sink_for(manager, clock) as sink:
        sink.show(result())
        sink.show(result(1, notice="no camera:\nunplugged"))
        clock.sleep(WATCHDOG_S / 2)
        sink.show(result(2, notice="no camera:\nunplugged"))
        sink.show(result(3))
        told = manager.received()
    assert [each[-1] for each in told] == [
        "STATUS=30.0 FPS, 2 faces, 56 °C",
        "STATUS=no camera: unplugged",
        "STATUS=no camera: unplugged",
        "STATUS=30.0 FPS, 2 faces, 56 °C",
    ]
    assert all("WATCHDOG=1" in each for each in told)


def test_camera_that_is_away_from_the_start_makes_it_ready(manager: Manager) -> None:
    with sink_for(manager) as sink:
        sink.show(result(notice="no camera: not found"))
        assert manager.received()[0][0] == "READY=1"


@pytest.mark.parametrize(
    "environment", [{"WATCHDOG_USEC": ""}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_PID": "1"}]
)
def test_without_a_watchdog_of_ours_only_the_status_is_told(
    manager: Manager, environment: dict[str, str]
) -> None:
    clock = Clock()
    manager.environment |= environment
    with sink_for(manager, clock) as sink:
        sink.show(result())
        clock.sleep(STATUS_EVERY_S)
        sink.show(result(1))
        told = manager.received()
    assert len(told) == 2 and not any("WATCHDOG=1" in each for each in told)


def test_status_tells_of_one_face_and_of_throttling(manager: Manager) -> None:
    figures = replace(FIGURES, faces=1, temperature_c=None, throttled=("under-voltage", "throttled"))
    with sink_for(manager, figures=figures) as sink:
        sink.show(result())
        assert manager.received()[0][-1] == "STATUS=30.0 FPS, 1 face, THROTTLED: under-voltage, throttled"


def test_what_a_busy_manager_misses_is_told_again(manager: Manager) -> None:
    with sink_for(manager) as sink, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as others:
        others.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                others.sendto(b"STATUS=busy", manager.address)
        sink.show(result())
        assert manager.received()[-1] == ["STATUS=busy"]
        sink.show(result(1))
        assert manager.received()[0][0] == "READY=1"


def test_address_at_which_nobody_listens_is_said_once_and_harms_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ServiceSink({"NOTIFY_SOCKET": f"{tmp_path}/gone"}, lambda: FIGURES, Clock()) as sink:
        sink.show(result())
        sink.show(result(1))
    assert [record.message for record in caplog.records] == [
        f"expected systemd at NOTIFY_SOCKET={tmp_path}/gone, found: No such file or directory; "
        "it is not told how the program fares"
    ]


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [({}, False), ({"NOTIFY_SOCKET": ""}, False), ({"NOTIFY_SOCKET": "/run/systemd/notify"}, True)],
)
def test_is_wanted_only_where_somebody_listens(environment: dict[str, str], wanted: bool) -> None:
    assert systemd.is_wanted(environment) is wanted


def test_journal_is_known_by_the_file_behind_stderr() -> None:
    stderr = os.fstat(2)
    assert systemd.keeps_the_journal({"JOURNAL_STREAM": f"{stderr.st_dev}:{stderr.st_ino}"})
    assert not systemd.keeps_the_journal({"JOURNAL_STREAM": f"{stderr.st_dev}:{stderr.st_ino + 1}"})
    assert not systemd.keeps_the_journal({})


class Gate(threading.Event):
    """Tells when a part has come to it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.reached.set()
        return super().wait(timeout)


@pytest.mark.parametrize("stage", ["tracker", "detector", "classifier", "smoother", "sink"])
def test_stage_that_hangs_stops_the_feeding_while_the_camera_goes_on(manager: Manager, stage: str) -> None:
    clock = Clock()

    def hasty() -> float:
        """A clock on which every result is due to be told."""
        clock.sleep(WATCHDOG_S)
        return clock()

    camera, gate = FakeCamera(None, live=True), Gate()
    parts = {
        "tracker": FakeTracker(),
        "detector": FakeDetector(),
        "classifier": FakeClassifier(),
        "smoother": FakeSmoother(),
        "sink": FakeSink(),
    }
    line = Pipeline(
        camera,
        TrackingFaceFinder(parts["tracker"], parts["detector"]),
        SmoothingExpressionReader(parts["classifier"], parts["smoother"]),
        [parts["sink"], sink_for(manager, hasty)],
        Telemetry(),
    )
    with SignalWaiter() as waiter:
        running = threading.Thread(target=line.run, args=(waiter,))
        running.start()
        for _ in range(5):
            manager.wait()
        parts[stage].gate = gate
        assert gate.reached.wait(30)
        manager.received()
        delivered, told = camera.delivered, 0
        while camera.delivered < delivered + 1000:
            told += len(manager.received())
        parts[stage].gate = None
        gate.set()
        manager.wait()
        waiter.is_asked_to_stop = True
        waiter.wake()
        running.join(30)
    # Two results may have been on their way to the sink.
    assert told <= 2
