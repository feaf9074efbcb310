"""A camera that finds out by how much its pictures must be turned, from the first faces that it sees."""

import logging
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from edge.contracts import Camera, FaceDetector
from edge.frames import Frame
from edge.orientation import Orientation

log = logging.getLogger(__name__)

TURNS = (0, 90, 180, 270)
# How often a picture is searched, in one of the turns; a round through all of them takes four times as long.
LOOK_EVERY_S = 0.1
# A turn is right if there was a face in so many of the last rounds ...
ROUNDS, LEAST_ROUNDS = 6, 4
# ... and its scores are so many times those of every other turn: some faces are found upside down, too.
LEAST_LEAD = 1.2


class SelfTurningCamera:
    """A Camera around another one, whose pictures come as they are until the right turn was found.

    It then goes on with that turn, also when the camera is opened again.
    """

    def __init__(self, camera: Camera, detector: FaceDetector, min_face_px: int) -> None:
        """Nobody else calls `detector`; it is given up once the turn was found."""
        self._camera, self._min_face_px = camera, min_face_px
        self._detector: FaceDetector | None = detector
        self._orientation = Orientation()
        self._looked_at_s = float("-inf")
        self._round: dict[int, float] = {}
        self._rounds: deque[dict[int, float]] = deque(maxlen=ROUNDS)
        self.name, self.is_live = camera.name, camera.is_live
        self.frame_count = camera.frame_count

    def __enter__(self) -> Self:
        self._camera.__enter__()
        self.name, self.frame_count = self._camera.name, self._camera.frame_count
        self._looked_at_s = float("-inf")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._camera.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        frame = next(self._camera)
        if self._detector is not None and frame.elapsed_s - self._looked_at_s >= LOOK_EVERY_S:
            self._looked_at_s = frame.elapsed_s
            self._look(frame, self._detector)
        return frame.turn(self._orientation)

    def _look(self, frame: Frame, detector: FaceDetector) -> None:
        """Search the frame for a face in the turn whose turn it is; a full round may decide."""
        degrees = TURNS[len(self._round)]
        turned = frame.turn(Orientation(degrees))
        searches = detector.plan_searches(turned.width, turned.height, self._min_face_px)
        faces = [face for search in searches for face in detector.detect(turned, search)]
        self._round[degrees] = max((face.score for face in faces), default=0.0)
        if len(self._round) == len(TURNS):
            self._rounds.append(self._round)
            self._round = {}
            self._decide()

    def _decide(self) -> None:
        totals = {degrees: sum(scores[degrees] for scores in self._rounds) for degrees in TURNS}
        second, first = sorted(TURNS, key=lambda degrees: totals[degrees])[-2:]
        seen = sum(scores[first] > 0 for scores in self._rounds)
        if seen >= LEAST_ROUNDS and totals[first] >= LEAST_LEAD * totals[second]:
            self._orientation, self._detector = Orientation(first), None
            log.info("%s: faces are upright when the pictures are turned by %d°", self.name, first)
