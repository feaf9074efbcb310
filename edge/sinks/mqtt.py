"""Publishes the state and its changes to an MQTT broker: for one device, for Home Assistant, for a fleet."""

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.contracts import Result
from edge.errors import ConfigError
from edge.mqtt import publisher
from edge.mqtt.address import Broker
from edge.mqtt.connection import BrokerUnavailable, make_tls_context
from edge.mqtt.device import Device
from edge.mqtt.pending import PendingMessages
from edge.mqtt.publisher import Publisher
from edge.threads import WorkerGroup

log = logging.getLogger(__name__)

MAX_PAUSE_S = 60.0
# When a connection that lasted this long ends, that is logged, and the next attempt follows soon.
STEADY_AFTER_S = 10.0


def choose_pause_s(attempt: int, random: Callable[[], float] = random.random) -> float:
    """The pause when attempt number `attempt`, from 0, has failed: longer each time.

    It is random, so that the devices of a fleet do not reconnect all at once.
    """
    longest_s = min(MAX_PAUSE_S, 2.0 ** min(attempt, 10))
    return longest_s * (0.5 + random() / 2)


class MqttSink:
    """A Sink that publishes below the broker's prefix, in a thread of its own.

    PREFIX/state (retained, JSON) is the state of the moment, PREFIX/events (JSON) are its changes, one
    message each, and PREFIX/availability (retained) is online or offline; the broker publishes offline when
    the connection is lost.  A broker that is unavailable or refuses the password is logged once and is no
    error: changes wait for it, and the oldest are dropped when more than OUTBOX_LIMIT wait.
    """

    name = "mqtt"
    needs_picture = False

    def __init__(
        self,
        broker: Broker,
        labels: Sequence[str],
        read_stats: Callable[[], Mapping[str, float]],
        *,
        password: str | None = None,
        ca: Path | None = None,
        every_s: float = 1.0,
        discovery: str = "homeassistant",
        board: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`labels` are the classifier's, `read_stats` returns the app's speed by name.

        `every_s` is the shortest time between two reports of changes, `discovery` is Home Assistant's prefix
        or empty, `board` is the machine's model, and `clock` is that of the results.  Raises ConfigError when
        there is a password without a user, or no certificate in `ca`.
        """
        if password is not None and broker.user is None:
            raise ConfigError(
                f"expected a user in mqtt for its password, found {broker} alone; write mqtt://USER@…"
            )
        self._device = Device(
            broker=broker,
            password=password,
            tls_context=make_tls_context(ca) if broker.is_encrypted else None,
            labels=labels,
            board=board,
            discovery_prefix=discovery,
        )
        self._pending = PendingMessages(every_s=every_s, clock=clock)
        self._read_stats = read_stats
        self._logged_problem = ""
        self._is_connection_logged = False
        self._workers = WorkerGroup()
        self._stop, self._stopped = threading.Event(), threading.Event()

    @property
    def every_s(self) -> float:
        """The shortest time between two reports of changes, s; any thread may set it."""
        return self._pending.every_s

    @every_s.setter
    def every_s(self, every_s: float) -> None:
        self._pending.every_s = every_s

    def __enter__(self) -> Self:
        self._stop.clear()
        self._stopped.clear()
        if self._device.password is not None and not self._device.broker.is_encrypted:
            log.warning(
                "the password for the MQTT broker %s is sent unencrypted; mqtts:// encrypts it",
                self._device.broker,
            )
        self._workers = WorkerGroup(on_end=self._stopped.set)
        self._workers.start("mqtt", self._run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        # If the library is connecting to a host, which nothing can interrupt, the thread is not waited for.
        if self._stopped.wait(2 * publisher.FLUSH_WITHIN_S):
            self._workers.join(publisher.FLUSH_WITHIN_S)

    def show(self, result: Result) -> None:
        """Keep `result` for the thread that checks it for changes."""
        if self._workers.error is not None:
            raise self._workers.error
        self._pending.newest = result

    def _run(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            connected_at_s = math.inf
            try:
                with Publisher(self._device, self._pending, self._read_stats) as connected:
                    connected_at_s = time.monotonic()
                    self._log_connection()
                    connected.run(self._stop)
                    return
            except BrokerUnavailable as error:
                if time.monotonic() - connected_at_s > STEADY_AFTER_S:
                    attempt, self._logged_problem = 0, ""
                self._log_problem(str(error))
            self._pause(choose_pause_s(attempt))
            attempt += 1

    def _log_connection(self) -> None:
        """Log the connection, once until a problem is logged, and how many changes were dropped before it."""
        broker, changes = self._device.broker, self._pending.changes
        if not self._is_connection_logged:
            log.info("reporting to the MQTT broker %s below %s", broker, broker.prefix)
            self._is_connection_logged = True
        if changes.dropped:
            log.warning("%d changes were lost while the MQTT broker was away", changes.dropped)
            changes.dropped = 0

    def _log_problem(self, problem: str) -> None:
        """Log `problem`, once until another problem is logged."""
        if problem != self._logged_problem:
            log.warning("%s (trying again, at most %g s apart)", problem, MAX_PAUSE_S)
            self._logged_problem, self._is_connection_logged = problem, False

    def _pause(self, duration_s: float) -> None:
        """Check for changes until `duration_s` have passed or the sink is left."""
        end_s = time.monotonic() + duration_s
        while (left_s := end_s - time.monotonic()) > 0:
            if self._stop.wait(min(publisher.CHECK_EVERY_S, left_s)):
                return
            self._pending.check()
