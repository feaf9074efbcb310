"""Measures how long a result takes from the camera through the sinks."""

from types import TracebackType
from typing import Self

from edge.contracts import Result
from edge.telemetry import Telemetry


class LatencySink:
    """A Sink that reports each result to `telemetry` when the sinks before it have taken that result.

    With --blur it stands behind FaceBlurSink, so the latency includes the time that results wait there.
    """

    name = "latency"
    needs_picture = False

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def show(self, result: Result) -> None:
        """Count the result and its age."""
        self._telemetry.count_shown(result)
