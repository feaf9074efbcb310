"""Expressions that do not flicker: each face's own are averaged over time, and its label changes only for good."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.contracts import Expression, Face, Reading
from edge.faces import preprocess
from edge.frames import Frame, Image

# A track that was not seen for longer starts anew.
FORGOTTEN_AFTER_S = 0.5
# The smoothed expression follows a lasting change to 63 % in this time.
SMOOTHING_S = 0.15
# A label stands for so long after it ceased to be the likeliest, and for two frames at least.  With both, labels change
# a fourth as often as unsmoothed ones, and a lasting change is shown within 0.3 s.
HOLD_S = 0.07
# A face lower than this is enlarged for the model, and says the less the lower it is; px.
FULL_WEIGHT_PX = 48
# What is far less sharp than the track was of late is a face in motion or out of focus.
SHARPNESS_S = 2.0
# Even the worst frame counts for something, so that a face that stays bad is read all the same.
LEAST_WEIGHT = 0.1
# Keeps the logarithm of a probability that int8 rounded to 0 finite.
LEAST_PROBABILITY = 1e-6


@dataclass(slots=True)
class _Smoothed:
    logits: NDArray[np.float32]
    weight: float
    sharpness: float
    seen_at_s: float
    shown: str
    doubted_at_s: float | None = None
    """Since when the label of the average is another than the one shown."""


class ExponentialSmoother:
    """A Smoother that averages each track's logits, older ones counting less, as do small and blurred faces.

    The label has hysteresis: it gives way when that of the average has been another for HOLD_S.
    """

    def __init__(self, time_constant_s: float = SMOOTHING_S, hold_s: float = HOLD_S) -> None:
        """`time_constant_s` is how long a lasting change of the logits takes to arrive at 63 %."""
        self._time_constant_s, self._hold_s = time_constant_s, hold_s
        self._tracks: dict[int, _Smoothed] = {}

    def smooth(
        self, faces: Sequence[Face], crops: Sequence[Image], expressions: Sequence[Expression], frame: Frame
    ) -> tuple[Reading, ...]:
        """A reading for each face, in the order given; a track's first is not smoothed."""
        now_s = frame.elapsed_s
        self._tracks = {
            id_: track for id_, track in self._tracks.items() if now_s - track.seen_at_s <= FORGOTTEN_AFTER_S
        }
        return tuple(
            Reading(face, expression, self._smooth(face, crop, expression, now_s))
            for face, crop, expression in zip(faces, crops, expressions, strict=True)
        )

    def _smooth(self, face: Face, crop: Image, expression: Expression, now_s: float) -> Expression:
        if face.track_id is None:
            raise ValueError("expected a face with a track_id, found none: track() comes before read()")
        logits = np.log(np.maximum(expression.probabilities, LEAST_PROBABILITY))
        sharpness = preprocess.sharpness(crop)
        track = self._tracks.get(face.track_id)
        if track is None:
            weight = _weight(face, sharpness, sharpness)
            label = expression.label
            self._tracks[face.track_id] = _Smoothed(logits, weight, sharpness, now_s, label)
            return replace(expression, kept_label=label)
        # A clock that went back is one that stood still.
        passed_s = max(0.0, now_s - track.seen_at_s)
        track.sharpness = max(sharpness, track.sharpness * math.exp(-passed_s / SHARPNESS_S))
        keep = math.exp(-passed_s / self._time_constant_s)
        old, new = keep * track.weight, (1 - keep) * _weight(face, sharpness, track.sharpness)
        track.weight, track.seen_at_s = old + new, now_s
        track.logits = ((old * track.logits + new * logits) / track.weight).astype(np.float32)
        return self._labelled(track, expression.labels, now_s)

    def _labelled(self, track: _Smoothed, labels: tuple[str, ...], now_s: float) -> Expression:
        """The track's average as an Expression, with the label that stands."""
        powers = np.exp(track.logits - track.logits.max())
        probabilities = (powers / powers.sum()).astype(np.float32)
        label = Expression(probabilities, labels).label
        if label == track.shown:
            track.doubted_at_s = None
        elif track.doubted_at_s is None:
            track.doubted_at_s = now_s
        elif now_s - track.doubted_at_s >= self._hold_s:
            track.shown, track.doubted_at_s = label, None
        return Expression(probabilities, labels, kept_label=track.shown)


def _weight(face: Face, sharpness: float, best: float) -> float:
    """How much a frame counts, LEAST_WEIGHT to 1: by the face's area, and its sharpness against the `best` of late."""
    size = min(1.0, face.box.height / FULL_WEIGHT_PX) ** 2
    return max(LEAST_WEIGHT, size * (sharpness / best if best > 0 else 1.0))
