"""The notify protocol on a real socket, and a pipeline that hangs in each of its stages."""

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
from edge.sinks.systemd import STATUS_EVERY_S, SystemdSink
from edge.telemetry import Stats, Telemetry
from edge.threads import SignalWaiter
from tests.clocks import Clock
from tests.fakes import (
    FakeCamera,
    FakeClassifier,
    FakeDetector,
    FakeSink,
    FakeSmoother,
    FakeTracker,
    Part,
)
from tests.results import result_of

WATCHDOG_S = 9.0
STATS = replace(Telemetry(Clock(1.0)).read_stats(), analysed_fps=29.96, faces=2, temperature_c=56.4)


class Manager:
    """A service manager: a socket to which a service sends datagrams."""

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

    def receive(self) -> list[list[str]]:
        """The assignments of each datagram that was not read before."""
        datagrams = []
        while True:
            try:
                datagrams.append(self._socket.recv(4096).decode().split("\n"))
            except BlockingIOError:
                return datagrams

    def wait(self) -> None:
        """Wait for a datagram, and read it."""
        assert select.select([self._socket], [], [], 30)[0]
        self._socket.recv(4096)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    opened = Manager(str(tmp_path / "notify") if request.param == "path" else f"@fer-edge/test/{os.getpid()}")
    yield opened
    opened.close()


def make_sink(
    manager: Manager, clock: Callable[[], float] | None = None, stats: Stats = STATS
) -> SystemdSink:
    return SystemdSink(manager.environment, lambda: stats, clock or Clock())


def make_result(number: int = 0, notice: str | None = None) -> Result:
    made = result_of(np.zeros((4, 4, 3), np.uint8), number=number)
    return replace(made, frame=replace(made.frame, notice=notice))


def test_first_result_makes_it_ready(manager: Manager) -> None:
    with make_sink(manager) as sink:
        assert manager.receive() == []
        sink.show(make_result())
        assert manager.receive() == [["READY=1", "WATCHDOG=1", "STATUS=30.0 FPS, 2 faces, 56 °C"]]
    assert manager.receive() == [["STOPPING=1"]]


def test_watchdog_is_pinged_three_times_in_its_time_and_no_oftener(manager: Manager) -> None:
    clock = Clock()
    with make_sink(manager, clock) as sink:
        for number in range(90):
            sink.show(make_result(number))
            clock.sleep(WATCHDOG_S / 90)
        datagrams = manager.receive()
    assert len(datagrams) == 3 and all("WATCHDOG=1" in each for each in datagrams)
    assert ["READY=1" in each for each in datagrams] == [True, False, False]


def test_missing_camera_is_in_the_status_at_once_and_pings_go_on(manager: Manager) -> None:
    clock = Clock()
    with make_sink(manager, clock) as sink:
        sink.show(make_result())
        sink.show(make_result(1, notice="no camera:\nunplugged"))
        clock.sleep(WATCHDOG_S / 2)
        sink.show(make_result(2, notice="no camera:\nunplugged"))
        sink.show(make_result(3))
        datagrams = manager.receive()
    assert [each[-1] for each in datagrams] == [
        "STATUS=30.0 FPS, 2 faces, 56 °C",
        "STATUS=no camera: unplugged",
        "STATUS=no camera: unplugged",
        "STATUS=30.0 FPS, 2 faces, 56 °C",
    ]
    assert all("WATCHDOG=1" in each for each in datagrams)


def test_camera_that_is_missing_from_the_start_makes_it_ready(manager: Manager) -> None:
    with make_sink(manager) as sink:
        sink.show(make_result(notice="no camera: not found"))
        assert manager.receive()[0][0] == "READY=1"


@pytest.mark.parametrize(
    "environment", [{"WATCHDOG_USEC": ""}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_PID": "1"}]
)
def test_without_a_watchdog_for_this_process_only_the_status_is_sent(
    manager: Manager, environment: dict[str, str]
) -> None:
    clock = Clock()
    manager.environment |= environment
    with make_sink(manager, clock) as sink:
        sink.show(make_result())
        clock.sleep(STATUS_EVERY_S)
        sink.show(make_result(1))
        datagrams = manager.receive()
    assert len(datagrams) == 2 and not any("WATCHDOG=1" in each for each in datagrams)


def test_status_has_one_face_and_throttling(manager: Manager) -> None:
    stats = replace(STATS, faces=1, temperature_c=None, throttled=("under-voltage", "throttled"))
    with make_sink(manager, stats=stats) as sink:
        sink.show(make_result())
        assert manager.receive()[0][-1] == "STATUS=30.0 FPS, 1 face, THROTTLED: under-voltage, throttled"


def test_notification_that_a_busy_manager_misses_is_sent_again(manager: Manager) -> None:
    with make_sink(manager) as sink, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as others:
        others.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                others.sendto(b"STATUS=busy", manager.address)
        sink.show(make_result())
        assert manager.receive()[-1] == ["STATUS=busy"]
        sink.show(make_result(1))
        assert manager.receive()[0][0] == "READY=1"


def test_address_without_a_listener_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with SystemdSink({"NOTIFY_SOCKET": f"{tmp_path}/gone"}, lambda: STATS, Clock()) as sink:
        sink.show(make_result())
        sink.show(make_result(1))
    assert [record.message for record in caplog.records] == [
        f"expected systemd at NOTIFY_SOCKET={tmp_path}/gone, found: No such file or directory; "
        "it gets no status of this program"
    ]


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [({}, False), ({"NOTIFY_SOCKET": ""}, False), ({"NOTIFY_SOCKET": "/run/systemd/notify"}, True)],
)
def test_program_knows_whether_systemd_started_it(environment: dict[str, str], wanted: bool) -> None:
    assert systemd.is_started_by_systemd(environment) is wanted


def test_journal_is_known_by_the_file_behind_stderr() -> None:
    stderr = os.fstat(2)
    assert systemd.is_stderr_journal({"JOURNAL_STREAM": f"{stderr.st_dev}:{stderr.st_ino}"})
    assert not systemd.is_stderr_journal({"JOURNAL_STREAM": f"{stderr.st_dev}:{stderr.st_ino + 1}"})
    assert not systemd.is_stderr_journal({})


class Gate(threading.Event):
    """Remembers whether a part has reached it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.reached.set()
        return super().wait(timeout)


@pytest.mark.parametrize("stage", ["tracker", "detector", "classifier", "smoother", "sink"])
def test_stage_that_hangs_stops_the_pings_while_the_camera_goes_on(manager: Manager, stage: str) -> None:
    clock = Clock()

    def leap() -> float:
        """A clock by which every result is due."""
        clock.sleep(WATCHDOG_S)
        return clock()

    camera, gate = FakeCamera(None, is_live=True), Gate()
    tracker, detector, sink = FakeTracker(), FakeDetector(), FakeSink()
    classifier, smoother = FakeClassifier(), FakeSmoother()
    parts: dict[str, Part] = {
        "tracker": tracker,
        "detector": detector,
        "classifier": classifier,
        "smoother": smoother,
        "sink": sink,
    }
    pipeline = Pipeline(
        camera,
        TrackingFaceFinder(tracker, detector),
        SmoothingExpressionReader(classifier, smoother),
        [sink, make_sink(manager, leap)],
        Telemetry(),
    )
    with SignalWaiter() as waiter:
        running = threading.Thread(target=pipeline.run, args=(waiter,))
        running.start()
        for _ in range(5):
            manager.wait()
        parts[stage].gate = gate
        assert gate.reached.wait(30)
        manager.receive()
        delivered, datagrams = camera.delivered, 0
        while camera.delivered < delivered + 1000:
            datagrams += len(manager.receive())
        parts[stage].gate = None
        gate.set()
        manager.wait()
        waiter.stop()
        running.join(30)
    # Two results may have been on their way to the sink.
    assert datagrams <= 2
