"""The eight ways to turn and mirror a picture, which are also those of EXIF."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Orientation:
    """A clockwise turn by `degrees` (0, 90, 180 or 270), then a swap of left and right if `is_mirrored`."""

    degrees: int = 0
    is_mirrored: bool = False

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height change places."""
        return self.degrees in (90, 270)

    def then(self, other: "Orientation") -> "Orientation":
        """The one orientation that has the effect of this one and then `other`."""
        further = -other.degrees if self.is_mirrored else other.degrees
        return Orientation((self.degrees + further) % 360, self.is_mirrored != other.is_mirrored)

    def apply(self, picture: _Picture) -> _Picture:
        """Turn the picture (H, W, …) so: returns the picture itself if nothing changes, else a new one."""
        match self.degrees, self.is_mirrored:
            case 0, False:
                return picture
            case 0, True:
                turned = cv2.flip(picture, 1)
            case 180, True:
                turned = cv2.flip(picture, 0)
            case 90, True:
                turned = cv2.transpose(picture)
            case 270, True:
                turned = cv2.flip(cv2.transpose(picture), -1)
            case _:
                turned = cv2.rotate(picture, _ROTATIONS[self.degrees])
        return np.asarray(turned, np.uint8)


_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}

UPRIGHT = Orientation()
MIRRORED = Orientation(0, True)
FLIPPED = Orientation(180, True)
"""As a reflection on water: top and bottom are swapped, left and right are not."""

# How to turn a picture with the EXIF tag Orientation so that it is upright.
BY_EXIF = {
    1: UPRIGHT,
    2: MIRRORED,
    3: Orientation(180),
    4: FLIPPED,
    5: Orientation(90, True),
    6: Orientation(90),
    7: Orientation(270, True),
    8: Orientation(270),
}


def compose(degrees: int, *, is_flipped: bool, is_mirrored: bool) -> Orientation:
    """Turn by `degrees`, then flip top to bottom, then mirror left to right."""
    orientation = Orientation(degrees)
    if is_flipped:
        orientation = orientation.then(FLIPPED)
    return orientation.then(MIRRORED) if is_mirrored else orientation
