"""What is told of a camera that goes away: why, once, and not for ever when its plug is loose."""

import pytest

from edge.cameras import outages
from edge.cameras.outages import LASTING_S, PERIOD_S, OutageLog

GONE = "gone"


class Told:
    """OutageLog at times of the test's choosing, and the lines that came of them."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog, self.outages, self.now_s = caplog, OutageLog(), 1000.0

    def find(self, reason: str, seconds: float = 0.0) -> None:
        """The camera is tried for so long, twice a second, and `reason` is found each time."""
        until_s = self.now_s + seconds
        while True:
            self.outages.report(f"no camera: {reason}", reason, self.now_s, is_news=reason != GONE)
            if self.now_s >= until_s:
                return
            self.wait(0.5)

    def wait(self, seconds: float) -> None:
        """Let time pass, in which the camera gives frames, or its notice."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += 0.25
            self.outages.log_summary(self.now_s)

    def end(self) -> None:
        self.outages.end("/dev/video0", (640, 480), self.now_s)

    def flap(self, times: int) -> None:
        """So many outages in twice as many seconds."""
        for _ in range(times):
            self.find(GONE)
            self.wait(1.0)
            self.end()
            self.wait(1.0)

    @property
    def lines(self) -> list[str]:
        """What a user who did not ask for more sees."""
        return [record.getMessage() for record in self._caplog.records if record.levelname != "DEBUG"]


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Told:
    caplog.set_level("DEBUG")
    return Told(caplog)


def test_outage_is_one_line_and_its_end_another(told: Told) -> None:
    told.find(GONE, 600.0)
    told.end()
    told.wait(600.0)
    assert told.lines == [f"no camera: {GONE}", "/dev/video0 is back after 600.0 s, with 640×480"]


def test_what_is_no_news_is_on_the_picture_alone(told: Told) -> None:
    told.find("the stream ended")
    assert told.outages.notice == "no camera: the stream ended"
    told.find(GONE, 600.0)
    assert told.outages.notice == f"no camera: {GONE}"
    assert told.lines == ["no camera: the stream ended"]


def test_another_reason_is_shown_when_it_is_confirmed_and_told_when_it_has_lasted(told: Told) -> None:
    told.find(GONE)
    told.find("busy")
    assert told.outages.notice == f"no camera: {GONE}"
    told.find("busy")
    assert told.outages.notice == "no camera: busy"
    told.find("busy", LASTING_S - 0.5)
    assert told.lines == [f"no camera: {GONE}"]
    told.find("busy", 60.0)
    assert told.lines == [f"no camera: {GONE}", "no camera: busy"]


def test_each_reason_is_told_once_however_often_it_comes_back(told: Told) -> None:
    for reason in ("frozen", "busy", "frozen", "busy"):
        told.find(reason, 30.0)
    assert told.lines == ["no camera: frozen", "no camera: busy"]


def test_reasons_that_take_turns_are_no_news(told: Told) -> None:
    told.find("frozen")
    for _ in range(100):
        told.find("busy", 1.0)
        told.find("frozen", 1.0)
    assert told.lines == ["no camera: frozen"]


def test_few_outages_are_told_one_by_one(told: Told) -> None:
    for _ in range(10):
        told.flap(1)
        told.wait(PERIOD_S / outages.MOST_LOGGED)
    assert len(told.lines) == 20


def test_loose_plug_has_a_line_a_minute_that_counts(told: Told) -> None:
    told.flap(100)
    one_by_one = 2 * outages.MOST_LOGGED
    assert told.lines[:one_by_one:2] == [f"no camera: {GONE}"] * outages.MOST_LOGGED
    summed_up = [line for line in told.lines[one_by_one:] if "went away again" in line]
    assert len(summed_up) == 3 and len(told.lines) - one_by_one <= 2 * len(summed_up)
    assert f"the last time: no camera: {GONE}" in summed_up[0]
    told.wait(PERIOD_S)
    # Nothing is left out: those that were told, and those that were counted.
    summed_up = [line for line in told.lines if "went away again" in line]
    assert outages.MOST_LOGGED + sum(int(line.split()[5]) for line in summed_up) == 100
    assert "is back now" in told.lines[-1]


def test_log_does_not_end_with_a_camera_away_that_is_back(told: Told) -> None:
    told.flap(10)
    told.find(GONE, 2 * PERIOD_S)
    assert "is away now" in told.lines[-1]
    told.end()
    told.wait(2 * PERIOD_S)
    assert "is back after 120.0 s" in told.lines[-1]


def test_after_a_quiet_time_each_is_told_again(told: Told) -> None:
    told.flap(10)
    told.wait(2 * PERIOD_S)
    before = len(told.lines)
    told.flap(1)
    assert len(told.lines) == before + 2


def test_what_is_only_counted_is_not_forgotten_for_the_next(told: Told) -> None:
    told.flap(outages.MOST_LOGGED + 1)
    # PERIOD_S after the second began, no three are within the time; the line that counts the fourth is not yet due.
    told.wait(PERIOD_S + 2.5 - 2 * (outages.MOST_LOGGED + 1))
    told.flap(1)
    told.wait(PERIOD_S)
    assert any("again, 2 × in" in line for line in told.lines)
