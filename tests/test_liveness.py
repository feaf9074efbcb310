"""Whether pictures still come, by the newest result."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edge.contracts import Result
from edge.liveness import STALE_PICTURE_S, STALE_RESULT_S, find_camera_problem, find_picture_problem
from tests.conftest import ROOT
from tests.results import result_of

# Captured at 100 s, analysed half a second later.
RESULT = replace(result_of(np.zeros((48, 64, 3), np.uint8), captured_at_s=100.0), inferred_at_s=100.5)


def test_before_the_first_result_there_is_no_picture() -> None:
    assert find_picture_problem(None, 0.0) == "no frame has been analysed yet"


@pytest.mark.parametrize("find", [find_picture_problem, find_camera_problem])
def test_notice_is_the_problem(find: Callable[[Result, float], str | None]) -> None:
    frame = replace(RESULT.frame, notice="no camera: unplugged")
    assert find(Result(frame, (), 100.0, 100.5), 100.5) == "no camera: unplugged"


def test_picture_is_stale_by_the_time_of_its_capture() -> None:
    assert find_picture_problem(RESULT, 100.0 + STALE_PICTURE_S) is None
    assert find_picture_problem(RESULT, 100.1 + STALE_PICTURE_S) == "the newest frame is 3.1 s old"


def test_result_is_stale_by_the_time_of_its_analysis() -> None:
    assert find_camera_problem(RESULT, 100.5 + STALE_RESULT_S) is None
    assert find_camera_problem(RESULT, 100.6 + STALE_RESULT_S) == "no frame for 5 s"


def test_page_and_server_call_a_picture_stale_at_the_same_age() -> None:
    page = (ROOT / "edge/web/static/page.js").read_text()
    [limit_ms] = re.findall(r"^const STALE_PICTURE_MS = (\d+);$", page, re.MULTILINE)
    assert int(limit_ms) == STALE_PICTURE_S * 1000
