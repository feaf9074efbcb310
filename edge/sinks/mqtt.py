"""What changes, told to an MQTT broker: for one device's owner, for Home Assistant, for a fleet."""

import json
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.contracts import Result
from edge.errors import ConfigError
from edge.mqtt import events as mqtt_events
from edge.mqtt import homeassistant
from edge.mqtt.address import Broker
from edge.mqtt.connection import Connection, NoBroker, tls
from edge.mqtt.events import Changes
from edge.mqtt.outbox import Outbox
from edge.threads import WorkerGroup

log = logging.getLogger(__name__)

# How soon a change is seen; between two messages lies `every_s`.
LOOK_EVERY_S = 0.2
# The state is told so often where nothing has changed, for its figures.
HEALTH_EVERY_S = 30.0
# Events of about 150 bytes that wait while the broker is away.
OUTBOX_LIMIT = 1000
# Half of the 20 that Mosquitto takes from a client before it has acknowledged one.
UNDER_WAY_LIMIT = 10
LONGEST_PAUSE_S = 60.0
# A connection that held for so long is no sign of trouble: its end is worth a line, and a quick try.
STEADY_AFTER_S = 10.0
# For what is left to tell on leaving; a thread that waits for a broker then is left behind.
FAREWELL_S = 0.5


def pause_s(attempt: int, random: Callable[[], float] = random.random) -> float:
    """How long to wait after the `attempt`-th failure, from 0, in a row: longer each time, and no two devices alike."""
    longest_s = min(LONGEST_PAUSE_S, 2.0 ** min(attempt, 10))
    return longest_s * (0.5 + random() / 2)


class MqttSink:
    """A Sink that speaks below the broker's prefix, from a thread of its own.

    PREFIX/state (retained, JSON) is the state of the moment, PREFIX/events (JSON) are its changes, each once,
    and PREFIX/availability (retained) is online or offline, which the broker says where we cannot any more.  A broker
    that is away, or wants another password, costs a line in the log, and events once more than OUTBOX_LIMIT wait.
    """

    name = "mqtt"
    needs_picture = False

    def __init__(
        self,
        broker: Broker,
        labels: Sequence[str],
        figures: Callable[[], Mapping[str, float]],
        *,
        password: str | None = None,
        ca: Path | None = None,
        every_s: float = 1.0,
        discovery: str = "homeassistant",
        board: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`labels` are the classifier's, `figures` tells the app's speed by name, `board` is the machine's model.

        `every_s` lie between two reports of changes; `discovery` is Home Assistant's prefix, or empty; `clock` is
        that of the results.  ConfigError when there is a password without a user, or no certificate in `ca`.
        """
        if password is not None and broker.user is None:
            raise ConfigError(
                f"expected a user in mqtt for its password, found {broker} alone; write mqtt://USER@…"
            )
        self._broker, self._labels, self._figures = broker, labels, figures
        self._password, self.every_s, self._discovery, self._board = password, every_s, discovery, board
        self._context: ssl.SSLContext | None = tls(ca) if broker.is_encrypted else None
        self._state_topic, self._events_topic, self._availability_topic = (
            f"{broker.prefix}/{level}" for level in ("state", "events", "availability")
        )
        self._clock = clock
        self._newest: Result | None = None
        self._changes, self._outbox = Changes(), Outbox(OUTBOX_LIMIT)
        self._changed_s = self._told_s = float("-inf")
        self._state_number: int | None = None
        self._under_way: set[int] = set()
        self._is_state_due = self._is_announced = False
        self._complaint = ""
        self._workers = WorkerGroup()
        self._stop, self._stopped = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        self._stop.clear()
        self._stopped.clear()
        if self._password is not None and not self._broker.is_encrypted:
            log.warning(
                "the password for the MQTT broker %s travels in the clear; mqtts:// encrypts it", self._broker
            )
        self._workers = WorkerGroup(on_end=self._stopped.set)
        self._workers.start("mqtt", self._run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        # A library that waits for a name or a host cannot be interrupted, and nobody should have to wait for it.
        if self._stopped.wait(2 * FAREWELL_S):
            self._workers.join(FAREWELL_S)

    def show(self, result: Result) -> None:
        """Keep `result` for the thread that looks for changes."""
        if self._workers.failed is not None:
            raise self._workers.failed
        self._newest = result

    def _run(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            accepted_s = float("inf")
            try:
                with Connection(
                    self._broker,
                    (self._availability_topic, "offline"),
                    password=self._password,
                    context=self._context,
                    acknowledged=self._acknowledged,
                ) as connection:
                    accepted_s = time.monotonic()
                    self._serve(connection)
                    return
            except NoBroker as error:
                if time.monotonic() - accepted_s > STEADY_AFTER_S:
                    attempt, self._complaint = 0, ""
                self._complain(str(error))
            self._outbox.recall()
            self._under_way.clear()
            self._pause(pause_s(attempt))
            attempt += 1

    def _complain(self, reason: str) -> None:
        """Say `reason`, once until another is said."""
        if reason != self._complaint:
            log.warning("%s (trying on, at most %g s apart)", reason, LONGEST_PAUSE_S)
            self._complaint, self._is_announced = reason, False

    def _pause(self, duration_s: float) -> None:
        """Wait, and look for changes meanwhile."""
        until_s = time.monotonic() + duration_s
        while (left_s := until_s - time.monotonic()) > 0 and not self._stop.wait(min(LOOK_EVERY_S, left_s)):
            self._look()

    def _serve(self, connection: Connection) -> None:
        """Tell what there is to tell until it is time to stop."""
        self._greet(connection)
        is_online = False
        while not self._stop.is_set():
            connection.turn(LOOK_EVERY_S)
            self._look()
            self._send(connection)
            if self._state_number is not None and not is_online:
                # Not before there is a state: what the broker retained is that of the last run.
                self._retain(connection, self._availability_topic, "online")
                is_online = True
        self._part(connection)

    def _greet(self, connection: Connection) -> None:
        if not self._is_announced:
            log.info("reporting to the MQTT broker %s below %s", self._broker, self._broker.prefix)
            self._is_announced = True
        if self._outbox.lost:
            log.warning("%d changes were lost while the MQTT broker was away", self._outbox.lost)
            self._outbox.lost = 0
        if self._discovery:
            known = homeassistant.device(
                self._broker,
                self._labels,
                board=self._board,
                version=_version(),
                state_topic=self._state_topic,
                availability_topic=self._availability_topic,
            )
            self._retain(connection, homeassistant.topic(self._discovery, self._broker), json.dumps(known))
        self._state_number, self._is_state_due = None, True

    def _look(self) -> None:
        """Queue an event for each change, unless the last was just now."""
        result, now_s = self._newest, self._clock()
        if result is None or now_s - self._changed_s < self.every_s:
            return
        events = self._changes.since_last(result, now_s, _now())
        for event in events:
            self._outbox.add(json.dumps(event))
        if events:
            self._changed_s = now_s
        self._is_state_due |= bool(events) or now_s - self._told_s >= HEALTH_EVERY_S

    def _send(self, connection: Connection) -> None:
        """Send what is due, as far as the broker has acknowledged what was sent before."""
        result = self._newest
        if result is not None and self._is_state_due and self._state_number not in self._under_way:
            self._told_s = self._clock()
            state = mqtt_events.state(result, self._figures(), self._told_s, _now())
            self._state_number = self._retain(connection, self._state_topic, json.dumps(state))
            self._is_state_due = False
        while self._outbox.under_way < UNDER_WAY_LIMIT and (event := self._outbox.next()) is not None:
            self._outbox.sent(connection.publish(self._events_topic, event, retain=False))

    def _retain(self, connection: Connection, topic: str, payload: str) -> int:
        number = connection.publish(topic, payload, retain=True)
        self._under_way.add(number)
        return number

    def _acknowledged(self, number: int) -> None:
        self._under_way.discard(number)
        self._outbox.acknowledged(number)

    def _part(self, connection: Connection) -> None:
        """Tell the last changes, and then that we go."""
        self._changed_s = float("-inf")
        self._look()
        until_s = time.monotonic() + FAREWELL_S
        self._settle(connection, until_s)
        self._retain(connection, self._availability_topic, "offline")
        self._settle(connection, until_s)

    def _settle(self, connection: Connection, until_s: float) -> None:
        """Let everything come to the broker that was to be sent."""
        while (self._under_way or self._outbox) and time.monotonic() < until_s:
            self._send(connection)
            connection.turn(LOOK_EVERY_S)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _version() -> str:
    try:
        return metadata.version("fer-edge")
    except metadata.PackageNotFoundError:
        return "unknown"  # A checkout that was never installed.
