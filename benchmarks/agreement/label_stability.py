"""How steady the labels of a track are, and how late the smoothed label follows a lasting change."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.agreement.face_agreement import ComparedFrame

# A change of label is lasting where one label has this share of the time before it, and another of the time
# after it.
LASTING_S, LASTING_SHARE = 0.7, 0.8


@dataclass(frozen=True, slots=True)
class LabelHistory:
    """The labels of one track: the media time of each frame with its raw and its smoothed label."""

    times_s: Sequence[float]
    raw: Sequence[str]
    smoothed: Sequence[str]


def collect_histories(frames: Iterable[ComparedFrame]) -> list[LabelHistory]:
    """Collect the labels of each of the pipeline's tracks."""
    tracks: dict[int, list[tuple[float, str, str]]] = defaultdict(list)
    for frame in frames:
        for face in frame.tracked:
            tracks[face.track_id].append((frame.at_s, face.raw, face.smoothed))
    return [LabelHistory(*zip(*rows, strict=True)) for rows in tracks.values()]


def count_changes(labels: Sequence[str]) -> int:
    """Count how often a label is followed by another one."""
    return sum(before != after for before, after in pairwise(labels))


def measure_label_delays_s(history: LabelHistory) -> list[float]:
    """Measure for each lasting change of the raw label how long the smoothed label takes to follow.

    Where it never does, the delay counts to the end of the track.
    """
    times_s, delays_s, last_s = history.times_s, [], -math.inf
    for index in range(1, len(times_s)):
        now_s = times_s[index]
        if history.raw[index] == history.raw[index - 1] or now_s - last_s < LASTING_S:
            continue
        before = _find_prevailing_label(history, now_s - LASTING_S, now_s)
        after = _find_prevailing_label(history, now_s, now_s + LASTING_S)
        if before is None or after is None or before == after or history.raw[index] != after:
            continue
        last_s = now_s
        followed_s = next(
            (
                at_s
                for at_s, label in zip(times_s[index:], history.smoothed[index:], strict=True)
                if label == after
            ),
            times_s[-1],
        )
        delays_s.append(followed_s - now_s)
    return delays_s


def _find_prevailing_label(history: LabelHistory, from_s: float, until_s: float) -> str | None:
    """Find the raw label that has LASTING_SHARE of the frames from `from_s` to before `until_s`.

    None where no label has, or where the track does not cover the whole time.
    """
    if from_s < history.times_s[0] or until_s > history.times_s[-1]:
        return None
    raw = [
        label for at_s, label in zip(history.times_s, history.raw, strict=True) if from_s <= at_s < until_s
    ]
    if not raw:
        return None
    label, count = Counter(raw).most_common(1)[0]
    return label if count >= LASTING_SHARE * len(raw) else None
