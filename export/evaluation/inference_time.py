"""The time that a model takes for one face, for each of its forms and numbers of threads."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import numpy as np

from edge.faces.classifier import OnnxClassifier
from edge.frames import Image
from export.evaluation.predictions import DETECTOR

THREADS = (1, 2)
ROUNDS = 30
_RUNS = 10


def measure_per_face_ms(contents: Mapping[str, bytes], threads: int) -> dict[str, float]:
    """The median time for one face in milliseconds, by the name of the ONNX file.

    The files take turns, so that other work of the machine slows all of them equally.
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
            times[name].append(_time_run_ms(classifier))
    # The first run of each model also allocates its memory.
    return {name: median(measured[1:]) for name, measured in times.items()}


def format_table(contents: Mapping[str, bytes]) -> str:
    """Measure all files on 1 and 2 threads, and return a line per file."""
    measured = {threads: measure_per_face_ms(contents, threads) for threads in THREADS}
    lines = [
        "median time per face / ms " + "".join(f"{f'on {threads}':>10}" for threads in THREADS) + " threads"
    ]
    lines += [
        f"{name:26}" + "".join(f"{measured[threads][name]:>10.3f}" for threads in THREADS)
        for name in contents
    ]
    if _is_int8_slower(measured):
        lines.append("take the float file here: int8 is slower on this machine")
    return "\n".join(lines)


def _is_int8_slower(measured: Mapping[int, Mapping[str, float]]) -> bool:
    """Whether int8 takes longer than float, each on the number of threads that suits it best."""
    best = {
        form: min(
            (times[name] for times in measured.values() for name in times if form in name), default=None
        )
        for form in ("int8", "float")
    }
    return best["int8"] is not None and best["float"] is not None and best["int8"] > best["float"]


def _time_run_ms(classifier: OnnxClassifier) -> float:
    """The mean of a few consecutive runs: a single one is too short to be timed exactly."""
    crop: Image = np.full((classifier.metadata.height, classifier.metadata.width), 128, np.uint8)
    started = time.perf_counter()
    for _ in range(_RUNS):
        classifier.classify([crop])
    return 1e3 * (time.perf_counter() - started) / _RUNS
