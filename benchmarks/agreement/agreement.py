"""What following faces gives away: the line's faces against a search of every whole frame by the same detector."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from tqdm import tqdm

from benchmarks import tables
from benchmarks.agreement import quality
from benchmarks.agreement.quality import Moment, Seen
from benchmarks.clip import Clip, encoded
from benchmarks.scenes import CUTS, SCENES, Scene, Stage, is_cut
from edge import build
from edge.contracts import Box, Classifier, Expression, Face, FaceDetector, Search
from edge.errors import CameraError
from edge.faces.finder import TrackingFaceFinder
from edge.faces.reader import SmoothingExpressionReader
from edge.frames import Frame, Image, PixelFormat
from edge.settings.config import Config

# The scene in which the classifier is made to change its mind, how often, and for how long a moment of the clip lasts
# that is shown forwards and backwards meanwhile, s of media time.
CHANGING, CHANGES_EVERY_S, CALM_S = "changing", 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the line did in one scene; a delay is None where the line never had the face."""

    frames: int
    with_faces: int
    agreeing: int
    with_known_faces: int
    """Frames in which the full search finds a face that is not new."""
    agreeing_on_known: int
    extra: int
    """Frames in which the line shows a face that the full search does not find there."""
    found_after_ms: list[float | None]
    dropped_after_ms: list[float]
    ids: list[int]
    """Under how many ids the line had each face."""
    minutes: float
    """Of all tracks together."""
    raw_changes: int
    smoothed_changes: int
    label_delays_ms: list[float]


class Swapped:
    """A Classifier that from time to time takes one expression for another, lastingly, as if a face had changed."""

    def __init__(self, classifier: Classifier, swap: tuple[str, str]) -> None:
        self._classifier = classifier
        self.labels = classifier.labels
        self._swap = [self.labels.index(label) for label in swap]
        self._at_s = 0.0

    def crop(self, frame: Frame, face: Face) -> Image:
        """The classifier's own; `frame` tells the time."""
        self._at_s = frame.elapsed_s
        return self._classifier.crop(frame, face)

    def classify(self, crops: Sequence[Image]) -> list[Expression]:
        """The classifier's own, the probabilities of the two labels exchanged every other CHANGES_EVERY_S."""
        expressions = self._classifier.classify(crops)
        if self._at_s // CHANGES_EVERY_S % 2 == 0:
            return expressions
        order = list(range(len(self.labels)))
        first, other = self._swap
        order[first], order[other] = other, first
        return [Expression(expression.probabilities[order], self.labels) for expression in expressions]


def measured(clip: Clip, config: Config, classifier: Classifier, seconds: float) -> dict[str, Agreement]:
    """`clip` in every scene for `seconds` each, and once more with a classifier that changes its mind."""
    stage = Stage(clip, first_face(clip, config))
    count = round(seconds * clip.fps)
    found: dict[str, Agreement] = {}
    filmed: list[Moment] = []
    for name, scene in tqdm(SCENES.items(), desc="scenes", leave=False):
        moments = [
            replace(moment, is_cut=is_cut(name, stage, index))
            for index, moment in enumerate(_moments(scene, stage, count, config, classifier))
        ]
        filmed = filmed or moments
        found[name] = judged(moments, is_scripted=name in CUTS)
    swapped = Swapped(classifier, _likeliest(filmed, classifier.labels))
    calm = Stage(_calm(clip, filmed), stage.face)
    found[CHANGING] = judged(list(_moments(SCENES["filmed"], calm, count, config, swapped)))
    return found


def judged(moments: Sequence[Moment], *, is_scripted: bool = False) -> Agreement:
    """The figures of one scene; when faces leave is known where it `is_scripted`, and else by the full search."""
    faces = quality.presences(moments)
    tracks = quality.labelled(moments)
    found = [quality.found_after_s(moments, face) for face in faces]
    dropped = [quality.dropped_after_s(moments, face, by_cut=is_scripted) for face in faces]
    agreeing, with_faces = quality.agreeing(moments)
    agreeing_on_known, with_known_faces = quality.agreeing_on_known(moments)
    return Agreement(
        frames=len(moments),
        with_faces=with_faces,
        agreeing=agreeing,
        with_known_faces=with_known_faces,
        agreeing_on_known=agreeing_on_known,
        extra=quality.extra(moments),
        found_after_ms=[None if after_s is None else _ms(after_s) for after_s in found],
        dropped_after_ms=[_ms(after_s) for after_s in dropped if after_s is not None],
        ids=[quality.ids_of(moments, face) for face in faces],
        minutes=sum(track.times_s[-1] - track.times_s[0] for track in tracks) / 60,
        raw_changes=sum(quality.changes(track.raw) for track in tracks),
        smoothed_changes=sum(quality.changes(track.smoothed) for track in tracks),
        label_delays_ms=[_ms(delay_s) for track in tracks for delay_s in quality.label_delays_s(track)],
    )


def table(found: dict[str, Agreement]) -> str:
    """A line per scene, one for all, and what is aimed at."""
    head = [
        "scene",
        "agreeing",
        "on known faces",
        "extra frames",
        "found after ms",
        "dropped after ms",
        "most ids",
        "changes/min",
        "ratio",
        "label delay ms",
    ]
    aims = ["aim", "≥ 98 %", "≥ 98 %", "", "≤ 300", "≤ 500", "1", "", "≥ 3", "≤ 300"]
    rows = [_row(name, scene) for name, scene in found.items()]
    return tables.table(head, [*rows, _row("all", together(found)), aims])


def together(found: dict[str, Agreement]) -> Agreement:
    """The scenes as one; changes of label that are made on purpose are not counted."""
    scenes = list(found.values())
    counted = [scene for name, scene in found.items() if name != CHANGING]
    return Agreement(
        frames=sum(scene.frames for scene in scenes),
        with_faces=sum(scene.with_faces for scene in scenes),
        agreeing=sum(scene.agreeing for scene in scenes),
        with_known_faces=sum(scene.with_known_faces for scene in scenes),
        agreeing_on_known=sum(scene.agreeing_on_known for scene in scenes),
        extra=sum(scene.extra for scene in scenes),
        found_after_ms=[delay for scene in scenes for delay in scene.found_after_ms],
        dropped_after_ms=[delay for scene in scenes for delay in scene.dropped_after_ms],
        ids=[count for scene in scenes for count in scene.ids],
        minutes=sum(scene.minutes for scene in counted),
        raw_changes=sum(scene.raw_changes for scene in counted),
        smoothed_changes=sum(scene.smoothed_changes for scene in counted),
        label_delays_ms=[delay for scene in scenes for delay in scene.label_delays_ms],
    )


def _row(name: str, scene: Agreement) -> list[str]:
    raw, smoothed = (
        changes / scene.minutes if scene.minutes else 0.0
        for changes in (scene.raw_changes, scene.smoothed_changes)
    )
    ratio = f"{raw / smoothed:.1f}" if smoothed else "-" if not raw else "∞"
    return [
        name,
        _share(scene.agreeing, scene.with_faces),
        _share(scene.agreeing_on_known, scene.with_known_faces),
        str(scene.extra),
        _delays(scene.found_after_ms),
        _delays(scene.dropped_after_ms),
        str(max(scene.ids, default=0)),
        f"{raw:.0f} → {smoothed:.0f}",
        ratio,
        _delays(scene.label_delays_ms),
    ]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} of {whole}" if whole else "no face"


def _delays(delays_ms: Sequence[float | None]) -> str:
    known = [delay_ms for delay_ms in delays_ms if delay_ms is not None]
    never = len(delays_ms) - len(known)
    text = f"{median(known):.0f} ({max(known):.0f}) ×{len(known)}" if known else "-"
    return f"{text} !{never}" if never else text


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def first_face(clip: Clip, config: Config) -> Box:
    """The best face of the first frame that has one, by a full search; CameraError where none has."""
    detector = build.make_detector(config)
    for index in range(len(clip.jpegs)):
        if faces := _full_search(_frame(clip.jpeg(index), clip, index), detector, config.min_face_px):
            return faces[0].box
    raise CameraError(
        f"expected a face in the clip, found none in {len(clip.jpegs)} frames by {detector.name}; "
        "name another clip with --clip, or another detector"
    )


def _moments(
    scene: Scene, stage: Stage, count: int, config: Config, classifier: Classifier
) -> Iterator[Moment]:
    """The line's work on each frame as its stages do it, and the full search by another detector of the same kind."""
    finder = TrackingFaceFinder(build.make_tracker(config), build.make_detector(config))
    reader = SmoothingExpressionReader(classifier, build.make_smoother())
    searching = build.make_detector(config)
    for index in range(count):
        picture = scene(stage, index)
        frame = _frame(encoded(picture), stage.clip, index, picture)
        readings = reader.read(frame, finder.find(frame))
        full = _full_search(frame, searching, config.min_face_px)
        yield Moment(
            frame.elapsed_s,
            [
                Seen(reading.face.box, reading.face.track_id or 0, reading.raw.label, reading.smoothed.label)
                for reading in readings
            ],
            [face.box for face in full],
        )


def _frame(jpeg: Image, clip: Clip, index: int, picture: Image | None = None) -> Frame:
    height, width = (clip.height, clip.width) if picture is None else picture.shape[:2]
    at_s = index / clip.fps
    return Frame(jpeg, PixelFormat.MJPG, width, height, index, at_s, at_s)


def _full_search(frame: Frame, detector: FaceDetector, min_face_px: int) -> list[Face]:
    whole = Box(0, 0, frame.width, frame.height)
    return detector.detect(frame, Search(whole, min_face_px, max(min_face_px, frame.height)))


def _calm(clip: Clip, filmed: Sequence[Moment]) -> Clip:
    """CALM_S of the clip in which its faces are called by the same label as long as can be."""
    length = min(len(clip.jpegs), len(filmed), max(1, round(CALM_S * clip.fps)))

    def steadiness(first: int) -> int:
        called = Counter(seen.raw for moment in filmed[first : first + length] for seen in moment.line)
        return max(called.values(), default=0)

    first = max(range(min(len(clip.jpegs), len(filmed)) - length + 1), key=steadiness)
    return replace(clip, jpegs=clip.jpegs[first : first + length])


def _likeliest(moments: Sequence[Moment], labels: Sequence[str]) -> tuple[str, str]:
    """The label that the clip's faces are called most often, and another."""
    called = Counter(seen.raw for moment in moments for seen in moment.line if seen.raw in labels)
    ranked = [label for label, _ in called.most_common()] + [label for label in labels if label not in called]
    return ranked[0], ranked[1]
