"""Runs the program's own face finder and expression reader over pictures, with and without noise."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.steadiness.crop_geometry import CropSquare, make_ramp_frame, make_ramps, measure_crop
from benchmarks.steadiness.face_steadiness import FaceResult
from edge import build
from edge.contracts import Classifier, Expression, Face
from edge.faces.classifier import OnnxClassifier
from edge.faces.finder import TrackingFaceFinder
from edge.faces.reader import SmoothingExpressionReader
from edge.frames import Frame, Image, PixelFormat
from edge.settings.config import Config


class CropMeasuringClassifier:
    """A Classifier that measures the square of each crop it makes."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.labels = classifier.labels
        self.squares: dict[int | None, CropSquare] = {}
        """The square of the newest crop of each track, by its track_id."""

    def crop(self, frame: Frame, face: Face) -> Image:
        """Crop as the classifier does, and crop ramps in the same way."""
        ramps = make_ramps(face.box)
        crops = [self._classifier.crop(make_ramp_frame(ramp, frame), face) for ramp in ramps]
        self.squares[face.track_id] = measure_crop(ramps, crops, (frame.width, frame.height))
        return self._classifier.crop(frame, face)

    def classify(self, crops: Sequence[Image]) -> list[Expression]:
        """Classify as the classifier does."""
        return self._classifier.classify(crops)


def measure_run(pictures: Iterable[Image], fps: float, config: Config) -> list[list[FaceResult]]:
    """Run the app's parts, made anew, over `pictures` (H, W, 3), BGR; return the faces of each."""
    detector = build.make_detector(config)
    model, threads, _ = build.choose_model(config)
    classifier = CropMeasuringClassifier(OnnxClassifier(Path(model), detector.name, threads))
    finder = TrackingFaceFinder(build.make_tracker(config), detector)
    reader = SmoothingExpressionReader(classifier, build.make_smoother())
    run = []
    for number, picture in enumerate(pictures):
        frame = make_picture_frame(picture, number, fps)
        readings = reader.read(frame, finder.find(frame))
        run.append(
            [
                FaceResult(
                    reading.face.box,
                    classifier.squares[reading.face.track_id],
                    reading.smoothed.probabilities,
                    reading.smoothed.label,
                )
                for reading in readings
            ]
        )
    return run


def make_picture_frame(picture: Image, number: int, fps: float) -> Frame:
    """Make frame `number` of a video without loss."""
    height, width = picture.shape[:2]
    at_s = number / fps
    return Frame(picture, PixelFormat.BGR, width, height, number, at_s, at_s)


def add_noise(pictures: Iterable[Image], levels: float, seed: int) -> Iterator[Image]:
    """Add noise of that standard deviation, the same to all colours of a pixel; the same in every run."""
    for number, picture in enumerate(pictures):
        noise = np.random.default_rng((seed, number)).normal(0, levels, picture.shape[:2])
        noisy = picture + np.rint(noise)[..., np.newaxis]
        yield np.clip(noisy, 0, 255).astype(np.uint8)
