"""Hides faces from every sink behind it."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from edge.contracts import Result, Sink
from edge.drawing.blur import FaceBlur


class FaceBlurSink:
    """A Sink that forwards each result with its faces hidden to other sinks, LOOK_AHEAD_S late.

    The other sinks see nothing else.  Leaving it forwards the results that still wait, and then leaves the
    other sinks.
    """

    name = "face blur"

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks
        self._blur = FaceBlur()
        self._opened = ExitStack()
        self._is_forwarding = False

    @property
    def needs_picture(self) -> bool:
        """Whether one of the other sinks needs it."""
        return any(sink.needs_picture for sink in self._sinks)

    def __enter__(self) -> Self:
        self._blur, self._is_forwarding = FaceBlur(), False
        with ExitStack() as opened:
            for sink in self._sinks:
                opened.enter_context(sink)
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # If a call of another sink has failed or has not returned, nothing more is forwarded.
            if not self._is_forwarding:
                self._forward(self._blur.flush())
        except Exception:
            # The first error of the pipeline is the one to raise.
            if error is None:
                raise
        finally:
            self._opened.__exit__(kind, error, trace)

    def show(self, result: Result) -> None:
        """Take the result, and forward those that have waited long enough."""
        self._forward(self._blur.blur(result))

    def _forward(self, results: Iterable[Result]) -> None:
        self._is_forwarding = True
        for result in results:
            for sink in self._sinks:
                sink.show(result)
        self._is_forwarding = False
