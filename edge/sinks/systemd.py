"""Notifies systemd that the program is ready and alive, and of its status, as sd_notify(3) does."""

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
# How many pings are sent in the time that the watchdog allows: all but one may come late.
PINGS = 3


def is_started_by_systemd(environment: Mapping[str, str]) -> bool:
    """Whether systemd, or another service manager, expects notifications."""
    return bool(environment.get("NOTIFY_SOCKET"))


def is_stderr_journal(environment: Mapping[str, str]) -> bool:
    """Whether the messages on stderr go to systemd's journal, which adds the time to each."""
    stderr = os.fstat(2)
    return environment.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"


class SystemdSink:
    """A Sink that pings systemd's watchdog.

    Nothing but a result causes a ping.  make_sinks() puts this sink last: when a camera, a detector, a model
    or a sink hangs, the pings stop and systemd ends the process.  The frame that stands for a missing camera
    makes a result like any other.
    """

    name = "systemd"
    needs_picture = False

    def __init__(
        self,
        environment: Mapping[str, str],
        read_stats: Callable[[], Stats],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`environment` has NOTIFY_SOCKET and, if there is a watchdog, WATCHDOG_USEC and WATCHDOG_PID."""
        address = environment["NOTIFY_SOCKET"]
        # The address of an abstract socket begins with an @ in place of its NUL.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        watchdog_s = _read_watchdog_s(environment)
        self._ping = ("WATCHDOG=1",) if watchdog_s else ()
        self._every_s = min(STATUS_EVERY_S, watchdog_s / PINGS) if watchdog_s else STATUS_EVERY_S
        self._read_stats, self._clock = read_stats, clock
        self._socket: socket.socket | None = None
        self._is_ready = self._is_failure_logged = False
        self._notice: str | None = None
        self._notified_at_s = 0.0

    def __enter__(self) -> Self:
        self._is_ready = self._is_failure_logged = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # The pipeline does not wait for systemd: a notification that fails is sent again with the next
        # result.
        self._socket.setblocking(False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            self._notify(self._socket, "STOPPING=1")
            self._socket.close()

    def show(self, result: Result) -> None:
        """Ping the watchdog and send the status, unless that was done a moment ago."""
        assert self._socket is not None, "shown before it was entered"
        now_s, notice = self._clock(), result.frame.notice
        is_due = now_s - self._notified_at_s >= self._every_s
        if self._is_ready and notice == self._notice and not is_due:
            return
        ready = () if self._is_ready else ("READY=1",)
        status = f"STATUS={_format_status(self._read_stats(), notice)}"
        if self._notify(self._socket, *ready, *self._ping, status):
            self._is_ready, self._notice, self._notified_at_s = True, notice, now_s

    def _notify(self, notify_socket: socket.socket, *assignments: str) -> bool:
        """Send the `assignments`; returns whether systemd got them."""
        try:
            notify_socket.sendto("\n".join(assignments).encode(), self._address)
        except BlockingIOError:
            return False
        except OSError as error:
            # NOTIFY_SOCKET may be left over in the environment; the program goes on without it.
            if not self._is_failure_logged:
                log.warning(
                    "expected systemd at NOTIFY_SOCKET=%s, found: %s; it gets no status of this program",
                    self._address.replace("\0", "@"),
                    error.strerror,
                )
            self._is_failure_logged = True
            return False
        return True


def _read_watchdog_s(environment: Mapping[str, str]) -> float | None:
    """The time that the watchdog allows; None when there is none, or when it watches another process."""
    allowed_us = environment.get("WATCHDOG_USEC", "")
    watched = environment.get("WATCHDOG_PID", str(os.getpid()))
    return int(allowed_us) / 1e6 or None if allowed_us.isdecimal() and watched == str(os.getpid()) else None


def _format_status(stats: Stats, notice: str | None) -> str:
    """One line for `systemctl status`."""
    if notice is not None:
        return " ".join(notice.split())
    status = f"{stats.analysed_fps:.1f} FPS, {stats.faces} {'face' if stats.faces == 1 else 'faces'}"
    if stats.temperature_c is not None:
        status += f", {stats.temperature_c:.0f} °C"
    return f"{status}, THROTTLED: {', '.join(stats.throttled)}" if stats.throttled else status
