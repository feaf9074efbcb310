"""The whole line, pass by pass in processes of their own: how fast, at what cost, how late, and at what overhead."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any, Literal

import msgspec
from tqdm import tqdm

from benchmarks import arithmetic
from benchmarks.arithmetic import Spread
from benchmarks.clip import Clip, store
from benchmarks.passes.worker import PassRequest, PassResult
from edge.errors import FerEdgeError
from edge.settings.config import Config
from edge.settings.credentials import PREFIX

# Of these kinds is a round: as fast as it goes; at the camera's rate; with every call of a library timed.
Kind = Literal["unpaced", "live", "timed"]
KINDS: tuple[Kind, ...] = ("unpaced", "live", "timed")
PASS_WITHIN_S = 600.0
_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Pass:
    """What a process saw of its pass, and how long after its start the first drawn frame was there."""

    passed: PassResult
    cold_start_s: float


class PassError(FerEdgeError):
    """A pass ended without figures."""


def measured(
    clip: Clip | None, config: Config, *, frames: int, fps: float, rounds: int, viewer: bool
) -> dict[Kind, list[Pass]]:
    """`rounds` rounds over `frames` frames of `clip`, played at `fps` where it is live, or of the live camera."""
    kinds = KINDS if clip is not None else ("live", "timed")
    found: dict[Kind, list[Pass]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder, "clip")
        if clip is not None:
            store(clip, stored)
        for _ in tqdm(range(rounds), desc="rounds", leave=False):
            for kind in kinds:
                found[kind].append(
                    _pass(
                        PassRequest(
                            config=config,
                            clip=str(stored) if clip is not None else None,
                            frames=frames,
                            live_fps=fps if kind == "live" else None,
                            viewer=viewer,
                            time_libraries=kind == "timed",
                        )
                    )
                )
    return found


def spreads(found: dict[Kind, list[Pass]]) -> dict[str, Spread]:
    """The figures over the rounds; a camera, whose rate bounds them, has no passes but live ones."""
    live = [pass_.passed for pass_ in found["live"]]
    fastest = [pass_.passed for pass_ in found.get("unpaced", found["live"])]
    all_ = [pass_ for passes in found.values() for pass_ in passes]
    late = [arithmetic.percentiles(_latencies_ms(passed)) for passed in live]
    figures: dict[str, Sequence[float]] = {
        "frames_per_s": [arithmetic.rate_per_s(passed.drawn_at_s) for passed in fastest],
        "cpu_ms_per_frame": [_cpu_ms(passed) for passed in fastest],
        "live_frames_per_s": [arithmetic.rate_per_s(passed.drawn_at_s) for passed in live],
        "live_cpu_ms_per_frame": [_cpu_ms(passed) for passed in live],
        "rss_mb": [passed.rss_bytes / 1e6 for passed in live],
        **{
            f"latency_ms.{name}": [percentiles[name] for percentiles in late]
            for name in ("p50", "p95", "p99")
        },
        "overhead_ratio": [_overhead(pass_.passed) for pass_ in found["timed"]],
        # Those of the timed passes start with the timers.
        "cold_start_s": [
            pass_.cold_start_s for kind, passes in found.items() if kind != "timed" for pass_ in passes
        ],
        "dropped": [arithmetic.dropped(passed.numbers) for passed in live],
        "faces_per_frame": [mean(pass_.passed.faces) for pass_ in all_],
    }
    return {name: arithmetic.spread(rounds) for name, rounds in figures.items()}


def nested(figures: dict[str, Spread]) -> dict[str, Any]:
    """The medians for the JSON: latency_ms.p50 is p50 within latency_ms."""
    whole: dict[str, Any] = {}
    for name, spread in figures.items():
        outer, _, inner = name.partition(".")
        if inner:
            whole.setdefault(outer, {})[inner] = round(spread.median, 3)
        else:
            whole[outer] = round(spread.median, 3)
    return whole


def calls(found: dict[Kind, list[Pass]]) -> dict[str, tuple[float, float]]:
    """Of each library function, the calls per frame and their CPU time per frame, ms, dearest first; all rounds."""
    passes = [pass_.passed for pass_ in found["timed"]]
    frames = sum(len(passed.numbers) for passed in passes)
    names = dict.fromkeys(name for passed in passes for name in passed.calls_s)
    by_name = {
        name: [time_s for passed in passes for time_s in passed.calls_s.get(name, [])] for name in names
    }
    costs = {name: (len(times_s) / frames, 1000 * sum(times_s) / frames) for name, times_s in by_name.items()}
    return dict(sorted(costs.items(), key=lambda item: item[1][1], reverse=True))


def _latencies_ms(passed: PassResult) -> list[float]:
    return [
        1000 * (drawn_s - captured_s)
        for captured_s, drawn_s in zip(passed.captured_at_s, passed.drawn_at_s, strict=True)
    ]


def _cpu_ms(passed: PassResult) -> float:
    """Of all threads; the first frame's, which warms everything up, is not counted."""
    return 1000 * passed.cpu_s / max(1, len(passed.numbers) - 1)


def _overhead(passed: PassResult) -> float:
    times_s = [time_s for times_s in passed.calls_s.values() for time_s in times_s]
    return arithmetic.overhead_ratio(passed.cpu_s, sum(times_s), len(times_s), passed.timer_s)


@contextmanager
def started(order: PassRequest) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """A process at work on `order`, killed at last, and its stream's address, or nothing where it serves none."""
    command = [sys.executable, "-m", "benchmarks.passes.worker", msgspec.json.encode(order).decode()]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environment()
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline() if order.viewer else ""
        yield process, json.loads(first)["url"] if first else ""
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def finished(process: "subprocess.Popen[str]", started_s: float) -> Pass:
    """What the process saw until its end, which is awaited; PassError, with its own words, where it failed."""
    answer, complaint = process.communicate(timeout=PASS_WITHIN_S)
    if process.returncode:
        reason = (
            complaint.strip().splitlines()[-1].removeprefix("fer-edge: ") if complaint.strip() else "no word"
        )
        error = PassError(reason)
        error.exit_code = process.returncode
        raise error
    passed = msgspec.json.decode(answer, type=PassResult)
    return Pass(passed, passed.drawn_at_s[0] - started_s)


def _pass(order: PassRequest) -> Pass:
    started_s = time.monotonic()
    with started(order) as (process, url):
        if url:
            threading.Thread(target=_watch, args=(url,), daemon=True, name="viewer").start()
        return finished(process, started_s)


def _environment() -> dict[str, str]:
    """This process's, without a token that the viewer would have to show."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) and name != "CREDENTIALS_DIRECTORY"
    }


def _watch(url: str) -> None:
    """A viewer: takes what the stream gives until it ends."""
    with (
        suppress(OSError, http.client.HTTPException),
        urllib.request.urlopen(f"{url}/stream", timeout=PASS_WITHIN_S) as response,
    ):
        while response.read(_READ_BYTES):
            pass
