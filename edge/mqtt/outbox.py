"""A bounded queue of MQTT messages, which are sent again until the broker has acknowledged them."""

from collections import deque


class Outbox:
    """A queue of payloads, oldest first, which drops the oldest when it is full.  One thread uses it."""

    def __init__(self, limit: int) -> None:
        """`limit` is the number of messages that are queued and in flight together."""
        self._limit = limit
        self._queued: deque[str] = deque()
        self._in_flight: dict[int, str] = {}
        self.dropped = 0
        """How many messages were dropped since this was last set to 0."""

    def __len__(self) -> int:
        return len(self._queued) + len(self._in_flight)

    @property
    def in_flight(self) -> int:
        """How many messages were sent and not acknowledged."""
        return len(self._in_flight)

    def add(self, payload: str) -> None:
        """Queue `payload`; drops the oldest queued message when there is no room."""
        self._queued.append(payload)
        while len(self) > self._limit and self._queued:
            self._queued.popleft()
            self.dropped += 1

    def peek(self) -> str | None:
        """The oldest queued payload, which mark_sent() removes; None when nothing is queued."""
        return self._queued[0] if self._queued else None

    def mark_sent(self, message_id: int) -> None:
        """Record that the payload of peek() is in flight as the message `message_id`."""
        self._in_flight[message_id] = self._queued.popleft()

    def acknowledge(self, message_id: int) -> None:
        """Forget the message `message_id`, which the broker has received; ignores an unknown identifier."""
        self._in_flight.pop(message_id, None)

    def requeue(self) -> None:
        """Queue the messages in flight again, before all others: nobody knows whether they arrived."""
        self._queued.extendleft(reversed(self._in_flight.values()))
        self._in_flight.clear()
