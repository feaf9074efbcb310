"""Times the pipeline's stages one by one, and the classifier by faces, form of the model and threads."""

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

from benchmarks.arithmetic import Spread, compute_spread
from benchmarks.clip import Clip
from edge import build, models
from edge.contracts import Box, Face, FaceDetector, Reading, Result, Search
from edge.drawing import overlay
from edge.errors import CameraError
from edge.faces import preprocess
from edge.faces.classifier import OnnxClassifier
from edge.frames import Frame, Image, PixelFormat
from edge.settings.config import Config

# The frames, spread over the clip, that each stage works on in turn.
FRAMES = 24
# In each round a stage is called this often at least, and on until this time is over.
MIN_CALLS, ROUND_S = 4, 0.03
# The quality of the stream's JPEGs.
QUALITY = 80
CORNER_TEXT = "30.0 FPS  12 ms"
# A region search looks in a square whose side is this multiple of the face's height, for faces of these
# multiples of it.
REGION_SCALE, MIN_SIZE, MAX_SIZE = 1.5, 0.8, 1.25
MAX_FACES, MAX_THREADS = 8, 4

# Does the work of one stage for the next of its inputs.
StageCall = Callable[[], object]
FaceInFrame = tuple[Frame, Face]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Inference:
    """One way to run the classifier; `model` is the name of the file."""

    model: str
    threads: int
    faces: int

    def __str__(self) -> str:
        """Name its stats."""
        return f"infer {self.faces} by {self.model} on {self.threads}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call takes, ms: time on the clock, and CPU time of all cores together."""

    wall_ms: Spread
    cpu_ms: Spread


def make_stage_calls(clip: Clip, config: Config) -> dict[str, StageCall]:
    """Make the calls of all stages by their names, in the order in which a frame passes through them."""
    indices = [index * len(clip.jpegs) // FRAMES for index in range(FRAMES)]
    jpegs = [clip.get_jpeg(index) for index in indices]
    detectors = _make_detectors(config)
    calls: dict[str, StageCall] = {
        "decode to colour": _cycle_through(jpegs, lambda jpeg: cv2.imdecode(jpeg, cv2.IMREAD_COLOR)),
        "decode to grey": _cycle_through(jpegs, lambda jpeg: cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)),
        "decode to grey at half size": _cycle_through(
            jpegs, lambda jpeg: cv2.imdecode(jpeg, cv2.IMREAD_REDUCED_GRAYSCALE_2)
        ),
    }
    faces: list[FaceInFrame] = []
    for detector in detectors:
        frames = [_make_grey_frame(clip, index) for index in indices]
        search_whole = _make_whole_search(detector, config.min_face_px)
        faces = _find_faces(frames, detector, config.min_face_px)
        calls[f"search a whole frame ({detector.name})"] = _cycle_through(frames, search_whole)
        calls[f"search a region ({detector.name})"] = _cycle_through(faces, _make_region_search(detector))
    classifier = build.make_classifier(config, detectors[-1])
    calls["preprocess a face"] = _cycle_through(
        faces, lambda one: preprocess.make_batch([classifier.crop(*one)], classifier.metadata)
    )
    calls["infer a face"] = _make_inference_call(classifier, [classifier.crop(*faces[0])])
    results = [_make_result(clip, one, classifier) for one in faces]
    calls["draw"] = _cycle_through(results, lambda result: overlay.draw(result, corner=CORNER_TEXT))
    pictures = [overlay.draw(result, corner=CORNER_TEXT) for result in results]
    calls["encode"] = _cycle_through(
        pictures, lambda picture: cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    )
    return calls


def make_inference_calls(
    clip: Clip, config: Config, model_files: Iterable[Path]
) -> dict[Inference, StageCall]:
    """Make the calls of the classifier.

    There is one for each of `model_files`, each number of threads up to MAX_THREADS (or the number of
    cores), and each number of faces up to MAX_FACES.
    """
    detector = _make_detectors(config)[-1]
    frames = [_make_grey_frame(clip, index) for index in range(len(clip.jpegs))][:FRAMES]
    faces = _find_faces(frames, detector, config.min_face_px)
    calls: dict[Inference, StageCall] = {}
    for model_file in model_files:
        for threads in range(1, min(MAX_THREADS, os.cpu_count() or 1) + 1):
            classifier = OnnxClassifier(model_file, detector.name, threads)
            crops = [classifier.crop(*one) for one in itertools.islice(itertools.cycle(faces), MAX_FACES)]
            for count in range(1, MAX_FACES + 1):
                inference = Inference(model_file.name, threads, count)
                calls[inference] = _make_inference_call(classifier, crops[:count])
    return calls


def find_model_forms(model: Path) -> list[Path]:
    """Find the model file and other forms of the model beside it: fer.int8.onnx and fer.float.onnx."""
    stem, *_ = model.name.split(".")
    return sorted({model, *model.parent.glob(f"{stem}.*.onnx")})


def time_in_turn(calls: Mapping[T, StageCall], rounds: int) -> dict[T, Cost]:
    """Time each of `calls`.

    All take turns in every round, so that other work of the machine affects all alike.
    """
    wall_ms: dict[T, list[float]] = {name: [] for name in calls}
    cpu_ms: dict[T, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()  # The first call of each also sets up its memory.
    for _ in tqdm(range(rounds), desc="rounds", leave=False):
        for name, call in calls.items():
            wall, cpu = _time_round_ms(call)
            wall_ms[name].append(wall)
            cpu_ms[name].append(cpu)
    return {name: Cost(compute_spread(wall_ms[name]), compute_spread(cpu_ms[name])) for name in calls}


def _time_round_ms(call: StageCall) -> tuple[float, float]:
    """Return the median time and the mean CPU time of a call.

    On some systems the CPU clock is too coarse for one.
    """
    times_s: list[float] = []
    cpu_s, end_s = time.process_time(), time.perf_counter() + ROUND_S
    while len(times_s) < MIN_CALLS or time.perf_counter() < end_s:
        started_s = time.perf_counter()
        call()
        times_s.append(time.perf_counter() - started_s)
    return 1000 * median(times_s), 1000 * (time.process_time() - cpu_s) / len(times_s)


def _cycle_through(inputs: Sequence[T], function: Callable[[T], object]) -> StageCall:
    """Make a call that applies `function` to the next of `inputs` each time, without end."""
    turns = itertools.cycle(inputs)
    return lambda: function(next(turns))


def _make_inference_call(classifier: OnnxClassifier, crops: Sequence[Image]) -> StageCall:
    return lambda: classifier.classify(crops)


def _make_whole_search(detector: FaceDetector, min_face_px: int) -> Callable[[Frame], list[Face]]:
    def search(frame: Frame) -> list[Face]:
        whole = Box(0, 0, frame.width, frame.height)
        return detector.detect(frame, Search(whole, min_face_px, max(min_face_px, frame.height)))

    return search


def _make_region_search(detector: FaceDetector) -> Callable[[FaceInFrame], list[Face]]:
    def search(one: FaceInFrame) -> list[Face]:
        frame, face = one
        box, side = face.box, round(REGION_SCALE * face.box.height)
        left, top = box.left + (box.width - side) // 2, box.top + (box.height - side) // 2
        region = Box(left, top, side, side).clip_to(frame)
        sizes_px = round(MIN_SIZE * box.height), round(MAX_SIZE * box.height)
        return detector.detect(frame, Search(region, *sizes_px))

    return search


def _make_detectors(config: Config) -> list[FaceDetector]:
    """Make Haar, and YuNet where its model is present."""
    detectors = [build.make_detector(Config(detector="haar"))]
    if config.yunet or models.locate_yunet().is_file():
        detectors.append(build.make_detector(Config(detector="yunet", yunet=config.yunet)))
    return detectors


def _make_grey_frame(clip: Clip, index: int) -> Frame:
    grey = np.asarray(cv2.imdecode(clip.get_jpeg(index), cv2.IMREAD_GRAYSCALE), np.uint8)
    return Frame(grey, PixelFormat.GREY, clip.width, clip.height, index, 0.0, index / clip.fps)


def _find_faces(frames: Sequence[Frame], detector: FaceDetector, min_face_px: int) -> list[FaceInFrame]:
    """Find the best face of each frame that has any; raises CameraError where no frame has one."""
    search = _make_whole_search(detector, min_face_px)
    found = [(frame, faces[0]) for frame in frames if (faces := search(frame))]
    if not found:
        raise CameraError(
            f"expected a face in the clip, found none in {len(frames)} frames by {detector.name}; "
            "name another clip with --clip"
        )
    return found


def _make_result(clip: Clip, one: FaceInFrame, classifier: OnnxClassifier) -> Result:
    """Make what sinks get of a frame with a face; its colour is decoded already."""
    frame, face = one
    (expression,) = classifier.classify([classifier.crop(frame, face)])
    picture = clip.decode_picture(frame.number)
    coloured = Frame(picture, PixelFormat.BGR, frame.width, frame.height, frame.number, 0.0, 0.0)
    return Result(coloured, (Reading(face, expression, expression),), 0.0, 0.0)
