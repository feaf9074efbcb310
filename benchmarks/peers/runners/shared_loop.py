"""The loop that all runners share: the same frames, decoded in the same way, timed by the same clock.

It runs in the environments of the peers, which have psutil and OpenCV but none of the app's other libraries.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

GREEN_BGR = (0, 255, 0)


class Stopwatch:
    """Times the drawn frames of one run."""

    def __init__(
        self,
        started_s: float,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        """`started_s` is when the process was started, by the same clock."""
        self._started_s, self._clock, self._cpu_clock = started_s, clock, cpu_clock
        self._first: tuple[float, float] | None = None
        self._last = (0.0, 0.0)
        self._frames = self._with_face = 0

    def record_frame(self, faces: int) -> None:
        """Record that a frame with this many faces was analysed and drawn."""
        self._last = self._clock(), self._cpu_clock()
        self._first = self._first or self._last
        self._frames += 1
        self._with_face += faces > 0

    def compute_stats(self) -> dict[str, float]:
        """Compute the rates over all frames after the first, which pays for what is made at first use.

        Raises ValueError with fewer than two frames.
        """
        # Imported only now, so that the first result is not later for it.
        import psutil

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
            # Resident memory, MB of 10^6 bytes.
            "rss_mb": psutil.Process().memory_info().rss / 1e6,
        }


def make_parser() -> argparse.ArgumentParser:
    """Make a parser with the options that every runner takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--started", type=float, required=True, metavar="S")
    return parser


def read_pictures(clip: Path, frames: int) -> Iterator[Any]:
    """Read `frames` frames, (H, W, 3) uint8, BGR; the clip starts again at its end."""
    import cv2

    count = 0
    while count < frames:
        capture, before = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG), count
        while count < frames and (read := capture.read())[0]:
            yield read[1]
            count += 1
        capture.release()
        if count == before:
            raise ValueError(f"expected a video that FFmpeg can read in {clip}, found none")


def run_over_clip(chosen: argparse.Namespace, analyse: Callable[[Any], int]) -> None:
    """Call `analyse` with each frame and print the stats.

    It draws what it finds and returns the number of faces.
    """
    stopwatch = Stopwatch(chosen.started)
    for picture in read_pictures(chosen.clip, chosen.frames):
        stopwatch.record_frame(analyse(picture))
    print_stats(stopwatch)


def load_frontal_cascade() -> Any:
    """Load the frontal face cascade from OpenCV's wheel."""
    import cv2

    folder = Path(cv2.__file__).parent / "data"
    return cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))


def draw_face(picture: Any, box: Sequence[int], label: str) -> None:
    """Draw a rectangle (left, top, width, height) and a label: the least that a drawn result needs."""
    import cv2

    left, top, width, height = box
    cv2.rectangle(picture, (left, top), (left + width, top + height), GREEN_BGR, 2)
    cv2.putText(picture, label, (left, top - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.6, GREEN_BGR, 2)


def print_stats(stopwatch: Stopwatch) -> None:
    """Print the stats as the last line of stdout."""
    print(json.dumps(stopwatch.compute_stats()))
    sys.stdout.flush()
