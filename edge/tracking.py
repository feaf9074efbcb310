"""Which face is which from frame to frame, and labels that do not flicker."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.contracts import Box, Expression, Face, FaceDetector, Frame, Reading, Search

# Boxes of the same face in frames that follow each other overlap by more.
LEAST_IOU = 0.3
# A track without a face for longer is over, and its smoothing with it.
LOST_AFTER_S = 0.5
# The smoothed expression follows a lasting change to 63 % in this time.
SMOOTHING_S = 0.25
# Keeps the logarithm of a probability that int8 rounded to 0 finite.
LEAST_PROBABILITY = 1e-6


@dataclass(slots=True)
class _Track:
    box: Box
    seen_at_s: float


class IouTracker:
    """A Tracker that searches every whole frame and follows faces by the overlap of their boxes."""

    def __init__(self, min_face_px: int) -> None:
        """Faces of less than `min_face_px` pixels' height are not looked for."""
        self._min_face_px = min_face_px
        self._tracks: dict[int, _Track] = {}
        self._next_id = 1

    def track(self, frame: Frame, detector: FaceDetector) -> tuple[Face, ...]:
        """The faces with track ids, the best overlaps first; a face that overlaps no track starts one."""
        now_s = frame.elapsed_s
        largest_px = max(self._min_face_px, frame.height)
        faces = detector.detect(frame, Search(Box(0, 0, frame.width, frame.height), self._min_face_px, largest_px))
        self._tracks = {id_: track for id_, track in self._tracks.items() if now_s - track.seen_at_s <= LOST_AFTER_S}
        ids = self._matches(faces)
        for index, face in enumerate(faces):
            if index not in ids:
                ids[index] = self._next_id
                self._next_id += 1
            self._tracks[ids[index]] = _Track(face.box, now_s)
        return tuple(replace(face, track_id=ids[index]) for index, face in enumerate(faces))

    def _matches(self, faces: Sequence[Face]) -> dict[int, int]:
        """Track id by index of the face: pairs taken greedily, most overlap first, each side once."""
        pairs = sorted(((track.box.iou(face.box), index, id_)
                        for index, face in enumerate(faces) for id_, track in self._tracks.items()), reverse=True)
        ids: dict[int, int] = {}
        for overlap, index, id_ in pairs:
            if overlap < LEAST_IOU:
                break
            if index not in ids and id_ not in ids.values():
                ids[index] = id_
        return ids


@dataclass(slots=True)
class _Smoothed:
    logits: NDArray[np.float32]
    seen_at_s: float


class ExponentialSmoother:
    """A Smoother that averages each track's logits, the older the less, whatever the frame rate."""

    def __init__(self, time_constant_s: float = SMOOTHING_S) -> None:
        """`time_constant_s` is how long a lasting change takes to arrive at 63 %."""
        self._time_constant_s = time_constant_s
        self._tracks: dict[int, _Smoothed] = {}

    def read(self, faces: Sequence[Face], expressions: Sequence[Expression], frame: Frame) -> tuple[Reading, ...]:
        """A reading for each face, in the order given; a track's first is not smoothed."""
        now_s = frame.elapsed_s
        readings = tuple(Reading(face, expression, self._smooth(face, expression, now_s))
                         for face, expression in zip(faces, expressions, strict=True))
        self._tracks = {id_: track for id_, track in self._tracks.items() if now_s - track.seen_at_s <= LOST_AFTER_S}
        return readings

    def _smooth(self, face: Face, expression: Expression, now_s: float) -> Expression:
        if face.track_id is None:
            raise ValueError("expected a face with a track_id, found none: track() comes before read()")
        logits = np.log(np.maximum(expression.probabilities, LEAST_PROBABILITY))
        track = self._tracks.get(face.track_id)
        if track is not None and now_s - track.seen_at_s <= LOST_AFTER_S:
            keep = math.exp(-(now_s - track.seen_at_s) / self._time_constant_s)
            logits = keep * track.logits + (1 - keep) * logits
        self._tracks[face.track_id] = _Smoothed(logits, now_s)
        powers = np.exp(logits - logits.max())
        return Expression((powers / powers.sum()).astype(np.float32), expression.labels)
