"""What a simulated fleet's messages cost and how late they came: statistics of what a listener received."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np

PERCENTS = (50, 95, 99, 100)


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it arrived."""

    device: str
    level: str
    """The last level of the topic."""
    size_bytes: int
    at_s: float
    """When it arrived, by time.monotonic()."""
    delay_s: float | None
    """The time since it was written, by its own timestamp; None where it has none, or was retained."""
    presence: str | None
    """online or offline in a message about availability, None in every other."""

    @classmethod
    def parse(cls, topic: str, payload: bytes, at_s: float, now_s: float, *, is_retained: bool) -> Self:
        """Parse the message at `topic`, whose last two levels are the device and the level.

        `now_s` is the wall clock's time.
        """
        _, device, level = topic.rsplit("/", 2)
        presence = payload.decode() if level == "availability" else None
        delay_s = None
        if presence is None and not is_retained:
            delay_s = now_s - datetime.fromisoformat(json.loads(payload)["at"]).timestamp()
        return cls(device, level, len(topic) + len(payload), at_s, delay_s, presence)


@dataclass(frozen=True, slots=True)
class ListeningPhase:
    """What was received over some time."""

    lasted_s: float
    messages: tuple[ReceivedMessage, ...]
    broker_cpu_s: float
    received_bytes: int
    """What the broker received, with MQTT's own bytes."""

    def compute_delays_ms(self) -> dict[int, float]:
        """Compute how late messages came, for each of PERCENTS; 100 is the latest.

        All are 0 without a message.
        """
        delays_s = [message.delay_s for message in self.messages if message.delay_s is not None] or [0.0]
        values = (float(value) * 1000 for value in np.percentile(delays_s, PERCENTS))
        return dict(zip(PERCENTS, values, strict=True))


def find_silent(phase: ListeningPhase, devices: Iterable[str]) -> set[str]:
    """Find those of `devices` from which nothing was received."""
    return set(devices) - {message.device for message in phase.messages}


def find_offline(phase: ListeningPhase) -> set[str]:
    """Find the devices that were reported to be offline."""
    return {message.device for message in phase.messages if message.presence == "offline"}


def summarise(title: str, phase: ListeningPhase, devices: int) -> str:
    """Summarise in two lines a phase in which this many devices reported."""
    delays_ms = phase.compute_delays_ms()
    share = phase.broker_cpu_s / phase.lasted_s
    return (
        f"{title}, {phase.lasted_s:.0f} s: "
        f"{len(phase.messages) / phase.lasted_s / devices:.2f} messages/s and "
        f"{phase.received_bytes / phase.lasted_s / devices:.0f} bytes/s per device to the broker; "
        f"broker {share:.1%} of a core, {share / devices * 1e6:.0f} µs/s per device\n"
        f"  delivery p50 {delays_ms[50]:.1f} ms, p95 {delays_ms[95]:.1f}, p99 {delays_ms[99]:.1f}, "
        f"latest {delays_ms[100]:.1f}"
    )
