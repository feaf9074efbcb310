"""What systemd is told: that the line is ready, that it is alive, and how it fares (its protocol is sd_notify(3))."""

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from edge.contracts import Result
from edge.telemetry import Stats

log = logging.getLogger(__name__)

STATUS_EVERY_S = 5.0
# How often the watchdog is fed in the time that it allows: two feedings may come late.
FEEDINGS = 3


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether systemd, or whoever started us, listens."""
    return bool(environment.get("NOTIFY_SOCKET"))


def keeps_the_journal(environment: Mapping[str, str]) -> bool:
    """Whether stderr goes to systemd's journal, which notes the time itself."""
    stderr = os.fstat(2)
    return environment.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"


class ServiceSink:
    """A Sink that feeds systemd's watchdog; the last of the sinks, so that it speaks for all of them.

    Nothing but a result feeds it: a camera, a detector, a model or a sink that hangs stops the
    feeding, and systemd ends the process.  The frame that stands for a camera that is away makes a
    result like any other.
    """

    name = "systemd"
    needs_picture = False

    def __init__(
        self,
        environment: Mapping[str, str],
        stats: Callable[[], Stats],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`environment` holds NOTIFY_SOCKET and, where there is a watchdog, WATCHDOG_USEC and WATCHDOG_PID."""
        address = environment["NOTIFY_SOCKET"]
        # An abstract socket is written with an @ for its NUL.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        watchdog_s = _watchdog_s(environment)
        self._feeding = ("WATCHDOG=1",) if watchdog_s else ()
        self._every_s = min(STATUS_EVERY_S, watchdog_s / FEEDINGS) if watchdog_s else STATUS_EVERY_S
        self._stats, self._clock = stats, clock

    def __enter__(self) -> Self:
        self._is_ready = self._is_lost = False
        self._notice: str | None = None
        self._told_at_s = 0.0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # The line does not wait for systemd: what does not get through is told with the next result.
        self._socket.setblocking(False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tell("STOPPING=1")
        self._socket.close()

    def show(self, result: Result) -> None:
        """Say that the line is alive, unless that was said a moment ago."""
        now_s, notice = self._clock(), result.frame.notice
        if self._is_ready and notice == self._notice and now_s - self._told_at_s < self._every_s:
            return
        ready = () if self._is_ready else ("READY=1",)
        if self._tell(*ready, *self._feeding, f"STATUS={_status(self._stats(), notice)}"):
            self._is_ready, self._notice, self._told_at_s = True, notice, now_s

    def _tell(self, *assignments: str) -> bool:
        """Whether systemd got them."""
        try:
            self._socket.sendto("\n".join(assignments).encode(), self._address)
        except BlockingIOError:
            return False
        except OSError as error:
            # Left over in the environment, it may be: no reason to show no pictures.
            if not self._is_lost:
                log.warning(
                    "expected systemd at NOTIFY_SOCKET=%s, found: %s; it is not told how the program fares",
                    self._address.replace("\0", "@"),
                    error.strerror,
                )
            self._is_lost = True
            return False
        return True


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """How long the watchdog waits for us; None where there is none, or it watches another process."""
    allowed_us = environment.get("WATCHDOG_USEC", "")
    watched = environment.get("WATCHDOG_PID", str(os.getpid()))
    return int(allowed_us) / 1e6 or None if allowed_us.isdecimal() and watched == str(os.getpid()) else None


def _status(stats: Stats, notice: str | None) -> str:
    """One line for `systemctl status`."""
    if notice is not None:
        return " ".join(notice.split())
    status = f"{stats.analysed_fps:.1f} FPS, {stats.faces} {'face' if stats.faces == 1 else 'faces'}"
    if stats.temperature_c is not None:
        status += f", {stats.temperature_c:.0f} °C"
    return f"{status}, THROTTLED: {', '.join(stats.throttled)}" if stats.throttled else status
