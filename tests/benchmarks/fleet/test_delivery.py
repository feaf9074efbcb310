"""Statistics of messages made to order."""

from datetime import UTC, datetime

import pytest

from benchmarks.fleet.delivery import ListeningPhase, ReceivedMessage, find_silent, summarise


def make_message(device: str, *, delay_s: float | None = None) -> ReceivedMessage:
    return ReceivedMessage(device, "events", 100, 0.0, delay_s, None)


def test_message_is_parsed() -> None:
    now_s = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
    event = b'{"at": "2026-11-25T11:59:59.750+00:00"}'
    received = ReceivedMessage.parse("fleet/pi-001/events", event, 5.0, now_s, is_retained=False)
    assert (received.device, received.level, received.at_s, received.presence) == (
        "pi-001",
        "events",
        5.0,
        None,
    )
    assert received.delay_s == pytest.approx(0.25) and received.size_bytes == len(
        "fleet/pi-001/events"
    ) + len(event)
    assert ReceivedMessage.parse("fleet/pi-001/state", event, 5.0, now_s, is_retained=True).delay_s is None
    assert (
        ReceivedMessage.parse("fleet/pi-001/availability", b"offline", 5.0, now_s, is_retained=False).presence
        == "offline"
    )


def test_stats_are_per_device_and_second() -> None:
    phase = ListeningPhase(
        10.0, tuple(make_message("a", delay_s=number / 1000) for number in range(1, 101)), 0.5, 20_000
    )
    assert phase.compute_delays_ms() == pytest.approx({50: 50.5, 95: 95.05, 99: 99.01, 100: 100.0})
    text = summarise("at work", phase, 4)
    assert (
        "2.50 messages/s and 500 bytes/s per device" in text and "broker 5.0% of a core, 12500 µs/s" in text
    )
    assert find_silent(phase, ["a", "b"]) == {"b"}


def test_phase_without_a_message_has_stats_too() -> None:
    assert "latest 0.0" in summarise("nothing", ListeningPhase(1.0, (), 0.0, 0), 1)
