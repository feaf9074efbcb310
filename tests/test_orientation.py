"""The eight orientations of a picture, against NumPy and OpenCV's own reader of EXIF."""

from itertools import product

import cv2
import numpy as np
import pytest

from edge.frames import Image
from edge.orientation import BY_EXIF, FLIPPED, MIRRORED, UPRIGHT, Orientation, compose
from tests.exif import add_exif

EIGHT = [Orientation(degrees, is_mirrored) for degrees in (0, 90, 180, 270) for is_mirrored in (False, True)]
PICTURE = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3)


def turn_with_numpy(picture: Image, orientation: Orientation) -> Image:
    turned = np.rot90(picture, -(orientation.degrees // 90))
    return turned[:, ::-1] if orientation.is_mirrored else turned


@pytest.mark.parametrize("orientation", EIGHT, ids=str)
@pytest.mark.parametrize("picture", [PICTURE, PICTURE[:, :, 0], PICTURE[1:, :3]], ids=["bgr", "grey", "view"])
def test_picture_is_turned_clockwise_and_then_mirrored(orientation: Orientation, picture: Image) -> None:
    turned = orientation.apply(picture)
    np.testing.assert_array_equal(turned, turn_with_numpy(picture, orientation))
    assert (turned.shape[:2] != picture.shape[:2]) == orientation.swaps_sides


@pytest.mark.parametrize(("first", "second"), list(product(EIGHT, EIGHT)), ids=str)
def test_two_orientations_are_one(first: Orientation, second: Orientation) -> None:
    both = second.apply(first.apply(PICTURE))
    np.testing.assert_array_equal(first.then(second).apply(PICTURE), both)


def test_upright_picture_is_not_copied() -> None:
    assert UPRIGHT.apply(PICTURE) is PICTURE


def test_flip_changes_top_and_bottom_and_mirror_left_and_right() -> None:
    np.testing.assert_array_equal(FLIPPED.apply(PICTURE), PICTURE[::-1])
    np.testing.assert_array_equal(MIRRORED.apply(PICTURE), PICTURE[:, ::-1])


def test_settings_turn_first_then_flip_then_mirror() -> None:
    turned = np.rot90(PICTURE, -1)
    both = compose(90, is_flipped=True, is_mirrored=True)
    np.testing.assert_array_equal(both.apply(PICTURE), turned[::-1, ::-1])
    np.testing.assert_array_equal(
        compose(90, is_flipped=False, is_mirrored=True).apply(PICTURE), turned[:, ::-1]
    )


@pytest.mark.parametrize("tag", BY_EXIF)
def test_orientations_of_exif_are_those_of_opencv(tag: int) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (48, 64), np.uint8)
    jpeg = add_exif(np.asarray(cv2.imencode(".jpg", picture)[1], np.uint8).tobytes(), tag)
    encoded = np.frombuffer(jpeg, np.uint8)
    stored = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION), np.uint8)
    seen = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(BY_EXIF[tag].apply(stored), seen)
