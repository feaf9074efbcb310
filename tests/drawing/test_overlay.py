"""What is drawn, where, and whether it can be read."""

import numpy as np
import pytest

from edge.contracts import Box, Expression, Face, Reading
from edge.drawing import overlay
from edge.frames import Image
from tests.results import reading_of, result_of

WHITE = np.full((480, 640, 3), 255, np.uint8)
BLACK = np.zeros((480, 640, 3), np.uint8)
NOISE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
BACKGROUNDS = pytest.mark.parametrize("background", [WHITE, BLACK, NOISE], ids=["white", "black", "noise"])

FACE = Box(100, 100, 120, 120)


def find_changes(before: Image, after: Image) -> Image:
    return np.asarray((before != after).any(axis=2), np.uint8)


@BACKGROUNDS
def test_box_is_drawn_around_the_face_and_not_over_it(background: Image) -> None:
    marks = find_changes(background, overlay.draw(result_of(background, reading_of(FACE)), corner=""))
    assert marks[FACE.top - 1 : FACE.top + 2, FACE.left : FACE.right].mean() > 0.9
    assert marks[FACE.top : FACE.bottom, FACE.left - 1 : FACE.left + 2].mean() > 0.9
    assert not marks[FACE.top + 5 : FACE.bottom - 5, FACE.left + 5 : FACE.right - 5].any()


def test_frame_itself_stays_as_it_is() -> None:
    result = result_of(WHITE.copy(), reading_of(FACE))
    overlay.draw(result, corner="30 FPS")
    np.testing.assert_array_equal(result.frame.bgr, WHITE)


def compute_luminance(colours: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Relative luminance of BGR, as WCAG 2 defines it."""
    linear = ((colours / 255 + 0.055) / 1.055) ** 2.4
    return np.asarray(linear @ np.array([0.0722, 0.7152, 0.2126]))


@BACKGROUNDS
@pytest.mark.parametrize("track_id", range(len(overlay.PALETTE)))
@pytest.mark.parametrize("probability", [0.9, 0.15])
def test_text_stands_out_from_its_plate(background: Image, track_id: int, probability: float) -> None:
    reading = reading_of(FACE, track_id, probability=probability)
    image = overlay.draw(result_of(background, reading), corner="")
    title = image[FACE.top + 3 : FACE.top + 18, FACE.right + 6 : FACE.right + 80]
    levels = compute_luminance(title.reshape(-1, 3))
    contrast = (levels.max() + 0.05) / (np.median(levels) + 0.05)
    # WCAG 2.1's least contrast for large text.
    assert contrast >= 3


@pytest.mark.parametrize(
    "box",
    [
        Box(0, 0, 100, 100),
        Box(540, 0, 100, 100),
        Box(0, 380, 100, 100),
        Box(540, 380, 100, 100),
        Box(0, 0, 640, 480),
    ],
)
def test_plate_stays_within_the_picture_at_every_border(box: Box) -> None:
    image = overlay.draw(result_of(WHITE, reading_of(box)), corner="")
    assert image.shape == WHITE.shape
    dark = (image.max(axis=2) < 90).sum()
    assert dark > 0.4 * 132 * overlay.measure_plate_height_px(reading_of(box).smoothed)


def test_plates_avoid_the_neighbours_face() -> None:
    left, right = Box(100, 100, 120, 120), Box(230, 100, 120, 120)
    image = overlay.draw(result_of(WHITE, reading_of(left, 1), reading_of(right, 2)), corner="")
    for face in (left, right):
        assert not find_changes(WHITE, image)[
            face.top + 5 : face.bottom - 5, face.left + 5 : face.right - 5
        ].any()


def test_plates_avoid_each_other() -> None:
    # There is no room right of the second face, and left of it is the plate of the first.
    first, second = reading_of(Box(150, 100, 100, 100), 1), reading_of(Box(520, 120, 110, 110), 2)
    alone, both = (
        overlay.draw(result_of(WHITE, *readings), corner="") for readings in ((first,), (first, second))
    )
    plate = np.s_[100 : 100 + overlay.measure_plate_height_px(first.smoothed), 254 : 254 + 132]
    np.testing.assert_array_equal(both[plate], alone[plate])


def test_long_label_stays_on_its_plate_with_its_probability() -> None:
    labels = ("a label that is far too long", "Überraschung und mehr")
    expression = Expression(np.array([0.8, 0.2], np.float32), labels)
    image = overlay.draw(
        result_of(BLACK, Reading(Face(FACE, 1.0, track_id=1), expression, expression)), corner=""
    )
    right = FACE.right + 4 + 132
    assert not find_changes(BLACK, image)[:, right:].any()
    percent = image[FACE.top : FACE.top + 20, right - 40 : right]
    assert percent.max() > 200


def test_track_keeps_its_colour_wherever_it_is() -> None:
    pixels = [
        tuple(overlay.draw(result_of(BLACK, reading_of(box, 3)), corner="")[box.top, box.left + 20])
        for box in (FACE, Box(300, 200, 80, 80))
    ]
    assert pixels[0] == pixels[1]


def test_uncertain_looks_different_from_every_track() -> None:
    certain = overlay.draw(result_of(BLACK, reading_of(FACE, probability=0.9)), corner="")
    doubtful = overlay.draw(result_of(BLACK, reading_of(FACE, probability=0.15)), corner="")
    title, bars = (
        np.s_[FACE.top : FACE.top + 18, FACE.right + 8 : FACE.right + 130],
        np.s_[FACE.top + 20 : FACE.top + 115],
    )
    assert certain[title].max() > doubtful[title].max() + 80
    colourful = [
        np.ptp(image[bars][:, FACE.right + 8 :].astype(int), axis=2).max() for image in (certain, doubtful)
    ]
    assert colourful[0] > 40 > colourful[1]


def test_bar_is_as_long_as_its_probability() -> None:
    def bar_px(probability: float) -> int:
        image = overlay.draw(result_of(BLACK, reading_of(FACE, probability=probability)), corner="")
        row = FACE.top + 20 + 13 * 3 + 6
        return int((image[row, FACE.right + 4 + 66 : FACE.right + 4 + 132].max(axis=1) > 200).sum())

    assert bar_px(1.0) > 1.8 * bar_px(0.5) > 0


def test_twenty_faces_in_a_small_picture_are_drawn() -> None:
    small = np.full((48, 64, 3), 128, np.uint8)
    readings = [reading_of(Box(2 * number, number, 12, 12), number) for number in range(20)]
    assert overlay.draw(result_of(small, *readings), corner="30 FPS").shape == small.shape


def test_corner_shows_its_text_and_nothing_else_changes() -> None:
    marks = find_changes(WHITE, overlay.draw(result_of(WHITE), corner="30.0 FPS  12 ms"))
    assert marks[:20, :100].mean() > 0.6
    assert not marks[25:].any()
