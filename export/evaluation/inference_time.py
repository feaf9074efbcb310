"""How long a model takes for one face, each form and number of threads in turn."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import numpy as np

from edge.faces.classifier import OnnxClassifier
from edge.frames import Image
from export.evaluation.evaluate import DETECTOR

THREADS = (1, 2)
ROUNDS = 30
_RUNS = 10


def per_face_ms(contents: Mapping[str, bytes], threads: int) -> dict[str, float]:
    """The median time of one face by the name of the ONNX file, in milliseconds.

    The files take turns, so that whatever else the machine does falls on all of them alike.
    """
    with tempfile.TemporaryDirectory() as folder:
        classifiers = {}
        for name, content in contents.items():
            path = Path(folder) / f"{name}.onnx"
            path.write_bytes(content)
            classifiers[name] = OnnxClassifier(path, DETECTOR, threads)
    times: dict[str, list[float]] = {name: [] for name in classifiers}
    for _ in range(ROUNDS):
        for name, classifier in classifiers.items():
            times[name].append(_run_ms(classifier))
    # The first run of each also sets up its memory.
    return {name: median(measured[1:]) for name, measured in times.items()}


def table(contents: Mapping[str, bytes]) -> str:
    """The times of all files on 1 and 2 threads, a line per file."""
    measured = {threads: per_face_ms(contents, threads) for threads in THREADS}
    lines = [
        "median time per face / ms " + "".join(f"{f'on {threads}':>10}" for threads in THREADS) + " threads"
    ]
    lines += [
        f"{name:26}" + "".join(f"{measured[threads][name]:>10.3f}" for threads in THREADS)
        for name in contents
    ]
    return "\n".join(lines)


def _run_ms(classifier: OnnxClassifier) -> float:
    """The mean of a few runs in a row: one alone is near the clock's noise."""
    crop: Image = np.full((classifier.metadata.height, classifier.metadata.width), 128, np.uint8)
    started = time.perf_counter()
    for _ in range(_RUNS):
        classifier.classify([crop])
    return 1e3 * (time.perf_counter() - started) / _RUNS
