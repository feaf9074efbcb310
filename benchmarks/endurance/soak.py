"""The benchmark soak: the pipeline for minutes or hours while faces and viewers come and go; does it grow?"""

import tempfile
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic

import numpy as np

from benchmarks import arithmetic, options
from benchmarks.clip import Clip, encode_jpeg, load_clip, write_clip
from benchmarks.endurance import sampling
from benchmarks.endurance.growth import list_growth
from benchmarks.endurance.sampling import ProcessSampler, Sample
from benchmarks.endurance.viewers import Viewers
from benchmarks.footer import describe_run, print_footer
from benchmarks.machine_info import ConditionRecorder
from benchmarks.passes.process import CompletedPass, finish_pass, start_pass
from benchmarks.passes.protocol import PassRequest
from benchmarks.scenes import SCENES, SceneSource
from benchmarks.whole_frame import find_first_face
from edge.frames import Image
from edge.settings.config import Config

# What the camera sees in turn, each for SCENE_S of media time; all of these scenes have the clip's own size.
SCENES_IN_TURN, SCENE_S = ("away", "passing", "nearing", "dim"), 6.0
# The end of the soak is compared with the end of its first minute, or of its first half where that is
# shorter.
FIRST_SAMPLE_S = 60.0
# How many results the process keeps.  It has that many within the first minute, so that they are no growth.
KEPT_RESULTS = 500
# The clip lasts this much longer than the soak: the process is stopped before it ends by itself.
SPARE_S = 600


@dataclass(frozen=True, slots=True)
class SoakResult:
    """The samples of quiet moments, after the first minute and at the end, and those in between."""

    first: Sample
    last: Sample
    between: Sequence[Sample]
    completed: CompletedPass
    visits: dict[str, int]
    refused: dict[str, int]

    def list_growth(self) -> list[str]:
        """List what has grown since the first minute, a line each."""
        return list_growth(self.first.usage, self.last.usage)

    def compute_mb_per_hour(self) -> float:
        """Compute the slope of the memory between the two quiet moments, by least squares."""
        if len(self.between) < 2:
            return 0.0
        times_s = [sample.at_s for sample in self.between]
        slope_mb_per_s = np.polyfit(times_s, [sample.usage.rss_mb for sample in self.between], 1)[0]
        return float(slope_mb_per_s) * 3600


def run(chosen: Namespace) -> int:
    """Print samples as they are taken and what has grown; return 1 when anything has, 0 otherwise."""
    config, clip = options.make_config(chosen), load_clip(chosen.clip)
    print(f"{'s':>6}{'MB':>9}{'threads':>9}{'descriptors':>13}")
    with ConditionRecorder() as recorder:
        soak = run_soak(
            SceneSource(clip, find_first_face(clip, config)),
            config,
            minutes=chosen.minutes,
            viewers=chosen.viewers,
            fps=chosen.fps,
            report=_print_sample,
        )
    growth, result = soak.list_growth(), soak.completed.result
    fps, dropped = arithmetic.compute_rate_per_s(result.drawn_at_s), arithmetic.count_dropped(result.numbers)
    mb_per_hour = soak.compute_mb_per_hour()
    print(
        f"viewers {soak.visits}, refused {soak.refused or 'none'}\nthe last {len(result.numbers)} frames: "
        f"{fps:.1f} FPS, {dropped} dropped; memory between {mb_per_hour:+.1f} MB an hour"
    )
    stats = {
        "command": "soak",
        **options.describe_source(chosen, config),
        "minutes": chosen.minutes,
        "grown": growth,
        "first": _describe_sample(soak.first),
        "last": _describe_sample(soak.last),
        "mb_per_hour": mb_per_hour,
        "visits": soak.visits,
        "refused": soak.refused,
        "frames_per_s": fps,
        "dropped": dropped,
        **describe_run(config, recorder.condition),
    }
    print_footer(chosen, stats, {}, recorder.condition)
    print(
        "\n".join(f"GROWN: {line}" for line in growth) or "steady: nothing has grown since the first minute"
    )
    return int(bool(growth))


def _print_sample(sample: Sample) -> None:
    usage = sample.usage
    print(f"{sample.at_s:6.0f}{usage.rss_mb:9.1f}{usage.threads:9}{usage.descriptors:13}", flush=True)


def _describe_sample(sample: Sample) -> dict[str, float]:
    return {"at_s": sample.at_s, **asdict(sample.usage)}


def run_soak(
    source: SceneSource,
    config: Config,
    *,
    minutes: float,
    viewers: int,
    fps: int,
    report: Callable[[Sample], None],
) -> SoakResult:
    """Run the pipeline at `fps` for `minutes`; call `report` with every sample.

    Raises PassError when the pipeline ends early.
    """
    duration_s = 60 * minutes
    first_at_s = min(FIRST_SAMPLE_S, duration_s / 2)
    with tempfile.TemporaryDirectory() as folder:
        clip_file = Path(folder, "clip")
        write_clip(_make_clip(source), clip_file)
        with start_pass(_make_request(config, clip_file, duration_s, fps)) as (process, url):
            started_s = monotonic()
            sampler = ProcessSampler(process, started_s, report)
            crowds = [Viewers(url, viewers, seed) for seed in range(3)]
            # Viewers come twice before the first quiet sample that counts.  It then includes what the
            # pipeline keeps for viewers that come back after all had left.
            for crowd, until_s in zip(crowds, (first_at_s / 2, first_at_s), strict=False):
                with crowd:
                    sampler.sample_until(max(until_s, sampler.measure_elapsed_s() + sampling.SAMPLE_EVERY_S))
                first = sampler.sample_quiet()
            sampler.samples.clear()
            with crowds[-1]:
                sampler.sample_until(max(duration_s, sampler.measure_elapsed_s() + sampling.SAMPLE_EVERY_S))
            between, last = list(sampler.samples), sampler.sample_quiet()
            process.terminate()
            completed = finish_pass(process, started_s)
    visits, refused = Counter[str](), Counter[str]()
    for crowd in crowds:
        visits += crowd.visits
        refused += crowd.refused
    return SoakResult(first, last, between, completed, dict(visits), dict(refused))


def _make_request(config: Config, clip_file: Path, duration_s: float, fps: int) -> PassRequest:
    return PassRequest(
        config=config,
        clip=str(clip_file),
        frames=round((duration_s + SPARE_S) * fps),
        live_fps=fps,
        viewer=True,
        time_libraries=False,
        kept=KEPT_RESULTS,
    )


def _make_clip(source: SceneSource) -> Clip:
    return replace(source.clip, jpegs=list(_make_jpegs(source)))


def _make_jpegs(source: SceneSource) -> Iterator[Image]:
    for name in SCENES_IN_TURN:
        for index in range(round(SCENE_S * source.clip.fps)):
            yield encode_jpeg(SCENES[name](source, index))
