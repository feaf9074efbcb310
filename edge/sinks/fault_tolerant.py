"""Lets the program go on when an output fails."""

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from edge.contracts import Result, Sink
from edge.errors import SinkError

log = logging.getLogger(__name__)

# How long after a failure the output is opened again: somebody may have made room on the disk by then, or
# plugged the drive in again.
REOPEN_AFTER_S = 60.0


class FaultTolerantSink:
    """A Sink around another sink, whose SinkError from `show` does not end the program.

    The error is logged and counted.  A live run tries to open the other sink again every REOPEN_AFTER_S.  A
    run over a file, whose output now has a gap, raises the error at its end.  An error on entering is raised
    at once.
    """

    def __init__(
        self,
        sink: Sink,
        on_loss: Callable[[], None],
        *,
        is_live: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_loss` is called in the thread that calls `show`; `is_live` is that of the run's camera."""
        self._sink, self._on_loss, self._is_live, self._clock = sink, on_loss, is_live, clock
        self._error: SinkError | None = None
        self._tried_at_s = 0.0
        self.name = sink.name

    @property
    def needs_picture(self) -> bool:
        """Whether the other sink is open and needs one."""
        return self._error is None and self._sink.needs_picture

    def __enter__(self) -> Self:
        self._sink.__enter__()
        self._error = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._error is None:
            self._sink.__exit__(kind, error, trace)
        elif not self._is_live and error is None:
            raise self._error

    def show(self, result: Result) -> None:
        """Pass `result` to the other sink if it is open or can be opened again."""
        if self._error is not None and not self._reopen():
            return
        try:
            self._sink.show(result)
        except SinkError as error:
            self._close_after(error)

    def _close_after(self, error: SinkError) -> None:
        self._error, self._tried_at_s = error, self._clock()
        what_follows = f"trying again in {REOPEN_AFTER_S:g} s" if self._is_live else "the other outputs go on"
        log.error("%s ended (%s): %s", self.name, what_follows, error)
        self._on_loss()
        try:
            self._sink.__exit__(type(error), error, error.__traceback__)
        except SinkError as another:
            log.debug("%s could not be closed: %s", self.name, another)

    def _reopen(self) -> bool:
        """Open the other sink again if it is time to try; returns whether it is open then."""
        if not self._is_live or self._clock() - self._tried_at_s < REOPEN_AFTER_S:
            return False
        self._tried_at_s = self._clock()
        try:
            self._sink.__enter__()
        except SinkError as error:
            log.debug("%s could not be opened again: %s", self.name, error)
            return False
        self._error = None
        log.info("%s goes on", self.name)
        return True
