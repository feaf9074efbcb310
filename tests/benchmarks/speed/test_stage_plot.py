"""The picture of where the time goes, drawn by the real matplotlib."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.arithmetic import Spread
from benchmarks.speed import stage_plot
from benchmarks.speed.stage_timing import Cost, Inference
from edge.errors import ConfigError

BLUE_BGR, GREY_BGR = (0xCB, 0x6B, 0x0B), (0xB1, 0xA5, 0x9A)


def make_cost(wall_ms: float) -> Cost:
    spread = Spread(wall_ms, 0.9 * wall_ms, 1.1 * wall_ms)
    return Cost(spread, spread)


def draw(path: Path, costs: dict[str, float]) -> np.ndarray:
    inferences = {
        Inference(model, threads, faces): make_cost(faces / threads)
        for model in ("fer.int8.onnx", "fer.float.onnx")
        for threads in (1, 2)
        for faces in (1, 2, 4)
    }
    stage_plot.draw_stages(
        {name: make_cost(wall_ms) for name, wall_ms in costs.items()}, inferences, "a title", path
    )
    picture = cv2.imread(str(path))
    assert picture is not None
    return np.asarray(picture)


def count_pixels(picture: np.ndarray, colour_bgr: tuple[int, int, int]) -> int:
    return int((picture == colour_bgr).all(axis=2).sum())


def test_picture_has_bars_and_curves(tmp_path: Path) -> None:
    picture = draw(tmp_path / "stages.png", {"draw": 1.0, "search a whole frame (haar)": 100.0})
    assert picture.shape[0] > 500 and picture.shape[1] > 1000
    # The left half has a bar of each colour, the right half the curves.
    left, right = np.split(picture, [picture.shape[1] // 2], axis=1)
    assert count_pixels(left, BLUE_BGR) > 1000 and count_pixels(left, GREY_BGR) > 1000
    assert count_pixels(right, BLUE_BGR) > 50


def test_stage_that_is_not_for_every_frame_is_grey(tmp_path: Path) -> None:
    picture = draw(tmp_path / "stages.png", {"draw": 1.0, "encode": 2.0})
    assert count_pixels(picture, GREY_BGR) == 0


def test_bar_of_a_longer_time_is_longer(tmp_path: Path) -> None:
    def measure_longest_bar(wall_ms: float) -> int:
        costs = {"search a whole frame (haar)": wall_ms, "draw": 1.0, "encode": 50.0}
        picture = draw(tmp_path / "stages.png", costs)
        return int((picture == GREY_BGR).all(axis=2).sum(axis=1).max())

    assert measure_longest_bar(20.0) > 1.1 * measure_longest_bar(2.0)


def test_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none/stages\.png"):
        draw(tmp_path / "none" / "stages.png", {"draw": 1.0})
