"""From a box to the model's input."""

import cv2
import numpy as np
import pytest

from edge.contracts import Box, Square
from edge.faces import preprocess
from edge.faces.metadata import Framing, Metadata
from edge.frames import Frame, PixelFormat

GRADIENT = np.add.outer(np.arange(100), np.arange(120)).astype(np.uint8)
GRADIENT_FRAME = Frame(GRADIENT, PixelFormat.GREY, 120, 100, 0, 0.0, 0.0)


def jpeg_frame() -> Frame:
    jpeg = np.asarray(cv2.imencode(".jpg", GRADIENT, (cv2.IMWRITE_JPEG_QUALITY, 100))[1], np.uint8).reshape(
        -1
    )
    return Frame(jpeg, PixelFormat.MJPG, 120, 100, 0, 0.0, 0.0)


def test_framing_widens_around_the_shifted_centre() -> None:
    square = preprocess.make_square(Box(100, 50, 40, 60), Framing(scale=1.2, shift_down=0.1))
    assert (square.width, square.height) == (60, 60)
    assert (square.left + 30, square.top + 30) == (120, 85)


def test_framing_of_one_and_no_shift_keeps_a_square_box() -> None:
    assert preprocess.make_square(Box(7, 9, 48, 48), Framing(scale=1, shift_down=0)) == Box(7, 9, 48, 48)


def test_crop_of_the_models_size_is_the_pixels_themselves() -> None:
    np.testing.assert_array_equal(
        preprocess.crop(GRADIENT, Box(10, 20, 48, 48), 48, 48), GRADIENT[20:68, 10:58]
    )


def test_crop_beyond_the_picture_repeats_the_border() -> None:
    crop = preprocess.crop(GRADIENT, Box(-10, -5, 48, 48), 48, 48)
    np.testing.assert_array_equal(crop[5:, 10:], GRADIENT[:43, :38])
    assert (crop[:5, 10:] == GRADIENT[0, :38]).all()
    assert (crop[5:, :10] == GRADIENT[:43, :1]).all()


def test_crop_outside_the_picture_is_an_error() -> None:
    with pytest.raises(ValueError, match="lies outside"):
        preprocess.crop(GRADIENT, Box(200, 10, 48, 48), 48, 48)


@pytest.mark.parametrize("side", [20, 48, 90])
def test_crop_has_the_models_size_and_keeps_the_mean(side: int) -> None:
    crop = preprocess.crop(GRADIENT, Box(5, 5, side, side), 48, 48)
    assert crop.shape == (48, 48) and crop.dtype == np.uint8
    assert abs(float(crop.mean()) - float(GRADIENT[5 : 5 + side, 5 : 5 + side].mean())) < 1


def test_exact_crop_of_whole_pixels_is_nearly_the_pixels_themselves() -> None:
    crop = preprocess.crop_exactly(GRADIENT, Square(34.0, 44.0, 48.0), 48, 48)
    assert np.abs(crop.astype(int) - GRADIENT[20:68, 10:58]).max() <= 1


@pytest.mark.parametrize("side_px", [20.0, 33.3, 47.3, 70.6])
def test_exact_crop_follows_fractions_of_a_pixel(side_px: float) -> None:
    """On a slope of one grey level a pixel, a shift by half a pixel is half a level in the mean."""

    def mean_at(x: float, y: float) -> float:
        return float(preprocess.crop_exactly(GRADIENT, Square(x, y, side_px), 48, 48).mean())

    # The slope is the sum of row and column, counted from the middles of pixels.
    for shift in (0.0, 0.25, 0.5, 0.8):
        assert mean_at(55 + shift, 50) == pytest.approx(55 + shift + 50 - 1, abs=0.15)
        assert mean_at(55, 50 + shift) == pytest.approx(55 + shift + 50 - 1, abs=0.15)


def test_exact_crop_shows_the_whole_square_and_no_more() -> None:
    crop = preprocess.crop_exactly(GRADIENT, Square(55.25, 50.5, 90.0), 48, 48).astype(float)
    step = 90 / 48
    np.testing.assert_allclose(np.diff(crop, axis=1), step, atol=1.01)
    assert crop[0, 0] == pytest.approx(55.25 - 45 + 50.5 - 45 + step - 1, abs=1)
    assert crop[-1, -1] == pytest.approx(55.25 + 45 + 50.5 + 45 - step - 1, abs=1)


def test_exact_crop_beyond_the_picture_repeats_the_border() -> None:
    crop = preprocess.crop_exactly(GRADIENT, Square(0.0, 50.0, 48.0), 48, 48)
    assert (crop[:, :20] == crop[:, :1]).all() and (np.diff(crop[:, 30:].astype(int)) > 0).all()


def test_exact_framing_is_that_of_whole_pixels() -> None:
    framing = Framing(scale=1.2, shift_down=0.1)
    assert preprocess.frame_square(Square(120.0, 80.0, 50.0), framing) == Square(120.0, 85.0, 60.0)


def test_input_is_scaled_as_the_metadata_says() -> None:
    metadata = Metadata(
        labels=("a", "b"), height=48, width=48, scale=1 / 127.5, offset=-1.0, framing={}, precision="float32"
    )
    batch = preprocess.make_batch([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)], metadata)
    assert batch.shape == (2, 48, 48, 1) and batch.dtype == np.float32
    assert batch[0].max() == -1 and batch[1].min() == pytest.approx(1)


def test_temperature_divides_the_logits() -> None:
    logits = np.array([[2.0, 0.5, -1.0]])
    softmax = np.exp(logits) / np.exp(logits).sum()
    softer = np.exp(logits / 3) / np.exp(logits / 3).sum()
    np.testing.assert_allclose(preprocess.calibrate(softmax.astype(np.float32), 3.0), softer, rtol=1e-5)


def test_searched_region_is_brought_to_the_size_wanted() -> None:
    picture = preprocess.crop_for_search(GRADIENT_FRAME, Box(20, 10, 80, 60), 40, 30)
    assert picture.shape == (30, 40)
    assert abs(float(picture.mean()) - float(GRADIENT[10:70, 20:100].mean())) < 1


def test_region_of_the_size_wanted_is_not_copied() -> None:
    picture = preprocess.crop_for_search(GRADIENT_FRAME, Box(20, 10, 80, 60), 80, 60)
    assert np.shares_memory(picture, GRADIENT)


@pytest.mark.parametrize("region", [Box(20, 10, 80, 60), Box(21, 11, 79, 59), Box(0, 0, 120, 100)])
def test_jpeg_is_decoded_at_half_its_size_where_that_is_enough(region: Box) -> None:
    frame = jpeg_frame()
    picture = preprocess.crop_for_search(frame, region, 30, 25)
    assert frame._grey is None and picture.shape == (25, 30)
    exact = preprocess.crop_for_search(GRADIENT_FRAME, region, 30, 25)
    assert np.abs(picture.astype(int) - exact).max() <= 4


def test_jpeg_is_decoded_whole_where_it_is_or_has_to_be() -> None:
    frame = jpeg_frame()
    preprocess.crop_for_search(frame, Box(20, 10, 80, 60), 41, 31)
    assert frame._grey is not None
    preprocess.crop_for_search(frame, Box(20, 10, 80, 60), 20, 15)
    assert frame._half_grey is None


def test_blur_reduces_the_sharpness_and_a_uniform_picture_has_a_sharpness_of_0() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (48, 48), np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(noise, (5, 5), 0), np.uint8)
    assert preprocess.measure_sharpness(noise) > 4 * preprocess.measure_sharpness(blurred) > 0
    assert preprocess.measure_sharpness(np.full((48, 48), 7, np.uint8)) == 0


def test_difference_is_measured_where_it_counts() -> None:
    counts = np.zeros(GRADIENT.shape, np.uint8)
    assert preprocess.measure_difference(GRADIENT, GRADIENT + 5, counts) == (0.0, 0.0)
    counts[10:20, 30:50] = 1
    other = GRADIENT.copy()
    other[0, 0] += 90
    other[10:20, 30:40] += 8
    assert preprocess.measure_difference(GRADIENT, other, counts) == (4.0, 8.0)
