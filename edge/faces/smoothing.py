"""Smooths expressions over time, per track, and changes a label only when the change lasts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.contracts import Expression, Face, Reading
from edge.faces import preprocess
from edge.frames import Frame, Image

# How long a track that is not seen is remembered.
FORGOTTEN_AFTER_S = 0.5
# The time constant: the time in which the smoothed logits follow 63 % of a lasting change.
SMOOTHING_S = 0.15
# How long another label must be the likeliest, in at least two frames, until it replaces the label that is
# shown.  With both constants, labels change a quarter as often as unsmoothed ones, and a lasting change is
# shown within 0.3 s.
HOLD_S = 0.07
# A face that is lower than this, px, is enlarged for the model; the lower it is, the less it counts.
FULL_WEIGHT_PX = 48
# The best sharpness of a track decays with this time constant.  A crop that is far less sharp shows a face in
# motion or out of focus.
SHARPNESS_S = 2.0
# Even the worst frame counts a little, so that a face that stays blurred is still read.
MIN_WEIGHT = 0.1
# Keeps the logarithm finite for a probability that int8 has rounded to 0.
MIN_PROBABILITY = 1e-6


@dataclass(slots=True)
class _Track:
    logits: NDArray[np.float32]
    weight: float
    best_sharpness: float
    seen_at_s: float
    kept_label: str
    changed_at_s: float | None = None
    """Since when the label of the average differs from `kept_label`."""


class ExponentialSmoother:
    """A Smoother that averages each track's logits with exponential decay; small, blurred faces count less.

    The label has hysteresis: it changes when the label of the average has differed from it for HOLD_S.
    """

    def __init__(self, time_constant_s: float = SMOOTHING_S, hold_s: float = HOLD_S) -> None:
        """`time_constant_s` is how long the average takes to follow 63 % of a lasting change."""
        self._time_constant_s, self._hold_s = time_constant_s, hold_s
        self._tracks: dict[int, _Track] = {}

    def smooth(
        self, faces: Sequence[Face], crops: Sequence[Image], expressions: Sequence[Expression], frame: Frame
    ) -> tuple[Reading, ...]:
        """A reading for each face, in the order given.  The first one of a track is not smoothed."""
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
        logits = np.log(np.maximum(expression.probabilities, MIN_PROBABILITY))
        sharpness = preprocess.measure_sharpness(crop)
        track = self._tracks.get(face.track_id)
        if track is None:
            weight = _compute_weight(face, sharpness, sharpness)
            label = expression.label
            self._tracks[face.track_id] = _Track(logits, weight, sharpness, now_s, label)
            return replace(expression, kept_label=label)
        # A clock that went backwards counts as one that stood still.
        passed_s = max(0.0, now_s - track.seen_at_s)
        track.best_sharpness = max(sharpness, track.best_sharpness * math.exp(-passed_s / SHARPNESS_S))
        decay = math.exp(-passed_s / self._time_constant_s)
        old, new = decay * track.weight, (1 - decay) * _compute_weight(face, sharpness, track.best_sharpness)
        track.weight, track.seen_at_s = old + new, now_s
        track.logits = ((old * track.logits + new * logits) / track.weight).astype(np.float32)
        return self._make_expression(track, expression.labels, now_s)

    def _make_expression(self, track: _Track, labels: tuple[str, ...], now_s: float) -> Expression:
        """The average of `track` as an Expression, with the label that hysteresis keeps or changes."""
        powers = np.exp(track.logits - track.logits.max())
        probabilities = (powers / powers.sum()).astype(np.float32)
        label = Expression(probabilities, labels).label
        if label == track.kept_label:
            track.changed_at_s = None
        elif track.changed_at_s is None:
            track.changed_at_s = now_s
        elif now_s - track.changed_at_s >= self._hold_s:
            track.kept_label, track.changed_at_s = label, None
        return Expression(probabilities, labels, kept_label=track.kept_label)


def _compute_weight(face: Face, sharpness: float, best_sharpness: float) -> float:
    """How much a frame counts, MIN_WEIGHT to 1: by the face's area and its sharpness relative to the best."""
    size = min(1.0, face.box.height / FULL_WEIGHT_PX) ** 2
    return max(MIN_WEIGHT, size * (sharpness / best_sharpness if best_sharpness > 0 else 1.0))
