"""The line for as long as one likes, faces and viewers coming and going: does it grow?"""

import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.clip import Clip, encoded, store
from benchmarks.endurance.viewers import Viewers
from benchmarks.passes.worker import PassRequest
from benchmarks.scenes import SCENES, Stage
from benchmarks.speed import line
from benchmarks.speed.line import Pass
from edge.contracts import Box
from edge.frames import Image
from edge.settings.config import Config

# What the camera sees in turn, each for so long, s of media time; all of the clip's own size.
SEEN, SCENE_S = ("away", "passing", "nearing", "dim"), 6.0
# Memory is given back late and in pages: it has grown when it is beyond both.
MOST_GROWTH, MOST_GROWTH_MB = 0.02, 2.0
# Before it is looked at nobody watches for so long, that connections may end; then so many looks, a second apart.
SETTLE_S, LOOKS = 5.0, 5
SAMPLE_EVERY_S = 5.0
# The results that the process itself keeps, of which there are as many in the first minute already.
KEPT = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds at `at_s`, seconds after its start."""

    at_s: float
    rss_mb: float
    threads: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Soaked:
    """The samples of quiet moments, after the first minute and at the end, and those in between."""

    first: Sample
    last: Sample
    between: list[Sample]
    passed: Pass
    visits: dict[str, int]
    refused: dict[str, int]

    def grown(self) -> list[str]:
        """What has grown, a line each."""
        lines = [
            f"{name}: {before} after the first minute, {after} at the end"
            for name, before, after in (
                ("threads", self.first.threads, self.last.threads),
                ("descriptors", self.first.descriptors, self.last.descriptors),
            )
            if after > before
        ]
        growth_mb = self.last.rss_mb - self.first.rss_mb
        if growth_mb > max(MOST_GROWTH_MB, MOST_GROWTH * self.first.rss_mb):
            lines.append(f"memory: {growth_mb:.1f} MB more than after the first minute")
        return lines

    def mb_per_hour(self) -> float:
        """The slope of the memory between the two moments, least squares."""
        times_s, rss_mb = (
            [sample.at_s for sample in self.between],
            [sample.rss_mb for sample in self.between],
        )
        return float(np.polyfit(times_s, rss_mb, 1)[0]) * 3600 if len(self.between) > 1 else 0.0


def soaked(
    clip: Clip,
    face: Box,
    config: Config,
    *,
    minutes: float,
    viewers: int,
    fps: int,
    tell: Callable[[Sample], None],
) -> Soaked:
    """`minutes` of the line at `fps`; `tell` is called with every sample.  FerEdgeError when the line ends early."""
    first_at_s = min(60.0, 60 * minutes / 2)
    with tempfile.TemporaryDirectory() as folder:
        stored, duration_s = Path(folder, "clip"), 60 * minutes
        store(replace(clip, jpegs=list(_seen(Stage(clip, face)))), stored)
        order = PassRequest(
            config=config,
            clip=str(stored),
            frames=round((duration_s + 600) * fps),
            live_fps=fps,
            viewer=True,
            time_libraries=False,
            kept=KEPT,
        )
        with line.started(order) as (process, url):
            started_s = time.monotonic()
            watch = _Watch(process, started_s, tell)
            crowds = [Viewers(url, viewers, seed) for seed in range(3)]
            # Twice: the memory of viewers who come back after all had gone is there from the first minute on.
            for crowd, until_s in zip(crowds, (first_at_s / 2, first_at_s), strict=False):
                with crowd:
                    watch.until(max(until_s, watch.now_s() + SAMPLE_EVERY_S))
                first = watch.quiet()
            watch.samples.clear()
            with crowds[-1]:
                watch.until(max(duration_s, watch.now_s() + SAMPLE_EVERY_S))
            between, last = list(watch.samples), watch.quiet()
            process.terminate()
            passed = line.finished(process, started_s)
    return Soaked(
        first,
        last,
        between,
        passed,
        dict(sum((crowd.visits for crowd in crowds), Counter[str]())),
        dict(sum((crowd.refused for crowd in crowds), Counter[str]())),
    )


class _Watch:
    """Samples a process from outside."""

    def __init__(
        self, process: "subprocess.Popen[str]", started_s: float, tell: Callable[[Sample], None]
    ) -> None:
        self._process, self._started_s, self._tell = process, started_s, tell
        self._proc = Path(f"/proc/{process.pid}")
        self.samples: list[Sample] = []

    def now_s(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started_s

    def until(self, at_s: float) -> None:
        """Sample now and then until `at_s` after the start."""
        while (left_s := at_s - self.now_s()) > 0:
            time.sleep(min(SAMPLE_EVERY_S, left_s))
            self.samples.append(self._sample())
            self._tell(self.samples[-1])

    def quiet(self) -> Sample:
        """The median of some samples while nobody watches."""
        time.sleep(SETTLE_S)
        looks = list(self._looks())
        sample = Sample(
            looks[-1].at_s,
            median(look.rss_mb for look in looks),
            max(look.threads for look in looks),
            max(look.descriptors for look in looks),
        )
        self._tell(sample)
        return sample

    def _looks(self) -> Iterator[Sample]:
        for _ in range(LOOKS):
            yield self._sample()
            time.sleep(1)

    def _sample(self) -> Sample:
        if self._process.poll() is not None:
            line.finished(self._process, self._started_s)  # Raises with its own words where it failed.
            raise line.PassError(
                "expected the line to run until it is stopped, found it ended; run this again"
            )
        status = dict(
            row.split(":\t", 1) for row in (self._proc / "status").read_text().splitlines() if ":\t" in row
        )
        return Sample(
            self.now_s(),
            int(status["VmRSS"].split()[0]) * 1024 / 1e6,
            int(status["Threads"]),
            len(list((self._proc / "fd").iterdir())),
        )


def _seen(stage: Stage) -> Iterator[Image]:
    for name in SEEN:
        for index in range(round(SCENE_S * stage.clip.fps)):
            yield encoded(SCENES[name](stage, index))
