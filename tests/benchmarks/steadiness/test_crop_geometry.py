"""Crops of which it is known where they lie, measured."""

import math

import cv2
import numpy as np
import pytest

from benchmarks.steadiness.crop_geometry import CropSquare, make_ramp_frame, make_ramps, measure_crop
from edge.contracts import Box
from edge.faces import preprocess
from edge.frames import Frame, Image, PixelFormat

WIDTH, HEIGHT, SIDE_PX = 640, 480, 48
FRAME = Frame(np.zeros((HEIGHT, WIDTH), np.uint8), PixelFormat.GREY, WIDTH, HEIGHT, 3, 0.1, 0.1)


def crop_ramps(face: Box, square: Box) -> CropSquare:
    ramps = make_ramps(face)
    crops = [preprocess.crop(make_ramp_frame(ramp, FRAME).grey, square, SIDE_PX, SIDE_PX) for ramp in ramps]
    return measure_crop(ramps, crops, (WIDTH, HEIGHT))


@pytest.mark.parametrize(
    "square",
    [
        Box(200, 150, 110, 110),
        Box(203, 149, 137, 137),
        Box(207, 163, 96, 96),
        Box(240, 180, 48, 48),
        Box(240, 180, 40, 40),  # Enlarged.
    ],
)
def test_square_is_measured_to_a_fraction_of_a_pixel(square: Box) -> None:
    measured = crop_ramps(Box(205, 150, 100, 120), square)
    assert measured.x == pytest.approx(square.left + square.width / 2, abs=0.04)
    assert measured.y == pytest.approx(square.top + square.height / 2, abs=0.04)
    assert measured.side == pytest.approx(square.width, abs=0.1)


@pytest.mark.parametrize(
    "square", [Box(-20, 100, 110, 110), Box(560, 100, 120, 120), Box(300, -30, 120, 120)]
)
def test_what_lies_beyond_the_picture_does_not_count(square: Box) -> None:
    face = Box(square.left + 10, square.top + 10, square.width - 20, square.height - 20)
    measured = crop_ramps(face, square)
    assert measured.x == pytest.approx(square.left + square.width / 2, abs=0.5)
    assert measured.y == pytest.approx(square.top + square.height / 2, abs=0.5)
    assert measured.side == pytest.approx(square.width, abs=0.5)


def test_turned_crop_has_its_centre_and_its_side_measured() -> None:
    x, y, side, angle = 301.3, 222.8, 91.7, math.radians(14)
    step = side / SIDE_PX
    turn = step * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    # The middle of the crop shows (x, y), in coordinates in which a pixel's middle is a whole number.
    start = np.array([x - 0.5, y - 0.5]) - turn @ np.full(2, (SIDE_PX - 1) / 2)
    matrix = np.column_stack([turn, start])

    def warp(picture: Image) -> Image:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(picture, matrix, (SIDE_PX, SIDE_PX), flags=flags), np.uint8)

    ramps = make_ramps(Box(255, 180, 90, 90))
    crops = [warp(make_ramp_frame(ramp, FRAME).grey) for ramp in ramps]
    measured = measure_crop(ramps, crops, (WIDTH, HEIGHT))
    assert measured.x == pytest.approx(x, abs=0.04)
    assert measured.y == pytest.approx(y, abs=0.04)
    assert measured.side == pytest.approx(side, abs=0.1)


def test_ramp_frame_has_the_number_and_time_of_the_frame() -> None:
    frame = make_ramp_frame(make_ramps(Box(100, 100, 50, 50))[0], FRAME)
    assert (frame.width, frame.height, frame.number, frame.elapsed_s) == (WIDTH, HEIGHT, 3, 0.1)
    assert frame.grey.shape == (HEIGHT, WIDTH)
