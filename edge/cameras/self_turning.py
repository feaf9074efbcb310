"""A camera that finds out from the first faces in its pictures by how much to turn them."""

import logging
from collections import deque
from typing import Self

from edge.cameras.wrapper import CameraWrapper
from edge.contracts import Camera, FaceDetector
from edge.frames import Frame
from edge.orientation import Orientation

log = logging.getLogger(__name__)

TURNS = (0, 90, 180, 270)
# How often a picture is searched for a face, turned by one of TURNS; a round tries each of them once.
SEARCH_EVERY_S = 0.1
# A turn is right if a face was found with it in MIN_ROUNDS of the last ROUNDS rounds, and if the sum of its
# scores is MIN_SCORE_RATIO times that of every other turn: some faces are found upside down, too.
ROUNDS, MIN_ROUNDS = 6, 4
MIN_SCORE_RATIO = 1.2


class SelfTurningCamera(CameraWrapper):
    """A Camera around another one: it delivers pictures as they are until it has found the right turn.

    From then on it turns all pictures so, also when the camera is opened again.
    """

    def __init__(self, camera: Camera, detector: FaceDetector, min_face_px: int) -> None:
        """`detector` belongs to this camera alone, which drops it when it has found the turn."""
        super().__init__(camera)
        self._min_face_px = min_face_px
        self._detector: FaceDetector | None = detector
        self._orientation = Orientation()
        self._searched_at_s = float("-inf")
        self._round: dict[int, float] = {}
        self._rounds: deque[dict[int, float]] = deque(maxlen=ROUNDS)

    def __enter__(self) -> Self:
        self._searched_at_s = float("-inf")
        return super().__enter__()

    def _change(self, frame: Frame) -> Frame:
        if self._detector is not None and frame.elapsed_s - self._searched_at_s >= SEARCH_EVERY_S:
            self._searched_at_s = frame.elapsed_s
            self._search(frame, self._detector)
        return frame.turn(self._orientation)

    def _search(self, frame: Frame, detector: FaceDetector) -> None:
        """Search the frame for a face, turned by the next of TURNS; a complete round may decide."""
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
        if seen >= MIN_ROUNDS and totals[first] >= MIN_SCORE_RATIO * totals[second]:
            self._orientation, self._detector = Orientation(first), None
            log.info("%s: faces are upright when the pictures are turned by %d°", self.name, first)
