"""Which parts are searched: those that changed beyond the camera's noise, and every part once in a while."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge.contracts import Box, Search
from edge.faces.changes import SLOW_CYCLE_S, ChangeWatch
from edge.frames import Frame, Image, PixelFormat

FPS, WIDTH, HEIGHT = 20, 640, 360
LEFT, RIGHT = Search(Box(0, 0, 330, HEIGHT), 48, 200), Search(Box(310, 0, 330, HEIGHT), 48, 200)


def make_wall(seed: int = 0) -> Image:
    spots = np.random.default_rng(seed).integers(60, 190, (HEIGHT // 8, WIDTH // 8), np.uint8)
    return np.kron(spots, np.ones((8, 8), np.uint8))


def make_frame(picture: Image, number: int, noise: float = 0.0) -> Frame:
    noisy = picture + np.random.default_rng(number).normal(0, noise, picture.shape)
    grey = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return Frame(grey, PixelFormat.GREY, WIDTH, HEIGHT, number, 0.0, number / FPS)


def search(pictures: Sequence[Image], *, noise: float = 0.0, known: Sequence[Box] = ()) -> list[set[Search]]:
    """The parts that are searched in each frame."""
    watch = ChangeWatch()
    frames = [make_frame(picture, number, noise) for number, picture in enumerate(pictures)]
    return [{part for part in (LEFT, RIGHT) if watch.needs_search(part, frame, known)} for frame in frames]


def paint(picture: Image, box: Box, grey: int) -> Image:
    painted = picture.copy()
    painted[box.top : box.bottom, box.left : box.right] = grey
    return painted


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0, 12.0])
def test_still_picture_is_searched_at_first_and_then_slowly_whatever_its_noise(noise: float) -> None:
    searches = search([make_wall()] * 40, noise=noise)
    assert searches[0] == {LEFT, RIGHT}
    slowly = round(SLOW_CYCLE_S * FPS)
    assert [number for number, parts in enumerate(searches) if parts] == [0, slowly, 2 * slowly]


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0])
def test_part_in_which_something_comes_is_searched_at_once_and_the_others_are_not(noise: float) -> None:
    wall = make_wall()
    searches = search([*[wall] * 10, paint(wall, Box(500, 100, 24, 24), 230)], noise=noise)
    assert searches[-1] == {RIGHT}


def test_slow_change_is_noticed_when_it_has_become_large() -> None:
    wall = make_wall() // 2
    searches = search([*[paint(wall, Box(60, 60, 80, 80), 100 + step) for step in range(12)]])
    assert any(LEFT in parts for parts in searches[1:]) and not any(RIGHT in parts for parts in searches[1:])


def test_movement_of_a_known_face_alone_is_no_reason_to_search() -> None:
    wall = make_wall()
    faces = [Box(100 + 4 * step, 100, 60, 60) for step in range(10)]
    watch = ChangeWatch()
    for step, face in enumerate(faces):
        frame = make_frame(paint(wall, face, 230), step, 2.0)
        assert watch.needs_search(LEFT, frame, [face]) == (step == 0)


def test_face_that_fills_its_part_leaves_the_noise_as_it_is() -> None:
    """Otherwise the few cells around it would seem to change all the time."""
    watch, wall = ChangeWatch(), make_wall()
    searched = [
        watch.needs_search(LEFT, make_frame(wall, step, 6.0), [Box(0, 60, 330, 300)]) for step in range(40)
    ]
    assert sum(searched) == 3


def test_face_that_hides_its_whole_part_is_no_error() -> None:
    watch = ChangeWatch()
    searched = [
        watch.needs_search(LEFT, make_frame(make_wall(step), step), [LEFT.region]) for step in range(5)
    ]
    assert searched == [True, False, False, False, False]


def test_face_that_is_no_longer_known_is_a_change() -> None:
    wall, face = make_wall(), Box(100, 100, 60, 60)
    watch = ChangeWatch()
    assert watch.needs_search(LEFT, make_frame(paint(wall, face, 230), 0), [face])
    assert not watch.needs_search(LEFT, make_frame(paint(wall, face, 230), 1), [face])
    # It turned away, and something else than at the last search is in its place.
    assert not watch.needs_search(LEFT, make_frame(paint(wall, face, 120), 2), [])
    assert watch.needs_search(LEFT, make_frame(paint(wall, Box(100, 100, 60, 130), 120), 3), [])


def test_panning_camera_has_every_part_searched_in_every_frame() -> None:
    wall = make_wall()
    searches = search([np.roll(wall, 8 * step, axis=1) for step in range(60)], noise=2.0)
    assert all(parts == {LEFT, RIGHT} for parts in searches)


def test_noise_that_begins_at_night_is_learnt_within_seconds() -> None:
    watch = ChangeWatch()
    wall = make_wall()
    for number in range(40):
        watch.needs_search(LEFT, make_frame(wall, number), [])
    searched = [watch.needs_search(LEFT, make_frame(wall, number, 12.0), []) for number in range(40, 400)]
    assert sum(searched[-100:]) <= 100 / (SLOW_CYCLE_S * FPS) + 1


@pytest.mark.parametrize("size", [(1, 1), (9, 5), (17, 40)])
def test_tiny_picture_is_no_error(size: tuple[int, int]) -> None:
    watch, part = ChangeWatch(), Search(Box(0, 0, *size), 8, 40)
    for number, grey in enumerate((10, 10, 200)):
        picture = np.full(size[::-1], grey, np.uint8)
        frame = Frame(picture, PixelFormat.GREY, *size, number, 0.0, number / FPS)
        assert watch.needs_search(part, frame, [Box(0, 0, 1, 1)] * 0) == (number != 1)


def test_clock_that_goes_back_is_a_reason_to_search() -> None:
    watch = ChangeWatch()
    assert watch.needs_search(LEFT, make_frame(make_wall(), 50), [])
    assert watch.needs_search(LEFT, make_frame(make_wall(), 10), [])
