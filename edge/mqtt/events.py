"""What of the results is worth a message: the state of this moment, and an event for each change."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from edge.contracts import Reading, Result

Message = dict[str, Any]

SCHEMA = 1
# The dominant expression where there is no face.
NOBODY = "none"
# A line that gives nothing for so long is not at work, whatever its camera says.
STALE_AFTER_S = 5.0


def dominant(readings: Sequence[Reading]) -> str:
    """The label that most faces show, of equals the one on the largest face."""
    counts = Counter(reading.smoothed.label for reading in readings)
    likeliest = max(
        readings, key=lambda reading: (counts[reading.smoothed.label], reading.face.box.area), default=None
    )
    return NOBODY if likeliest is None else likeliest.smoothed.label


def camera_problem(result: Result, now_s: float) -> str | None:
    """Why there is no picture, where there is none; `now_s` is on the clock of the result's times."""
    if result.frame.notice is not None:
        return result.frame.notice
    return f"no frame for {STALE_AFTER_S:g} s" if now_s - result.inferred_at_s > STALE_AFTER_S else None


def state(result: Result, figures: Mapping[str, float], now_s: float, at: str) -> Message:
    """The message of this moment; `at` is the wall clock's time in ISO 8601, `figures` are those of telemetry."""
    problem = camera_problem(result, now_s)
    readings = () if problem else result.readings
    return {
        "schema": SCHEMA,
        "at": at,
        "expression": dominant(readings),
        "faces": len(readings),
        "camera_problem": problem,
        "fps": figures.get("analysed_fps"),
        "latency_ms": figures.get("latency_p50_ms"),
        "dropped": figures.get("dropped"),
        "temperature_c": figures.get("temperature_c"),
        "throttled": bool(figures.get("throttled")),
    }


class Changes:
    """Remembers what was told last.  One thread calls it."""

    def __init__(self) -> None:
        self._labels: dict[int, str] = {}
        self._problem: str | None = None

    def since_last(self, result: Result, now_s: float, at: str) -> list[Message]:
        """An event for the camera and for each track that is another than it was at the last call."""
        events: list[Message] = []
        problem = camera_problem(result, now_s)
        if problem != self._problem:
            events.append({"at": at, "kind": "camera", "problem": problem})
        readings = {
            reading.face.track_id: reading.smoothed
            for reading in (() if problem else result.readings)
            if reading.face.track_id is not None
        }
        for track, expression in readings.items():
            before = self._labels.get(track)
            if expression.label != before:
                events.append(
                    {
                        "at": at,
                        "kind": "expression",
                        "track": track,
                        "expression": expression.label,
                        "confidence": round(expression.confidence, 2),
                        "before": before,
                    }
                )
        events.extend(
            {"at": at, "kind": "left", "track": track, "before": label}
            for track, label in self._labels.items()
            if track not in readings
        )
        self._labels = {track: expression.label for track, expression in readings.items()}
        self._problem = problem
        return events
