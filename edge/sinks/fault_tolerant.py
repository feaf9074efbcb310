"""An output whose loss the rest of the program survives."""

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from edge.contracts import Result, Sink
from edge.errors import SinkError

log = logging.getLogger(__name__)

# By then somebody may have made room, or the stick is back in its port.
AGAIN_AFTER_S = 60.0


class FaultTolerantSink:
    """A Sink around another, whose SinkError from `show` costs nobody else anything.

    It is logged and counted.  A live run tries to open the other again every AGAIN_AFTER_S; of a run over a file,
    which would have a hole in its output, the error is raised at the end.  A fault on entering is raised at once.
    """

    def __init__(
        self,
        sink: Sink,
        on_loss: Callable[[], None],
        *,
        live: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_loss` is called in the thread that calls `show`."""
        self._sink, self._on_loss, self._live, self._clock = sink, on_loss, live, clock
        self._lost: SinkError | None = None
        self._lost_at_s = 0.0
        self.name = sink.name

    @property
    def needs_picture(self) -> bool:
        """As the other says, while there is one."""
        return self._lost is None and self._sink.needs_picture

    def __enter__(self) -> Self:
        self._sink.__enter__()
        self._lost = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lost is None:
            self._sink.__exit__(kind, error, trace)
        elif not self._live and error is None:
            raise self._lost

    def show(self, result: Result) -> None:
        """Hand `result` over, if there is somebody to take it."""
        if self._lost is not None and not self._is_back():
            return
        try:
            self._sink.show(result)
        except SinkError as error:
            self._lose(error)

    def _lose(self, error: SinkError) -> None:
        self._lost, self._lost_at_s = error, self._clock()
        rest = f"tried again in {AGAIN_AFTER_S:g} s" if self._live else "the rest goes on"
        log.error("%s ended (%s): %s", self.name, rest, error)
        self._on_loss()
        try:
            self._sink.__exit__(type(error), error, error.__traceback__)
        except SinkError as another:
            log.debug("%s could not be closed: %s", self.name, another)

    def _is_back(self) -> bool:
        if not self._live or self._clock() - self._lost_at_s < AGAIN_AFTER_S:
            return False
        self._lost_at_s = self._clock()
        try:
            self._sink.__enter__()
        except SinkError as error:
            log.debug("%s is still lost: %s", self.name, error)
            return False
        self._lost = None
        log.info("%s goes on", self.name)
        return True
