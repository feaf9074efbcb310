"""The stats of a scene: agreement of the pipeline with a full search, delays, and changes of label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import tables
from benchmarks.agreement import face_agreement, label_stability
from benchmarks.agreement.face_agreement import ComparedFrame

# The scene in which the classifier is made to change its labels on purpose.
CHANGING = "changing"
_HEAD = [
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
_AIMS = ["aim", "≥ 98 %", "≥ 98 %", "", "≤ 300", "≤ 500", "1", "", "≥ 3", "≤ 300"]


@dataclass(frozen=True, slots=True)
class SceneStats:
    """The stats of one scene, by their names in the JSON."""

    frames: int
    with_faces: int
    """Frames in which the full search finds a face."""
    agreeing: int
    """Those of them in which the pipeline has every one of these faces."""
    with_known_faces: int
    """Frames in which the full search finds a face that is not new."""
    agreeing_on_known: int
    extra: int
    """Frames in which the pipeline shows a face that the full search does not find there."""
    found_after_ms: list[float | None]
    """For each face, how late the pipeline has it; None where it never does."""
    dropped_after_ms: list[float]
    ids: list[int]
    """For each face, the number of track ids that the pipeline gave it."""
    minutes: float
    """The length of all tracks together."""
    raw_changes: int
    smoothed_changes: int
    label_delays_ms: list[float]


def compute_stats(frames: Sequence[ComparedFrame], *, is_scripted: bool = False) -> SceneStats:
    """Compute the stats of one scene.

    Where it `is_scripted`, the script says when a face leaves; elsewhere the full search does.
    """
    visits = face_agreement.find_visits(frames)
    tracks = label_stability.collect_histories(frames)
    found = [face_agreement.measure_detection_delay_s(frames, visit) for visit in visits]
    dropped = [face_agreement.measure_drop_delay_s(frames, visit, by_cut=is_scripted) for visit in visits]
    agreeing, with_faces = face_agreement.count_agreeing(frames)
    agreeing_on_known, with_known_faces = face_agreement.count_agreeing_on_known(frames)
    return SceneStats(
        frames=len(frames),
        with_faces=with_faces,
        agreeing=agreeing,
        with_known_faces=with_known_faces,
        agreeing_on_known=agreeing_on_known,
        extra=face_agreement.count_with_extra_faces(frames),
        found_after_ms=[None if delay_s is None else _to_ms(delay_s) for delay_s in found],
        dropped_after_ms=[_to_ms(delay_s) for delay_s in dropped if delay_s is not None],
        ids=[face_agreement.count_ids(frames, visit) for visit in visits],
        minutes=sum(track.times_s[-1] - track.times_s[0] for track in tracks) / 60,
        raw_changes=sum(label_stability.count_changes(track.raw) for track in tracks),
        smoothed_changes=sum(label_stability.count_changes(track.smoothed) for track in tracks),
        label_delays_ms=[
            _to_ms(delay_s) for track in tracks for delay_s in label_stability.measure_label_delays_s(track)
        ],
    )


def combine(by_scene: Mapping[str, SceneStats]) -> SceneStats:
    """Combine all scenes; the changes of label that CHANGING makes on purpose are left out."""
    scenes = list(by_scene.values())
    natural = [scene for name, scene in by_scene.items() if name != CHANGING]
    return SceneStats(
        frames=sum(scene.frames for scene in scenes),
        with_faces=sum(scene.with_faces for scene in scenes),
        agreeing=sum(scene.agreeing for scene in scenes),
        with_known_faces=sum(scene.with_known_faces for scene in scenes),
        agreeing_on_known=sum(scene.agreeing_on_known for scene in scenes),
        extra=sum(scene.extra for scene in scenes),
        found_after_ms=[delay for scene in scenes for delay in scene.found_after_ms],
        dropped_after_ms=[delay for scene in scenes for delay in scene.dropped_after_ms],
        ids=[count for scene in scenes for count in scene.ids],
        minutes=sum(scene.minutes for scene in natural),
        raw_changes=sum(scene.raw_changes for scene in natural),
        smoothed_changes=sum(scene.smoothed_changes for scene in natural),
        label_delays_ms=[delay for scene in scenes for delay in scene.label_delays_ms],
    )


def format_scenes(by_scene: Mapping[str, SceneStats]) -> str:
    """Format a table: a row for each scene, one for all of them, and the aims."""
    rows = [_make_row(name, scene) for name, scene in by_scene.items()]
    return tables.format_table(_HEAD, [*rows, _make_row("all", combine(by_scene)), _AIMS])


def _make_row(name: str, scene: SceneStats) -> list[str]:
    raw, smoothed = (
        changes / scene.minutes if scene.minutes else 0.0
        for changes in (scene.raw_changes, scene.smoothed_changes)
    )
    ratio = f"{raw / smoothed:.1f}" if smoothed else "∞" if raw else "-"
    return [
        name,
        _format_share(scene.agreeing, scene.with_faces),
        _format_share(scene.agreeing_on_known, scene.with_known_faces),
        str(scene.extra),
        _format_delays(scene.found_after_ms),
        _format_delays(scene.dropped_after_ms),
        str(max(scene.ids, default=0)),
        f"{raw:.0f} → {smoothed:.0f}",
        ratio,
        _format_delays(scene.label_delays_ms),
    ]


def _format_share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} of {whole}" if whole else "no face"


def _format_delays(delays_ms: Sequence[float | None]) -> str:
    """Format the median, the longest in brackets, the number of delays, and after ! how many never ended."""
    known = [delay_ms for delay_ms in delays_ms if delay_ms is not None]
    never = len(delays_ms) - len(known)
    text = f"{median(known):.0f} ({max(known):.0f}) ×{len(known)}" if known else "-"
    return f"{text} !{never}" if never else text


def _to_ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
