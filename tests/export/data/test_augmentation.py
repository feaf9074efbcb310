"""New views of a crop: within their bounds, and each in the way that its name says."""

import numpy as np
import pytest

from export.data import augmentation
from tests.export.conftest import make_toy_split

IMAGE = make_toy_split(1, 0).images[3]


def test_augmented_view_keeps_shape_and_differs_from_view_to_view() -> None:
    random = np.random.default_rng(0)
    views = [augmentation.augment(IMAGE, random) for _ in range(50)]
    assert all(view.shape == (48, 48) and view.dtype == np.uint8 for view in views)
    assert len({view.tobytes() for view in views}) == len(views)


def test_same_randomness_gives_the_same_views() -> None:
    first, again = (
        [augmentation.augment(IMAGE, random, 0.5) for _ in range(20)]
        for random in (np.random.default_rng(7), np.random.default_rng(7))
    )
    np.testing.assert_array_equal(first, again)


def test_share_of_the_views_has_a_rectangle_painted_over(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = []
    monkeypatch.setattr(augmentation, "erase", lambda image, random: painted.append(1))
    random = np.random.default_rng(0)
    for _ in range(200):
        augmentation.augment(IMAGE, random, 0.5)
    assert 70 < len(painted) < 130


def test_rectangle_stays_within_its_image() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        image = np.full((48, 48), 7, np.uint8)
        augmentation.erase(image, random)
        assert (image == 7).mean() > 0.7
    image = np.full((48, 48), 7, np.uint8)
    for _ in range(20):
        augmentation.erase(image, random)
    assert (image != 7).mean() > 0.3


def test_shift_has_the_given_direction_and_pixels() -> None:
    np.testing.assert_array_equal(augmentation.warp(IMAGE, right_px=4)[:, 4:], IMAGE[:, :-4])
    np.testing.assert_array_equal(augmentation.warp(IMAGE, down_px=-3)[:-3], IMAGE[3:])


def test_zoom_keeps_the_centre_and_turn_is_counter_clockwise() -> None:
    dot = np.zeros((49, 49), np.uint8)
    dot[24, 40] = 255
    row, column = np.unravel_index(augmentation.warp(dot, zoom=0.5).argmax(), dot.shape)
    assert (int(row), int(column)) == (24, 32)
    row, column = np.unravel_index(augmentation.warp(dot, turn_deg=90).argmax(), dot.shape)
    assert (int(row), int(column)) == (8, 24)


def test_gamma_darkens_above_one_and_contrast_turns_around_the_middle_grey() -> None:
    ramp = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (48, 1))
    assert (augmentation.change_light(ramp, 2)[:, 1:] < ramp[:, 1:]).all() and (
        augmentation.change_light(ramp, 0.5)[:, 1:] > ramp[:, 1:]
    ).all()
    flat = np.full((4, 4), 128, np.uint8)
    np.testing.assert_array_equal(augmentation.change_light(flat, 1, 0.5), flat)
    np.testing.assert_array_equal(augmentation.change_light(flat, 1, 1, 10), flat + 10)


def test_blur_compression_and_enlargement_take_detail_away() -> None:
    def detail(image: np.ndarray) -> float:
        return float(np.abs(np.diff(image.astype(int))).mean())

    for worse in (
        augmentation.blur(IMAGE, 1),
        augmentation.compress_jpeg(IMAGE, 10),
        augmentation.reduce_detail(IMAGE, 24),
    ):
        assert worse.shape == IMAGE.shape and detail(worse) < detail(IMAGE)
