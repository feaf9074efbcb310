"""Expressions, readings and results for tests."""

import numpy as np

from edge.contracts import Box, Expression, Face, Reading, Result
from edge.frames import Frame, Image, PixelFormat

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def expression_of(label: str = "happy", probability: float = 0.8) -> Expression:
    """An expression in which `label` has `probability`; the other labels share the rest equally."""
    rest = (1 - probability) / (len(LABELS) - 1)
    return Expression(
        np.array([probability if name == label else rest for name in LABELS], np.float32), LABELS
    )


def reading_of(box: Box, track_id: int = 1, label: str = "happy", probability: float = 0.8) -> Reading:
    expression = expression_of(label, probability)
    return Reading(Face(box, 1.0, track_id=track_id), expression, expression)


def result_of(
    picture: Image, *readings: Reading, number: int = 0, captured_at_s: float = 0.0, elapsed_s: float = 0.0
) -> Result:
    height, width = picture.shape[:2]
    frame = Frame(picture, PixelFormat.BGR, width, height, number, captured_at_s, elapsed_s)
    return Result(frame, readings, captured_at_s, captured_at_s)
