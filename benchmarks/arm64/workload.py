"""The work of each frame, stage by stage, with marks for the plugin that counts instructions.

    python -m benchmarks.arm64.workload CLIP FRAMES haar|yunet follow|whole [YUNET]

It prints what it found as JSON.  It runs both as arm64 code under the emulator and as the machine's own code:
the marks are system calls that do nothing.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

from benchmarks.arm64.instruction_counts import NOTHING, get_codes
from benchmarks.clip import Clip, ClipCamera, open_clip
from edge import build, models
from edge.command import command, make_parser
from edge.contracts import Box, Face, FaceDetector, Reading, Result, Search, Tracker
from edge.drawing import overlay
from edge.faces.classifier import OnnxClassifier
from edge.frames import Frame
from edge.settings.config import Config

# How many laps around nothing are marked.
TRIALS = 9
# The quality of the stream's JPEGs.
QUALITY = 80


@contextmanager
def mark_stage(stage: str) -> Iterator[None]:
    """Mark the work in this context as that of `stage`."""
    before, after = get_codes(stage)
    _make_mark(before)
    yield
    _make_mark(after)


def _make_mark(code: int) -> None:
    with suppress(OSError):
        os.getpgid(-code)


class MarkingDetector:
    """A FaceDetector that marks each search of another one by its purpose."""

    def __init__(self, detector: FaceDetector) -> None:
        self._detector, self.name = detector, detector.name
        self.region_grid = detector.region_grid
        self._parts: Sequence[Search] = ()

    def plan_searches(self, width: int, height: int, min_face_px: int) -> Sequence[Search]:
        """Plan as the detector does, and remember the plan."""
        self._parts = self._detector.plan_searches(width, height, min_face_px)
        return self._parts

    def detect(self, frame: Frame, search: Search) -> list[Face]:
        """Detect as the detector does."""
        is_whole = (search.region.width, search.region.height) == (frame.width, frame.height)
        stage = "part search" if search in self._parts else "whole search" if is_whole else "region search"
        with mark_stage(stage):
            return self._detector.detect(frame, search)


class WholeFrameTracker:
    """A Tracker that follows no face: it searches every whole frame, as other programs of this kind do."""

    def __init__(self, min_face_px: int) -> None:
        self._min_face_px = min_face_px

    def track(self, frame: Frame, detector: FaceDetector) -> tuple[Face, ...]:
        """Find the faces, numbered from the best one."""
        whole = Search(Box(0, 0, frame.width, frame.height), self._min_face_px, frame.height)
        return tuple(
            replace(face, track_id=number) for number, face in enumerate(detector.detect(frame, whole))
        )


def process_frames(clip: Clip, frames: int, config: Config, *, follows: bool) -> list[dict[str, Any]]:
    """Do the work of `frames` frames; return for each its boxes and its probabilities by both models."""
    detector = MarkingDetector(build.make_detector(config))
    tracker: Tracker = build.make_tracker(config) if follows else WholeFrameTracker(config.min_face_px)
    smoother = build.make_smoother()
    classifier = build.make_classifier(config, detector)
    float_classifier = OnnxClassifier(models.locate_classifier().with_name("fer.float.onnx"), detector.name)
    for _ in range(TRIALS):
        with mark_stage(NOTHING):
            pass
    found = []
    for frame in ClipCamera(clip, frames):
        with mark_stage("decode grey"):
            frame.grey  # noqa: B018  computed on first use
        with mark_stage("search"):
            faces = tracker.track(frame, detector)
        with mark_stage("preprocess"):
            crops = [classifier.crop(frame, face) for face in faces]
        with mark_stage("infer int8"):
            expressions = classifier.classify(crops)
        with mark_stage("infer float"):
            float_expressions = float_classifier.classify(crops)
        with mark_stage("smooth"):
            readings = smoother.smooth(faces, crops, expressions, frame)
        _draw_as_watched(frame, readings)
        found.append(
            {
                "boxes": [[face.box.left, face.box.top, face.box.width, face.box.height] for face in faces],
                "int8": [expression.probabilities.tolist() for expression in expressions],
                "float": [expression.probabilities.tolist() for expression in float_expressions],
            }
        )
    return found


def _draw_as_watched(frame: Frame, readings: tuple[Reading, ...]) -> None:
    """Do what a frame costs besides while somebody watches: it is then decoded once, in colour."""
    watched = replace(frame)  # The copy has nothing decoded yet.
    with mark_stage("decode colour"):
        watched.decode_colour_first()
    with mark_stage("draw"):
        image = overlay.draw(Result(watched, readings, 0.0, 0.0), corner="30.0 FPS  9 ms")
    with mark_stage("encode"):
        cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Do the work that the command line asks for, and print what was found."""
    parser = make_parser("python -m benchmarks.arm64.workload", (__doc__ or "").partition("\n")[0])
    parser.add_argument("clip", type=Path, help="a file that benchmarks.clip.write_clip wrote")
    parser.add_argument("frames", type=int, help="how many of them")
    parser.add_argument("detector", choices=["haar", "yunet"])
    parser.add_argument("how", choices=["follow", "whole"], help="follow faces, or search every whole frame")
    parser.add_argument("yunet", nargs="?", help="YuNet's model file")
    chosen = parser.parse_args(arguments)
    config = Config(camera="demo", detector=chosen.detector, yunet=chosen.yunet)
    # One thread, because the plugin's count has no lock.
    cv2.setNumThreads(1)
    with open_clip(chosen.clip) as clip:
        print(json.dumps(process_frames(clip, chosen.frames, config, follows=chosen.how == "follow")))


if __name__ == "__main__":
    sys.exit(main())
