"""The loop that every peer's runner shares: the same frames, decoded the same way, and one clock for all of them."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

# Green, blue first.
GREEN = (0, 255, 0)


class Stopwatch:
    """Times the drawn frames of one run."""

    def __init__(
        self,
        started_s: float,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        """`started_s` is when the process was asked for, by the same clock."""
        self._started_s, self._clock, self._cpu_clock = started_s, clock, cpu_clock
        self._first: tuple[float, float] | None = None
        self._last = (0.0, 0.0)
        self._frames = self._with_face = 0

    def drawn(self, faces: int) -> None:
        """A frame with so many faces is analysed and drawn."""
        self._last = self._clock(), self._cpu_clock()
        self._first = self._first or self._last
        self._frames += 1
        self._with_face += faces > 0

    def report(self) -> dict[str, float]:
        """Rates over all frames after the first, which pays for what is made at first use; it needs two frames."""
        if self._first is None or self._frames == 1:
            raise ValueError(
                f"expected two frames or more to time, found {self._frames}: the clip is too short"
            )
        after = self._frames - 1
        return {
            "frames": self._frames,
            "frames_with_face": self._with_face,
            "frames_per_s": after / (self._last[0] - self._first[0]),
            "cpu_ms_per_frame": 1000 * (self._last[1] - self._first[1]) / after,
            "first_result_s": self._first[0] - self._started_s,
            "rss_mb": _resident_mb(),
        }


def parser() -> argparse.ArgumentParser:
    """The options that every runner takes."""
    options = argparse.ArgumentParser()
    options.add_argument("--clip", type=Path, required=True)
    options.add_argument("--frames", type=int, required=True)
    options.add_argument("--started", type=float, required=True, metavar="S")
    return options


def pictures(clip: Path, frames: int) -> Iterator[Any]:
    """So many frames, (H, W, 3) uint8, blue first: the clip, from its start again at each end."""
    import cv2

    given = 0
    while given < frames:
        capture, before = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG), given
        while given < frames and (read := capture.read())[0]:
            yield read[1]
            given += 1
        capture.release()
        if given == before:
            raise ValueError(f"expected a video that FFmpeg can read in {clip}, found none")


def play(chosen: argparse.Namespace, read: Callable[[Any], int]) -> None:
    """Give each frame to `read`, which draws on it what it found and returns how many faces; print the report."""
    stopwatch = Stopwatch(chosen.started)
    for picture in pictures(chosen.clip, chosen.frames):
        stopwatch.drawn(read(picture))
    tell(stopwatch)


def haar() -> Any:
    """The frontal cascade of OpenCV's wheel."""
    import cv2

    return cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
    )


def mark(picture: Any, box: Sequence[int], label: str) -> None:
    """A rectangle (left, top, width, height) and a word: the least that a drawn result needs."""
    import cv2

    left, top, width, height = box
    cv2.rectangle(picture, (left, top), (left + width, top + height), GREEN, 2)
    cv2.putText(picture, label, (left, top - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.6, GREEN, 2)


def tell(stopwatch: Stopwatch) -> None:
    """The report as the last line of stdout."""
    print(json.dumps(stopwatch.report()))
    sys.stdout.flush()


def _resident_mb() -> float:
    """What this process holds of the memory now, MB of 10^6 bytes."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024 / 1e6
