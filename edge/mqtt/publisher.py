"""Publishes over one connection what is pending, from the discovery message to the last "offline"."""

import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from edge.mqtt.connection import BrokerConnection
from edge.mqtt.device import Device
from edge.mqtt.pending import PendingMessages

# How often the newest result is checked for changes.
CHECK_EVERY_S = 0.2
# How many messages may wait for their acknowledgement: half of the 20 that Mosquitto accepts from a client.
IN_FLIGHT_LIMIT = 10
# How long the sink, when it is left, waits for the broker to acknowledge the last messages.
FLUSH_WITHIN_S = 0.5


class Publisher:
    """A context manager that one thread enters once: a new connection has a new Publisher.

    Entering and run() raise BrokerUnavailable when the connection fails.  The changes that the broker has not
    acknowledged wait again once it is left.
    """

    def __init__(
        self, device: Device, pending: PendingMessages, read_stats: Callable[[], Mapping[str, float]]
    ) -> None:
        """`read_stats` returns the app's speed by name."""
        self._device, self._pending, self._read_stats = device, pending, read_stats
        self._connection = BrokerConnection(
            device.broker,
            last_will=(device.availability_topic, "offline"),
            password=device.password,
            tls_context=device.tls_context,
            on_acknowledge=self._acknowledge,
        )
        self._retained_in_flight: set[int] = set()
        self._state_id: int | None = None

    def __enter__(self) -> Self:
        self._connection.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.__exit__(kind, error, trace)
        self._pending.changes.requeue()

    def run(self, stop: threading.Event) -> None:
        """Publish until `stop` is set; then publish the last changes, and that the device is offline."""
        if self._device.discovery_prefix:
            self._publish_retained(*self._device.make_discovery())
        self._pending.is_state_due = True
        is_online = False
        while not stop.is_set():
            self._connection.loop(CHECK_EVERY_S)
            self._pending.check()
            self._publish_pending()
            if self._state_id is not None and not is_online:
                # Not before the first state: the state that the broker has retained is that of the last run.
                self._publish_retained(self._device.availability_topic, "online")
                is_online = True
        self._publish_last()

    def _publish_pending(self) -> None:
        """Publish what is due, as far as the broker has acknowledged what was published before."""
        if self._state_id not in self._retained_in_flight:
            state = self._pending.take_state(self._read_stats)
            if state is not None:
                self._state_id = self._publish_retained(self._device.state_topic, state)
        changes = self._pending.changes
        while changes.in_flight < IN_FLIGHT_LIMIT and (change := changes.peek()) is not None:
            changes.mark_sent(self._connection.publish(self._device.changes_topic, change, retain=False))

    def _publish_retained(self, topic: str, payload: str) -> int:
        message_id = self._connection.publish(topic, payload, retain=True)
        self._retained_in_flight.add(message_id)
        return message_id

    def _publish_last(self) -> None:
        self._pending.check(is_last=True)
        deadline_s = time.monotonic() + FLUSH_WITHIN_S
        self._flush(deadline_s)
        self._publish_retained(self._device.availability_topic, "offline")
        self._flush(deadline_s)

    def _flush(self, deadline_s: float) -> None:
        """Return when the broker has acknowledged everything, or at `deadline_s`."""
        while (self._retained_in_flight or self._pending.changes) and time.monotonic() < deadline_s:
            self._publish_pending()
            self._connection.loop(CHECK_EVERY_S)

    def _acknowledge(self, message_id: int) -> None:
        self._retained_in_flight.discard(message_id)
        self._pending.changes.acknowledge(message_id)
