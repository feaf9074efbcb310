"""The stages one by one: what each takes for a frame, and the classifier by faces, form and threads."""

import itertools
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks import arithmetic
from benchmarks.arithmetic import Spread
from benchmarks.clip import Clip
from edge import build, models
from edge.contracts import Box, Face, FaceDetector, Reading, Result, Search
from edge.drawing import overlay
from edge.errors import CameraError
from edge.faces import preprocess
from edge.faces.classifier import OnnxClassifier
from edge.frames import Frame, Image, PixelFormat
from edge.settings.config import Config

# Frames spread over the clip that each stage takes in turn.
FRAMES = 24
# Of a stage, in each round: so many calls, and more until this time is over.
LEAST_CALLS, ROUND_S = 4, 0.03
# The quality of the stream's JPEGs.
QUALITY = 80
# A region search looks in a square so many times the face, for faces of these sizes of it.
REGION_SCALE, LEAST_SIZE, MOST_SIZE = 1.5, 0.8, 1.25
MOST_FACES, MOST_THREADS = 8, 4

Stage = Callable[[], object]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Inference:
    """A run of the classifier that was timed; `model` is the file's name."""

    model: str
    threads: int
    faces: int

    def __str__(self) -> str:
        """The name of its figures."""
        return f"infer {self.faces} by {self.model} on {self.threads}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call takes, ms: of the clock, and of all cores together."""

    wall_ms: Spread
    cpu_ms: Spread


def stages(clip: Clip, config: Config) -> dict[str, Stage]:
    """Every stage but the classifier's run, by name, in the order in which a frame meets them."""
    indices = [index * len(clip.jpegs) // FRAMES for index in range(FRAMES)]
    jpegs = [clip.jpeg(index) for index in indices]
    detectors = _detectors(config)
    made: dict[str, Stage] = {
        "decode to colour": _each(jpegs, lambda jpeg: cv2.imdecode(jpeg, cv2.IMREAD_COLOR)),
        "decode to grey": _each(jpegs, lambda jpeg: cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)),
        "decode to grey at half size": _each(
            jpegs, lambda jpeg: cv2.imdecode(jpeg, cv2.IMREAD_REDUCED_GRAYSCALE_2)
        ),
    }
    seen: list[tuple[Frame, Face]] = []
    for detector in detectors:
        frames = [_grey(clip, index) for index in indices]
        seen = _faces(frames, detector, config.min_face_px)
        made[f"search a whole frame ({detector.name})"] = _each(frames, _whole(detector, config.min_face_px))
        made[f"search a region ({detector.name})"] = _each(seen, _region(detector))
    classifier = build.make_classifier(config, detectors[-1])
    made["preprocess a face"] = _each(
        seen, lambda one: preprocess.as_input([classifier.crop(*one)], classifier.metadata)
    )
    made["infer a face"] = _run(classifier, [classifier.crop(*seen[0])])
    results = [_result(clip, one, classifier) for one in seen]
    made["draw"] = _each(results, lambda result: overlay.draw(result, corner="30.0 FPS  12 ms"))
    pictures = [overlay.draw(result, corner="30.0 FPS  12 ms") for result in results]
    made["encode"] = _each(
        pictures, lambda picture: cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    )
    return made


def inferences(clip: Clip, config: Config, files: Iterable[Path]) -> dict[Inference, Stage]:
    """The classifier for 1 to MOST_FACES faces by each of `files` on 1 to MOST_THREADS threads, cores permitting."""
    detector = _detectors(config)[-1]
    seen = _faces(
        [_grey(clip, index) for index in range(len(clip.jpegs))][:FRAMES], detector, config.min_face_px
    )
    made: dict[Inference, Stage] = {}
    for file in files:
        for threads in range(1, min(MOST_THREADS, os.cpu_count() or 1) + 1):
            classifier = OnnxClassifier(file, detector.name, threads)
            crops = [classifier.crop(*one) for one, _ in zip(itertools.cycle(seen), range(MOST_FACES))]
            for faces in range(1, MOST_FACES + 1):
                made[Inference(file.name, threads, faces)] = _run(classifier, crops[:faces])
    return made


def forms(model: Path) -> list[Path]:
    """The model file and, beside it, the same model in another form: fer.int8.onnx and fer.float.onnx."""
    stem, *_ = model.name.split(".")
    return sorted({model, *model.parent.glob(f"{stem}.*.onnx")})


def timed(made: Mapping[T, Stage], rounds: int) -> dict[T, Cost]:
    """The cost of each stage; all take turns in every round, so that what else the machine does falls on all alike."""
    wall_ms: dict[T, list[float]] = {name: [] for name in made}
    cpu_ms: dict[T, list[float]] = {name: [] for name in made}
    for stage in made.values():
        stage()  # The first call of each also sets up its memory.
    for _ in tqdm(range(rounds), desc="rounds", leave=False):
        for name, stage in made.items():
            wall, cpu = _round_ms(stage)
            wall_ms[name].append(wall)
            cpu_ms[name].append(cpu)
    return {name: Cost(arithmetic.spread(wall_ms[name]), arithmetic.spread(cpu_ms[name])) for name in made}


def _round_ms(stage: Stage) -> tuple[float, float]:
    """The median time of a call, and the mean CPU time, whose clock is too coarse for one call on some systems."""
    times_s: list[float] = []
    cpu_s, end_s = time.process_time(), time.perf_counter() + ROUND_S
    while len(times_s) < LEAST_CALLS or time.perf_counter() < end_s:
        started_s = time.perf_counter()
        stage()
        times_s.append(time.perf_counter() - started_s)
    return 1000 * median(times_s), 1000 * (time.process_time() - cpu_s) / len(times_s)


def _each(inputs: Sequence[T], function: Callable[[T], object]) -> Stage:
    """`function` of the next of `inputs` at each call."""
    turns = itertools.cycle(inputs)
    return lambda: function(next(turns))


def _run(classifier: OnnxClassifier, crops: Sequence[Image]) -> Stage:
    return lambda: classifier.classify(crops)


def _whole(detector: FaceDetector, min_face_px: int) -> Callable[[Frame], list[Face]]:
    return lambda frame: detector.detect(
        frame, Search(Box(0, 0, frame.width, frame.height), min_face_px, max(min_face_px, frame.height))
    )


def _region(detector: FaceDetector) -> Callable[[tuple[Frame, Face]], list[Face]]:
    def search(one: tuple[Frame, Face]) -> list[Face]:
        frame, face = one
        box, side = face.box, round(REGION_SCALE * face.box.height)
        region = Box(
            box.left + (box.width - side) // 2, box.top + (box.height - side) // 2, side, side
        ).clip_to(frame)
        return detector.detect(
            frame, Search(region, round(LEAST_SIZE * box.height), round(MOST_SIZE * box.height))
        )

    return search


def _detectors(config: Config) -> list[FaceDetector]:
    """Haar, and YuNet where its model is."""
    found = [build.make_detector(Config(detector="haar"))]
    if config.yunet or models.yunet_path().is_file():
        found.append(build.make_detector(Config(detector="yunet", yunet=config.yunet)))
    return found


def _grey(clip: Clip, index: int) -> Frame:
    grey = cv2.imdecode(clip.jpeg(index), cv2.IMREAD_GRAYSCALE)
    return Frame(
        np.asarray(grey, np.uint8), PixelFormat.GREY, clip.width, clip.height, index, 0.0, index / clip.fps
    )


def _faces(frames: Sequence[Frame], detector: FaceDetector, min_face_px: int) -> list[tuple[Frame, Face]]:
    """Each frame with its best face, where it has any; CameraError where none has."""
    search = _whole(detector, min_face_px)
    seen = [(frame, faces[0]) for frame in frames if (faces := search(frame))]
    if not seen:
        raise CameraError(
            f"expected a face in the clip, found none in {len(frames)} frames by {detector.name}; "
            "name another clip with --clip"
        )
    return seen


def _result(clip: Clip, one: tuple[Frame, Face], classifier: OnnxClassifier) -> Result:
    """What the sinks get of a frame with a face, its colour decoded already."""
    frame, face = one
    (expression,) = classifier.classify([classifier.crop(frame, face)])
    coloured = Frame(
        clip.picture(frame.number), PixelFormat.BGR, frame.width, frame.height, frame.number, 0.0, 0.0
    )
    return Result(coloured, (Reading(face, expression, expression),), 0.0, 0.0)
