"""States and events of scripted results."""

from dataclasses import replace
from typing import Any

import numpy as np

from edge.contracts import Box, Reading, Result
from edge.mqtt.events import NOBODY, STALE_AFTER_S, Changes, dominant, state
from tests.results import reading_of, result_of

SMALL, LARGE = Box(0, 0, 10, 10), Box(0, 0, 20, 20)
AT = "2026-11-25T12:00:00.000+00:00"


def result(*readings: Reading, notice: str | None = None) -> Result:
    made = result_of(np.zeros((48, 64, 3), np.uint8), *readings, captured_at_s=100.0)
    return replace(made, frame=replace(made.frame, notice=notice))


def told(changes: Changes, shown: Result, now_s: float = 100.0) -> list[tuple[Any, ...]]:
    return [
        tuple(event[key] for key in ("kind", "track", "expression", "before", "problem") if key in event)
        for event in changes.since_last(shown, now_s, AT)
    ]


def test_dominant_is_what_most_faces_show_and_of_equals_the_largest() -> None:
    happy, sad, larger = reading_of(SMALL, 1), reading_of(SMALL, 2, "sad"), reading_of(LARGE, 3, "sad")
    assert dominant([]) == NOBODY
    assert dominant([happy, larger]) == "sad"
    assert dominant([happy, reading_of(SMALL, 4), larger]) == "happy"
    assert dominant([sad, larger, reading_of(LARGE, 4)]) == "sad"
    assert dominant([reading_of(SMALL, 1, "happy", 0.16)]) == "uncertain"


def test_a_face_that_comes_changes_and_goes_is_three_events() -> None:
    changes = Changes()
    assert told(changes, result()) == []
    assert told(changes, result(reading_of(SMALL, 3))) == [("expression", 3, "happy", None)]
    assert told(changes, result(reading_of(LARGE, 3, probability=0.9))) == []
    assert told(changes, result(reading_of(SMALL, 3, "sad"))) == [("expression", 3, "sad", "happy")]
    assert told(changes, result(reading_of(SMALL, 4, "sad"))) == [
        ("expression", 4, "sad", None),
        ("left", 3, "sad"),
    ]
    assert told(changes, result()) == [("left", 4, "sad")]


def test_a_camera_that_goes_and_comes_back_is_told_with_its_faces() -> None:
    changes = Changes()
    told(changes, result(reading_of(SMALL, 3)))
    away = result(notice="no camera: unplugged")
    assert told(changes, away) == [("camera", "no camera: unplugged"), ("left", 3, "happy")]
    assert told(changes, away) == []
    assert told(changes, result(reading_of(SMALL, 4))) == [("camera", None), ("expression", 4, "happy", None)]


def test_a_line_that_stands_still_is_a_problem_whatever_the_camera_says() -> None:
    changes = Changes()
    told(changes, result(reading_of(SMALL, 3)))
    late_s = 100.0 + STALE_AFTER_S + 0.1
    assert told(changes, result(reading_of(SMALL, 3)), late_s)[0] == ("camera", "no frame for 5 s")
    assert state(result(reading_of(SMALL, 3)), {}, late_s, AT)["faces"] == 0


def test_state_says_what_the_machine_knows_and_null_where_it_does_not() -> None:
    figures = {"analysed_fps": 29.9, "latency_p50_ms": 11.8, "dropped": 3.0, "throttled": 1.0}
    assert state(result(reading_of(SMALL), reading_of(LARGE, 2, "sad")), figures, 100.0, AT) == {
        "schema": 1,
        "at": AT,
        "expression": "sad",
        "faces": 2,
        "camera_problem": None,
        "fps": 29.9,
        "latency_ms": 11.8,
        "dropped": 3.0,
        "temperature_c": None,
        "throttled": True,
    }
    assert state(result(notice="gone"), {}, 100.0, AT)["camera_problem"] == "gone"
