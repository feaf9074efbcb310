"""Makes MQTT messages of results: the state of the moment, and one message for each state change.

The changes are published at the topic PREFIX/events.  They are not the events of --events, which are rows.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from edge.contracts import Expression, Reading, Result
from edge.liveness import find_camera_problem

Message = dict[str, Any]

SCHEMA = 1
# The dominant expression when there is no face.
NO_FACE = "none"


def find_dominant(readings: Sequence[Reading]) -> str:
    """The label that most faces show; of labels with equally many faces, that of the largest face."""
    counts = Counter(reading.smoothed.label for reading in readings)
    likeliest = max(
        readings, key=lambda reading: (counts[reading.smoothed.label], reading.face.box.area), default=None
    )
    return NO_FACE if likeliest is None else likeliest.smoothed.label


def make_state(result: Result, stats: Mapping[str, float], now_s: float, at: str) -> Message:
    """The state of the moment; `at` is the wall clock's time in ISO 8601, `stats` are those of telemetry."""
    problem = find_camera_problem(result, now_s)
    readings = () if problem else result.readings
    return {
        "schema": SCHEMA,
        "at": at,
        "expression": find_dominant(readings),
        "faces": len(readings),
        "camera_problem": problem,
        "fps": stats.get("analysed_fps"),
        "latency_ms": stats.get("latency_p50_ms"),
        "dropped": stats.get("dropped"),
        "temperature_c": stats.get("temperature_c"),
        "throttled": bool(stats.get("throttled")),
    }


class ChangeDetector:
    """Compares each result with the one before.  One thread calls it."""

    def __init__(self) -> None:
        self._labels: dict[int, str] = {}
        self._problem: str | None = None

    def detect(self, result: Result, now_s: float, at: str) -> list[Message]:
        """A message for the camera, and for each track, whose state has changed since the last call."""
        problem = find_camera_problem(result, now_s)
        changes: list[Message] = []
        if problem != self._problem:
            changes.append({"at": at, "kind": "camera", "problem": problem})
        expressions = {
            reading.face.track_id: reading.smoothed
            for reading in (() if problem else result.readings)
            if reading.face.track_id is not None
        }
        changes += self._compare_tracks(expressions, at)
        self._labels = {track: expression.label for track, expression in expressions.items()}
        self._problem = problem
        return changes

    def _compare_tracks(self, expressions: Mapping[int, Expression], at: str) -> list[Message]:
        changed = [
            {
                "at": at,
                "kind": "expression",
                "track": track,
                "expression": expression.label,
                "confidence": round(expression.confidence, 2),
                "before": self._labels.get(track),
            }
            for track, expression in expressions.items()
            if expression.label != self._labels.get(track)
        ]
        left = [
            {"at": at, "kind": "left", "track": track, "before": label}
            for track, label in self._labels.items()
            if track not in expressions
        ]
        return [*changed, *left]
