"""The process of some devices of a simulated fleet: the app's own MQTT reports, of scripted faces."""

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
# The health that every device reports, with values of a usual Pi.
HEALTH = {
    "analysed_fps": 30.0,
    "latency_p50_ms": 8.0,
    "dropped": 0.0,
    "temperature_c": 55.0,
    "throttled": 0.0,
}
FPS = 10
# On average an expression lasts this long, and a face stays away or in view this long.
EXPRESSION_S, VISIT_S = 4.0, 20.0
_PICTURE = np.zeros((2, 2), np.uint8)


class FaceScript:
    """One face that comes and goes and changes its expression at random, but in the same way in every run."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._track_id, self._label = 0, "neutral"
        self._is_present = True

    def make_result(self, number: int, now_s: float) -> Result:
        """Make the result of the next frame, which gets `number`."""
        if self._random.random() < 1 / (VISIT_S * FPS):
            self._is_present = not self._is_present
            self._track_id += self._is_present
        if self._random.random() < 1 / (EXPRESSION_S * FPS):
            self._label = self._random.choice(LABELS)
        probabilities = np.array([0.7 if label == self._label else 0.05 for label in LABELS], np.float32)
        expression = Expression(probabilities, LABELS)
        face = Face(Box(0, 0, 2, 2), 1.0, track_id=self._track_id)
        readings = (Reading(face, expression, expression),) if self._is_present else ()
        frame = Frame(_PICTURE, PixelFormat.GREY, 2, 2, number, now_s, now_s)
        return Result(frame, readings, now_s, now_s)


def report_forever(address: str, names: Sequence[str]) -> None:
    """Report as each of the devices `names` to the broker and topic of `address`, until the process ends."""
    logging.basicConfig(level=logging.ERROR)
    # Ctrl-C goes to the whole process group; the benchmark handles it, and ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ExitStack() as opened:
        sinks = [
            opened.enter_context(
                MqttSink(mqtt_address.parse(f"{address}/{name}", "fleet"), LABELS, lambda: HEALTH)
            )
            for name in names
        ]
        scripts = [FaceScript(name) for name in names]
        number = 0
        while True:
            for sink, script in zip(sinks, scripts, strict=True):
                sink.show(script.make_result(number, time.monotonic()))
            number += 1
            time.sleep(1 / FPS)
