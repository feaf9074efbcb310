"""The log of a camera that goes away: the reason, once, and few lines when its plug is loose."""

import pytest

from edge.cameras import outages
from edge.cameras.outages import LASTING_S, PERIOD_S, OutageLog

GONE = "gone"


class Camera:
    """A camera that fails at times of the test's choosing, its OutageLog, and the lines that this logged."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog, self.outages, self.now_s = caplog, OutageLog(), 1000.0

    def fail(self, reason: str, seconds: float = 0.0) -> None:
        """Try the camera for so long, twice a second; each try fails for `reason`."""
        until_s = self.now_s + seconds
        while True:
            self.outages.report(f"no camera: {reason}", reason, self.now_s, is_news=reason != GONE)
            if self.now_s >= until_s:
                return
            self.wait(0.5)

    def wait(self, seconds: float) -> None:
        """Let time pass, in which the camera delivers frames, or its notice."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += 0.25
            self.outages.log_summary(self.now_s)

    def end(self) -> None:
        self.outages.end("/dev/video0", (640, 480), self.now_s)

    def flap(self, times: int) -> None:
        """Go away so many times, in twice as many seconds."""
        for _ in range(times):
            self.fail(GONE)
            self.wait(1.0)
            self.end()
            self.wait(1.0)

    @property
    def lines(self) -> list[str]:
        """The lines that are logged without --verbose."""
        return [record.getMessage() for record in self._caplog.records if record.levelname != "DEBUG"]


@pytest.fixture
def camera(caplog: pytest.LogCaptureFixture) -> Camera:
    caplog.set_level("DEBUG")
    return Camera(caplog)


def test_outage_is_one_line_and_its_end_another(camera: Camera) -> None:
    camera.fail(GONE, 600.0)
    camera.end()
    camera.wait(600.0)
    assert camera.lines == [f"no camera: {GONE}", "/dev/video0 is back after 600.0 s, with 640×480"]


def test_reason_that_is_no_news_is_on_the_picture_alone(camera: Camera) -> None:
    camera.fail("the stream ended")
    assert camera.outages.notice == "no camera: the stream ended"
    camera.fail(GONE, 600.0)
    assert camera.outages.notice == f"no camera: {GONE}"
    assert camera.lines == ["no camera: the stream ended"]


def test_another_reason_is_shown_when_it_is_confirmed_and_logged_when_it_has_lasted(camera: Camera) -> None:
    camera.fail(GONE)
    camera.fail("busy")
    assert camera.outages.notice == f"no camera: {GONE}"
    camera.fail("busy")
    assert camera.outages.notice == "no camera: busy"
    camera.fail("busy", LASTING_S - 0.5)
    assert camera.lines == [f"no camera: {GONE}"]
    camera.fail("busy", 60.0)
    assert camera.lines == [f"no camera: {GONE}", "no camera: busy"]


def test_each_reason_is_logged_once_however_often_it_comes_back(camera: Camera) -> None:
    for reason in ("frozen", "busy", "frozen", "busy"):
        camera.fail(reason, 30.0)
    assert camera.lines == ["no camera: frozen", "no camera: busy"]


def test_reasons_that_take_turns_are_no_news(camera: Camera) -> None:
    camera.fail("frozen")
    for _ in range(100):
        camera.fail("busy", 1.0)
        camera.fail("frozen", 1.0)
    assert camera.lines == ["no camera: frozen"]


def test_few_outages_are_logged_one_by_one(camera: Camera) -> None:
    for _ in range(10):
        camera.flap(1)
        camera.wait(PERIOD_S / outages.MAX_LOGGED)
    assert len(camera.lines) == 20


def test_loose_plug_has_a_line_a_minute_that_counts(camera: Camera) -> None:
    camera.flap(100)
    one_by_one = 2 * outages.MAX_LOGGED
    assert camera.lines[:one_by_one:2] == [f"no camera: {GONE}"] * outages.MAX_LOGGED
    summed_up = [line for line in camera.lines[one_by_one:] if "went away again" in line]
    assert len(summed_up) == 3 and len(camera.lines) - one_by_one <= 2 * len(summed_up)
    assert f"the last time: no camera: {GONE}" in summed_up[0]
    camera.wait(PERIOD_S)
    # No outage is missing among those that were logged and those that were counted.
    summed_up = [line for line in camera.lines if "went away again" in line]
    assert outages.MAX_LOGGED + sum(int(line.split()[5]) for line in summed_up) == 100
    assert "is back now" in camera.lines[-1]


def test_log_does_not_end_with_a_camera_away_that_is_back(camera: Camera) -> None:
    camera.flap(10)
    camera.fail(GONE, 2 * PERIOD_S)
    assert "is away now" in camera.lines[-1]
    camera.end()
    camera.wait(2 * PERIOD_S)
    assert "is back after 120.0 s" in camera.lines[-1]


def test_after_a_quiet_time_each_is_logged_again(camera: Camera) -> None:
    camera.flap(10)
    camera.wait(2 * PERIOD_S)
    before = len(camera.lines)
    camera.flap(1)
    assert len(camera.lines) == before + 2


def test_outage_that_is_only_counted_is_not_forgotten_at_the_next(camera: Camera) -> None:
    camera.flap(outages.MAX_LOGGED + 1)
    # PERIOD_S after the second began, fewer than three are recent; the summary of the fourth is not due yet.
    camera.wait(PERIOD_S + 2.5 - 2 * (outages.MAX_LOGGED + 1))
    camera.flap(1)
    camera.wait(PERIOD_S)
    assert any("again, 2 × in" in line for line in camera.lines)
