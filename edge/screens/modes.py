"""Which mode of a display suits a picture, and where in it the picture stands: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Mode(Protocol):
    """A mode of a display: its size in px and pictures a second."""

    width: int
    height: int
    refresh: int


M = TypeVar("M", bound=Mode)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture stands on the screen, px."""

    left: int
    top: int
    width: int
    height: int


def nearest(modes: Sequence[M], width: int, height: int) -> M:
    """The smallest mode that holds `width` × `height`, else the largest; of equals the fastest."""
    holding = [mode for mode in modes if mode.width >= width and mode.height >= height]
    if holding:
        return min(holding, key=lambda mode: (mode.width * mode.height, -mode.refresh))
    return max(modes, key=lambda mode: (mode.width * mode.height, mode.refresh))


def fitted(width: int, height: int, screen_width: int, screen_height: int, *, enlarges: bool) -> Place:
    """`width` × `height` in the middle of the screen, shrunk or, where `enlarges`, enlarged to fit, in its shape."""
    scale = min(screen_width / width, screen_height / height)
    if not enlarges:
        scale = min(1.0, scale)
    shown_width, shown_height = max(1, round(width * scale)), max(1, round(height * scale))
    return Place(
        (screen_width - shown_width) // 2, (screen_height - shown_height) // 2, shown_width, shown_height
    )
