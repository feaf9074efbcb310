"""Conditions on plain pictures."""

import numpy as np
import pytest

from benchmarks.recall.conditions import CONDITIONS, NOISE, add_noise, blur, darken, leave_plain

GREY = np.full((120, 160, 3), 128, np.uint8)


def test_plain_picture_is_as_it_was() -> None:
    assert leave_plain(GREY, 24.0, 0) is GREY


def test_dark_picture_has_little_light() -> None:
    levels = np.array([[[0, 128, 255]]], np.uint8)
    assert darken(levels, 24.0, 0).ravel().tolist() == [0, round(127.5 * (128 / 255) ** 2.2), 128]


def test_noise_has_its_strength_and_depends_on_the_seed_alone() -> None:
    noisy = add_noise(GREY, 24.0, 1)
    assert noisy.std() == pytest.approx(NOISE, rel=0.05)
    assert (noisy[..., 0] != noisy[..., 1]).any()
    np.testing.assert_array_equal(add_noise(GREY, 24.0, 1), noisy)
    assert (add_noise(GREY, 24.0, 2) != noisy).any()


def test_blur_grows_with_the_face() -> None:
    edge = np.zeros((40, 80, 3), np.uint8)
    edge[:, 40:] = 200
    small, large = (blur(edge, face_px, 0)[20, :, 0].astype(int) for face_px in (24.0, 96.0))
    assert np.diff(small).max() > 2 * np.diff(large).max()
    assert small[0] == large[0] == 0 and small[-1] == large[-1] == 200


@pytest.mark.parametrize("name", CONDITIONS)
def test_picture_keeps_its_form(name: str) -> None:
    picture = CONDITIONS[name](GREY, 36.0, 0)
    assert picture.shape == GREY.shape
    assert picture.dtype == np.uint8
