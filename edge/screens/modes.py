"""Chooses the display mode for a picture, and the picture's place on the screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


class DisplayMode(Protocol):
    """A mode of a display: its size in px, and its refresh rate in Hz."""

    width: int
    height: int
    refresh: int


M = TypeVar("M", bound=DisplayMode)


@dataclass(frozen=True, slots=True)
class Placement:
    """The rectangle of the screen that a picture fills, px."""

    left: int
    top: int
    width: int
    height: int


def choose_mode(modes: Sequence[M], width: int, height: int) -> M:
    """The smallest mode that holds `width` × `height`, else the largest; of equal sizes the fastest."""
    holding = [mode for mode in modes if mode.width >= width and mode.height >= height]
    if holding:
        return min(holding, key=lambda mode: (mode.width * mode.height, -mode.refresh))
    return max(modes, key=lambda mode: (mode.width * mode.height, mode.refresh))


def fit_picture(
    width: int, height: int, screen_width: int, screen_height: int, *, enlarges: bool
) -> Placement:
    """Where on the screen a picture of `width` × `height` is shown: centred, in its own proportions.

    It is shrunk to fit the screen, and, with `enlarges`, also enlarged.
    """
    scale = min(screen_width / width, screen_height / height)
    if not enlarges:
        scale = min(1.0, scale)
    shown_width, shown_height = max(1, round(width * scale)), max(1, round(height * scale))
    return Placement(
        (screen_width - shown_width) // 2, (screen_height - shown_height) // 2, shown_width, shown_height
    )
