"""Calls of real libraries, timed."""

import cv2
import numpy as np
import onnxruntime as ort

from benchmarks.passes.library_timing import CallTimer, measure_timer_s, time_libraries
from edge.models import locate_classifier


def test_calls_of_libraries_are_timed_and_then_left_alone() -> None:
    resize, cascade, session = cv2.resize, cv2.CascadeClassifier, ort.InferenceSession
    with time_libraries() as timer:
        small = cv2.resize(np.zeros((8, 8), np.uint8), (4, 4))
    assert small.shape == (4, 4)
    assert len(timer.times_s["resize"]) == 1
    assert (cv2.resize, cv2.CascadeClassifier, ort.InferenceSession) == (resize, cascade, session)
    timer.clear()
    assert not timer.times_s["resize"]
    assert measure_timer_s() < 1e-3


def test_calls_of_a_session_are_timed_by_the_name_of_what_it_runs() -> None:
    with time_libraries() as timer:
        session = ort.InferenceSession(str(locate_classifier()), providers=["CPUExecutionProvider"])
        shape = [side if isinstance(side, int) else 1 for side in session.get_inputs()[0].shape]
        session.run(None, {session.get_inputs()[0].name: np.zeros(shape, np.float32)})
    assert len(timer.times_s["classifier.run"]) == 1


def test_time_of_a_call_is_that_of_its_own_thread_at_work() -> None:
    timer = CallTimer()
    add_up = timer.wrap_function("add up", sum)
    assert add_up(range(1_000_000)) == 499_999_500_000
    rest = timer.wrap_object("text", "a text")
    assert rest.upper() == "A TEXT" and rest.upper() == "A TEXT"
    assert timer.times_s["add up"][0] > max(timer.times_s["text.upper"])
    assert len(timer.times_s["text.upper"]) == 2
