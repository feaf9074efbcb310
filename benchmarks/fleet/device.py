"""A process with devices of a simulated fleet: the app's own reports, of faces that a script makes up."""

import logging
import random
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from edge.contracts import Box, Expression, Face, Reading, Result
from edge.frames import Frame, PixelFormat
from edge.mqtt import address as mqtt_address
from edge.sinks.mqtt import MqttSink

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FIGURES = {
    "analysed_fps": 30.0,
    "latency_p50_ms": 8.0,
    "dropped": 0.0,
    "temperature_c": 55.0,
    "throttled": 0.0,
}
FPS = 10
# Somebody's expression lasts so long on average, and a visitor stays so long.
EXPRESSION_S, VISIT_S = 4.0, 20.0
_PICTURE = np.zeros((2, 2), np.uint8)


class Script:
    """One face, which comes and goes and changes its expression, by chance and the same at every run."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)
        self._track, self._label = 0, "neutral"
        self._is_there = True

    def next(self, number: int, now_s: float) -> Result:
        """The result of the frame `number`."""
        if self._chance.random() < 1 / (VISIT_S * FPS):
            self._is_there = not self._is_there
            self._track += self._is_there
        if self._chance.random() < 1 / (EXPRESSION_S * FPS):
            self._label = self._chance.choice(LABELS)
        probabilities = np.array([0.7 if label == self._label else 0.05 for label in LABELS], np.float32)
        expression = Expression(probabilities, LABELS)
        face = Face(Box(0, 0, 2, 2), 1.0, track_id=self._track)
        frame = Frame(_PICTURE, PixelFormat.GREY, 2, 2, number, now_s, now_s)
        return Result(frame, (Reading(face, expression, expression),) if self._is_there else (), now_s, now_s)


def run(address: str, names: Sequence[str]) -> None:
    """Report as all of `names` below `address` until the process ends."""
    logging.basicConfig(level=logging.ERROR)
    # Ctrl-C is for the command, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ExitStack() as opened:
        sinks = [
            opened.enter_context(
                MqttSink(mqtt_address.parse(f"{address}/{name}", "fleet"), LABELS, lambda: FIGURES)
            )
            for name in names
        ]
        scripts = [Script(name) for name in names]
        number = 0
        while True:
            for sink, script in zip(sinks, scripts, strict=True):
                sink.show(script.next(number, time.monotonic()))
            number += 1
            time.sleep(1 / FPS)
