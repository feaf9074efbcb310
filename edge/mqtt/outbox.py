"""Messages that wait for their receiver: bounded, and sent again where nobody said that they came."""

from collections import deque


class Outbox:
    """A queue of texts of which the oldest give way.  One thread calls it."""

    def __init__(self, limit: int) -> None:
        """`limit` messages wait and are under way, in all."""
        self._limit = limit
        self._waiting: deque[str] = deque()
        self._under_way: dict[int, str] = {}
        self.lost = 0
        """How many have given way since it was last set to 0."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._under_way)

    @property
    def under_way(self) -> int:
        """How many were sent and not acknowledged."""
        return len(self._under_way)

    def add(self, text: str) -> None:
        """Queue `text`; the oldest that waits is lost where there is no room."""
        self._waiting.append(text)
        while len(self) > self._limit and self._waiting:
            self._waiting.popleft()
            self.lost += 1

    def next(self) -> str | None:
        """The oldest that waits, which sent() must take off."""
        return self._waiting[0] if self._waiting else None

    def sent(self, number: int) -> None:
        """What next() gave is under way as `number`."""
        self._under_way[number] = self._waiting.popleft()

    def acknowledged(self, number: int) -> None:
        """`number` has come; another's number is none of ours."""
        self._under_way.pop(number, None)

    def recall(self) -> None:
        """What was under way waits again, before all else: nobody knows whether it came."""
        self._waiting.extendleft(reversed(self._under_way.values()))
        self._under_way.clear()
