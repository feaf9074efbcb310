"""The states and the changes of scripted results."""

from dataclasses import replace
from typing import Any

import numpy as np

from edge.contracts import Box, Reading, Result
from edge.liveness import STALE_RESULT_S
from edge.mqtt.state_changes import NO_FACE, ChangeDetector, find_dominant, make_state
from tests.results import reading_of, result_of

SMALL, LARGE = Box(0, 0, 10, 10), Box(0, 0, 20, 20)
AT = "2026-11-25T12:00:00.000+00:00"


def make_result(*readings: Reading, notice: str | None = None) -> Result:
    made = result_of(np.zeros((48, 64, 3), np.uint8), *readings, captured_at_s=100.0)
    return replace(made, frame=replace(made.frame, notice=notice))


def detect(detector: ChangeDetector, shown: Result, now_s: float = 100.0) -> list[tuple[Any, ...]]:
    return [
        tuple(change[key] for key in ("kind", "track", "expression", "before", "problem") if key in change)
        for change in detector.detect(shown, now_s, AT)
    ]


def test_dominant_label_is_that_of_most_faces_and_of_equals_that_of_the_largest() -> None:
    happy, sad, larger = reading_of(SMALL, 1), reading_of(SMALL, 2, "sad"), reading_of(LARGE, 3, "sad")
    assert find_dominant([]) == NO_FACE
    assert find_dominant([happy, larger]) == "sad"
    assert find_dominant([happy, reading_of(SMALL, 4), larger]) == "happy"
    assert find_dominant([sad, larger, reading_of(LARGE, 4)]) == "sad"
    assert find_dominant([reading_of(SMALL, 1, "happy", 0.16)]) == "uncertain"


def test_face_that_comes_changes_and_goes_is_three_changes() -> None:
    detector = ChangeDetector()
    assert detect(detector, make_result()) == []
    assert detect(detector, make_result(reading_of(SMALL, 3))) == [("expression", 3, "happy", None)]
    assert detect(detector, make_result(reading_of(LARGE, 3, probability=0.9))) == []
    assert detect(detector, make_result(reading_of(SMALL, 3, "sad"))) == [("expression", 3, "sad", "happy")]
    assert detect(detector, make_result(reading_of(SMALL, 4, "sad"))) == [
        ("expression", 4, "sad", None),
        ("left", 3, "sad"),
    ]
    assert detect(detector, make_result()) == [("left", 4, "sad")]


def test_camera_that_goes_and_comes_back_is_a_change_and_so_are_its_faces() -> None:
    detector = ChangeDetector()
    detect(detector, make_result(reading_of(SMALL, 3)))
    away = make_result(notice="no camera: unplugged")
    assert detect(detector, away) == [("camera", "no camera: unplugged"), ("left", 3, "happy")]
    assert detect(detector, away) == []
    assert detect(detector, make_result(reading_of(SMALL, 4))) == [
        ("camera", None),
        ("expression", 4, "happy", None),
    ]


def test_pipeline_that_stands_still_is_a_camera_problem() -> None:
    detector = ChangeDetector()
    detect(detector, make_result(reading_of(SMALL, 3)))
    late_s = 100.0 + STALE_RESULT_S + 0.1
    assert detect(detector, make_result(reading_of(SMALL, 3)), late_s)[0] == ("camera", "no frame for 5 s")
    assert make_state(make_result(reading_of(SMALL, 3)), {}, late_s, AT)["faces"] == 0


def test_state_has_null_for_what_the_machine_does_not_know() -> None:
    stats = {"analysed_fps": 29.9, "latency_p50_ms": 11.8, "dropped": 3.0, "throttled": 1.0}
    assert make_state(make_result(reading_of(SMALL), reading_of(LARGE, 2, "sad")), stats, 100.0, AT) == {
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
    assert make_state(make_result(notice="gone"), {}, 100.0, AT)["camera_problem"] == "gone"
