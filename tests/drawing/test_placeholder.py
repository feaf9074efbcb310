"""The picture that stands for a camera that is away."""

import numpy as np
import pytest

from edge.drawing import placeholder
from edge.frames import Image

TEXT = "no camera: expected a camera at /dev/video0, found no device there; there are: none"


def find_text(image: Image) -> Image:
    """Where something is drawn, (H, W)."""
    return np.asarray((image != placeholder.BACKGROUND).any(axis=2), np.uint8)


@pytest.mark.parametrize("size", [(64, 64), (320, 240), (640, 480), (1920, 1080), (64, 480), (640, 64)])
def test_picture_has_the_size_asked_for_and_a_text_that_keeps_clear_of_the_sides(
    size: tuple[int, int],
) -> None:
    image = placeholder.draw(TEXT, *size)
    assert image.shape == (size[1], size[0], 3) and image.dtype == np.uint8
    assert find_text(image).any() and not find_text(image)[:, [0, -1]].any()


def test_text_is_all_there_in_as_many_rows_as_it_takes() -> None:
    rows = find_text(placeholder.draw(TEXT, 640, 480)).any(axis=1).astype(int)
    assert 2 <= (np.diff(rows) == 1).sum() <= 4


def test_corner_where_the_rate_stands_is_left_free() -> None:
    assert not find_text(placeholder.draw(TEXT, 640, 480))[:24].any()


@pytest.mark.parametrize(
    "text", ["", " ", "x" * 5000, "640×480 … für", "a\nb\tc", "-".join("long-path" * 40)]
)
def test_any_text_makes_a_picture(text: str) -> None:
    assert placeholder.draw(text, 640, 480).any()


def test_different_texts_give_different_pictures_which_are_read_only() -> None:
    one, other = (
        placeholder.draw("no camera: busy", 640, 480),
        placeholder.draw("no camera: gone", 640, 480),
    )
    assert (one != other).any()
    with pytest.raises(ValueError, match="read-only"):
        one[0, 0] = 0
