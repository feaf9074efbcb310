"""Plays scenes to the pipeline's own parts, and searches every whole frame of them with the same detector."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tqdm import tqdm

from benchmarks.agreement.face_agreement import ComparedFrame, TrackedFace
from benchmarks.agreement.scene_stats import CHANGING, SceneStats, compute_stats
from benchmarks.clip import Clip, encode_jpeg
from benchmarks.scenes import CUTS, SCENES, Scene, SceneSource, is_cut
from benchmarks.whole_frame import find_first_face, make_frame, search_whole_frame
from edge import build
from edge.contracts import Classifier, Expression, Face
from edge.faces.finder import TrackingFaceFinder
from edge.faces.reader import SmoothingExpressionReader
from edge.frames import Frame, Image
from edge.settings.config import Config

# In the scene CHANGING the classifier exchanges two labels this often, while the steadiest part of the clip,
# of this length, is played forwards and backwards; s of media time.
CHANGES_EVERY_S, CALM_S = 2.0, 0.5


class LabelSwappingClassifier:
    """A Classifier that exchanges two labels from time to time, as if each face changed its expression."""

    def __init__(self, classifier: Classifier, swapped: tuple[str, str]) -> None:
        self._classifier = classifier
        self.labels = classifier.labels
        self._swapped = [self.labels.index(label) for label in swapped]
        self._media_time_s = 0.0

    def crop(self, frame: Frame, face: Face) -> Image:
        """Crop as the classifier does, and note the time of `frame`."""
        self._media_time_s = frame.elapsed_s
        return self._classifier.crop(frame, face)

    def classify(self, crops: Sequence[Image]) -> list[Expression]:
        """Classify as the classifier does; in every other CHANGES_EVERY_S exchange the two probabilities."""
        expressions = self._classifier.classify(crops)
        if self._media_time_s // CHANGES_EVERY_S % 2 == 0:
            return expressions
        order = list(range(len(self.labels)))
        first, other = self._swapped
        order[first], order[other] = other, first
        return [Expression(expression.probabilities[order], self.labels) for expression in expressions]


def measure_scenes(
    clip: Clip, config: Config, classifier: Classifier, seconds: float
) -> dict[str, SceneStats]:
    """Measure every scene made of `clip`, `seconds` long each, and CHANGING.

    Raises CameraError without a face.
    """
    source = SceneSource(clip, find_first_face(clip, config))
    count = round(seconds * clip.fps)
    stats: dict[str, SceneStats] = {}
    filmed: list[ComparedFrame] = []
    for name, scene in tqdm(SCENES.items(), desc="scenes", leave=False):
        frames = [
            replace(frame, is_cut=is_cut(name, source, index))
            for index, frame in enumerate(_compare_frames(scene, source, count, config, classifier))
        ]
        filmed = filmed or frames
        stats[name] = compute_stats(frames, is_scripted=name in CUTS)
    swapping = LabelSwappingClassifier(classifier, _find_likeliest_labels(filmed, classifier.labels))
    calm = SceneSource(_cut_calm_part(clip, filmed), source.face)
    changing = _compare_frames(SCENES["filmed"], calm, count, config, swapping)
    stats[CHANGING] = compute_stats(list(changing))
    return stats


def _compare_frames(
    scene: Scene, source: SceneSource, count: int, config: Config, classifier: Classifier
) -> Iterator[ComparedFrame]:
    """Do the pipeline's work on each frame, and the full search with another detector of the same kind."""
    finder = TrackingFaceFinder(build.make_tracker(config), build.make_detector(config))
    reader = SmoothingExpressionReader(classifier, build.make_smoother())
    detector = build.make_detector(config)
    for index in range(count):
        picture = scene(source, index)
        frame = make_frame(encode_jpeg(picture), source.clip, index, picture)
        tracked = [
            TrackedFace(
                reading.face.box, reading.face.track_id or 0, reading.raw.label, reading.smoothed.label
            )
            for reading in reader.read(frame, finder.find(frame))
        ]
        full = [face.box for face in search_whole_frame(frame, detector, config.min_face_px)]
        yield ComparedFrame(frame.elapsed_s, tracked, full)


def _cut_calm_part(clip: Clip, filmed: Sequence[ComparedFrame]) -> Clip:
    """Cut the CALM_S out of the clip in which its faces have one label most often."""
    length = min(len(clip.jpegs), len(filmed), max(1, round(CALM_S * clip.fps)))

    def count_most_common_label(first: int) -> int:
        labels = Counter(face.raw for frame in filmed[first : first + length] for face in frame.tracked)
        return max(labels.values(), default=0)

    starts = range(min(len(clip.jpegs), len(filmed)) - length + 1)
    first = max(starts, key=count_most_common_label)
    return replace(clip, jpegs=clip.jpegs[first : first + length])


def _find_likeliest_labels(frames: Sequence[ComparedFrame], labels: Sequence[str]) -> tuple[str, str]:
    """Find the two labels that the clip's faces have most often."""
    counts = Counter(face.raw for frame in frames for face in frame.tracked if face.raw in labels)
    ranked = [label for label, _ in counts.most_common()] + [label for label in labels if label not in counts]
    return ranked[0], ranked[1]
