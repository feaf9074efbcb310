"""A camera whose pictures are turned, mirrored or flipped."""

from edge.cameras.wrapper import CameraWrapper
from edge.contracts import Camera
from edge.frames import Frame
from edge.orientation import Orientation


class TurnedCamera(CameraWrapper):
    """A Camera around another one: it sets the orientation of frames, whose decoding turns the picture."""

    def __init__(self, camera: Camera, orientation: Orientation) -> None:
        super().__init__(camera)
        self._orientation = orientation

    def _change(self, frame: Frame) -> Frame:
        return frame.turn(self._orientation)
