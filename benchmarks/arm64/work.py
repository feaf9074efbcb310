"""The work of each frame, stage by stage, marked for the plugin that counts; tells faces and probabilities as JSON.

    python -m benchmarks.arm64.work CLIP.npz FRAMES DETECTOR follow|whole [YUNET]

Runs as arm64 code under the emulator and as the machine's own code alike: the marks are system calls that do nothing.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

from benchmarks.arm64 import laps
from benchmarks.clip import Clip, ClipCamera, stored
from edge import build, models
from edge.command import command, make_parser
from edge.contracts import Box, Face, FaceDetector, Result, Search, Tracker
from edge.drawing import overlay
from edge.faces.classifier import OnnxClassifier
from edge.frames import Frame
from edge.settings.config import Config

# How often a mark around nothing is made.
TRIALS = 9
QUALITY = 80


@contextmanager
def marked(stage: str) -> Iterator[None]:
    """Marks the work within as that of `stage`."""
    before, after = laps.codes(stage)
    _mark(before)
    yield
    _mark(after)


def _mark(code: int) -> None:
    try:
        os.getpgid(-code)
    except OSError:
        pass


class MarkedDetector:
    """A FaceDetector that marks what each search of another one is for."""

    def __init__(self, detector: FaceDetector) -> None:
        self._detector, self.name = detector, detector.name
        self._parts: Sequence[Search] = ()

    def plan_searches(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        """Those of the detector."""
        self._parts = self._detector.plan_searches(width, height, min_face_px)
        return self._parts

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        """The detector's faces."""
        is_whole = (search.region.width, search.region.height) == (frame.width, frame.height)
        stage = "part search" if search in self._parts else "whole search" if is_whole else "region search"
        with marked(stage):
            return self._detector.detect(frame, search)


class WholeFrameTracker:
    """A Tracker that follows nobody: every whole frame is searched, as programs of this kind do."""

    def __init__(self, min_face_px: int) -> None:
        self._min_face_px = min_face_px

    def track(self, frame: Frame, detector: FaceDetector) -> tuple[Face, ...]:
        """The faces, numbered from the best one."""
        whole = Search(Box(0, 0, frame.width, frame.height), self._min_face_px, frame.height)
        return tuple(
            replace(face, track_id=number) for number, face in enumerate(detector.detect(frame, whole))
        )


def worked(clip: Clip, frames: int, config: Config, *, follows: bool) -> list[dict[str, Any]]:
    """Do the work of so many frames; what was found in each."""
    detector = MarkedDetector(build.make_detector(config))
    tracker: Tracker = build.make_tracker(config) if follows else WholeFrameTracker(config.min_face_px)
    smoother = build.make_smoother()
    classifier = build.make_classifier(config, detector)
    floats = OnnxClassifier(models.classifier_path().with_name("fer.float.onnx"), detector.name)
    for _ in range(TRIALS):
        with marked(laps.NOTHING):
            pass
    told = []
    for frame in ClipCamera(clip, frames):
        with marked("decode grey"):
            frame.grey
        with marked("search"):
            faces = tracker.track(frame, detector)
        with marked("preprocess"):
            crops = [classifier.crop(frame, face) for face in faces]
        with marked("infer int8"):
            expressions = classifier.classify(crops)
        with marked("infer float"):
            exact = floats.classify(crops)
        with marked("smooth"):
            readings = smoother.smooth(faces, crops, expressions, frame)
        # Where somebody watches, a frame is decoded once, in colour.
        watched = replace(frame)
        with marked("decode colour"):
            watched.decode_colour_first()
        with marked("draw"):
            image = overlay.draw(Result(watched, readings, 0.0, 0.0), corner="30.0 FPS  9 ms")
        with marked("encode"):
            cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        told.append(
            {
                "boxes": [[face.box.left, face.box.top, face.box.width, face.box.height] for face in faces],
                "int8": [expression.probabilities.tolist() for expression in expressions],
                "float": [expression.probabilities.tolist() for expression in exact],
            }
        )
    return told


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Work, and print what was found."""
    parser = make_parser("python -m benchmarks.arm64.work", (__doc__ or "").partition("\n")[0])
    parser.add_argument("clip", type=Path, help="a file of frames that benchmarks.clip stored")
    parser.add_argument("frames", type=int, help="how many of them")
    parser.add_argument("detector", choices=["haar", "yunet"])
    parser.add_argument("how", choices=["follow", "whole"], help="follow faces, or search every whole frame")
    parser.add_argument("yunet", nargs="?", help="YuNet's model file")
    chosen = parser.parse_args(arguments)
    config = Config(camera="demo", detector=chosen.detector, yunet=chosen.yunet)
    # One thread: the plugin's count is not locked.
    cv2.setNumThreads(1)
    with stored(chosen.clip) as clip:
        print(json.dumps(worked(clip, chosen.frames, config, follows=chosen.how == "follow")))


if __name__ == "__main__":
    sys.exit(main())
