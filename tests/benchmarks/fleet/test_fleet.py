"""The simulated fleet: its arithmetic, its script, and a small run of it."""

import os
from datetime import UTC, datetime

import pytest

from benchmarks.fleet import fleet
from benchmarks.fleet.delivery import Heard, Phase, silent, summary
from benchmarks.fleet.device import Script
from tests.mosquitto import MOSQUITTO


def heard(device: str, *, delay_s: float | None = None) -> Heard:
    return Heard(device, "events", 100, 0.0, delay_s, None)


def test_message_is_taken_apart() -> None:
    now_s = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
    event = b'{"at": "2026-11-25T11:59:59.750+00:00"}'
    told = Heard.of("fleet/pi-001/events", event, 5.0, now_s, is_retained=False)
    assert (told.device, told.level, told.at_s, told.presence) == ("pi-001", "events", 5.0, None)
    assert told.delay_s == pytest.approx(0.25) and told.size_bytes == len("fleet/pi-001/events") + len(event)
    assert Heard.of("fleet/pi-001/state", event, 5.0, now_s, is_retained=True).delay_s is None
    assert (
        Heard.of("fleet/pi-001/availability", b"offline", 5.0, now_s, is_retained=False).presence == "offline"
    )


def test_figures_are_per_device_and_second() -> None:
    phase = Phase(10.0, tuple(heard("a", delay_s=number / 1000) for number in range(1, 101)), 0.5, 20_000)
    assert phase.delays_ms() == pytest.approx({50: 50.5, 95: 95.05, 99: 99.01, 100: 100.0})
    text = summary("at work", phase, 4)
    assert (
        "2.50 messages/s and 500 bytes/s per device" in text and "broker 5.0% of a core, 12500 µs/s" in text
    )
    assert silent(phase, ["a", "b"]) == {"b"}


def test_phase_without_a_message_has_figures_too() -> None:
    assert "latest 0.0" in summary("nothing", Phase(1.0, (), 0.0, 0), 1)


def test_script_changes_now_and_then_and_is_the_same_at_every_run() -> None:
    def labels(seed: str) -> list[tuple[str, ...]]:
        script = Script(seed)
        return [
            tuple(reading.smoothed.label for reading in script.next(number, 0.0).readings)
            for number in range(1000)
        ]

    shown = labels("pi-001")
    assert shown == labels("pi-001") != labels("pi-002")
    changes = sum(before != after for before, after in zip(shown, shown[1:], strict=False))
    assert 10 <= changes <= 60


@pytest.mark.skipif(MOSQUITTO is None and os.environ.get("CI") != "true", reason="mosquitto is not installed")
def test_small_fleet_runs_through_outages(capsys: pytest.CaptureFixture[str]) -> None:
    # Too short for every device to have something to say, which is 1 then.
    assert fleet.main(["--devices", "6", "--seconds", "2"]) in (0, 1)
    said = capsys.readouterr().out
    assert "all at work" in said and "one killed, one stalled" in said
    assert "killed: offline after" in said


def test_too_few_devices_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert fleet.main(["--devices", "2"]) == 78
    assert "expected at least 3 for --devices, found 2" in capsys.readouterr().err
