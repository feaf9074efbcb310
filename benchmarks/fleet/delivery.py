"""The arithmetic of a simulated fleet: what was heard, how late, and who was silent."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it came."""

    device: str
    level: str
    size_bytes: int
    at_s: float
    """time.monotonic()."""
    delay_s: float | None
    """Since it was written, by its own time; None where it has none, or was retained."""
    presence: str | None
    """online, offline, or None for a message that says neither."""

    @classmethod
    def of(cls, topic: str, payload: bytes, at_s: float, now_s: float, *, is_retained: bool) -> Self:
        """The message at `topic`, below which the device and the level are the last two; `now_s` is the wall clock."""
        _, device, level = topic.rsplit("/", 2)
        presence = payload.decode() if level == "availability" else None
        delay_s = None
        if presence is None and not is_retained:
            delay_s = now_s - datetime.fromisoformat(json.loads(payload)["at"]).timestamp()
        return cls(device, level, len(topic) + len(payload), at_s, delay_s, presence)


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of listening."""

    lasted_s: float
    heard: tuple[Heard, ...]
    broker_cpu_s: float
    received_bytes: int
    """By the broker, with MQTT's own."""

    def delays_ms(self) -> dict[int, float]:
        """How late messages came: percentile by percentile, 100 is the latest; 0 where none came."""
        delays = [heard.delay_s for heard in self.heard if heard.delay_s is not None] or [0.0]
        percents = (50, 95, 99, 100)
        return dict(
            zip(percents, (float(value) * 1000 for value in np.percentile(delays, percents)), strict=True)
        )


def silent(phase: Phase, devices: Iterable[str]) -> set[str]:
    """Those of `devices` that were not heard at all."""
    return set(devices) - {heard.device for heard in phase.heard}


def summary(title: str, phase: Phase, devices: int) -> str:
    """Two lines about `phase`, in which so many devices reported."""
    delays = phase.delays_ms()
    share = phase.broker_cpu_s / phase.lasted_s
    return (
        f"{title}, {phase.lasted_s:.0f} s: {len(phase.heard) / phase.lasted_s / devices:.2f} messages/s and "
        f"{phase.received_bytes / phase.lasted_s / devices:.0f} bytes/s per device to the broker; "
        f"broker {share:.1%} of a core, {share / devices * 1e6:.0f} µs/s per device\n"
        f"  delivery p50 {delays[50]:.1f} ms, p95 {delays[95]:.1f}, p99 {delays[99]:.1f}, latest {delays[100]:.1f}"
    )
