"""Runs the peers in turn, pass after pass; one that fails is out, and the others go on."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.environments import ROOT, Unavailable, last_line

# The slowest takes half a minute for 464 frames on a desktop, and ten times that on a Pi.
RUN_WITHIN_S = 900.0
KEYS = ("frames", "frames_with_face", "frames_per_s", "cpu_ms_per_frame", "first_result_s", "rss_mb")

Run = dict[str, float]


@dataclass(slots=True)
class Entrant:
    """A peer that is ready to run, or why it is not, and what it has run."""

    name: str
    command: tuple[str, ...] = ()
    runs: list[Run] = field(default_factory=list)
    out: str | None = None
    """Why it takes no part, or no more."""


def run_once(command: tuple[str, ...]) -> Run:
    """The figures that the command's last line tells; raises Unavailable when it fails or tells none."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ORT_DISABLE_TELEMETRY": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    try:
        ended = subprocess.run(
            [*command, "--started", repr(time.monotonic())],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_WITHIN_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error
    if ended.returncode:
        raise Unavailable(last_line(ended.stderr))
    try:
        told = json.loads(last_line(ended.stdout))
        return {key: float(told[key]) for key in KEYS}
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"expected its figures, found: {last_line(ended.stdout)}") from error


def hold(
    entrants: Iterable[Entrant],
    passes: int,
    run: Callable[[tuple[str, ...]], Run] = run_once,
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Run every entrant once a pass, in turn, so that a slow minute of the machine is everybody's."""
    entrants = list(entrants)
    for number in range(1, passes + 1):
        for entrant in entrants:
            if entrant.out is not None:
                continue
            try:
                entrant.runs.append(run(entrant.command))
            except Unavailable as error:
                entrant.out = str(error)
                say(f"pass {number}/{passes}  {entrant.name}: out, {error}")
            else:
                say(
                    f"pass {number}/{passes}  {entrant.name}: {entrant.runs[-1]['frames_per_s']:.1f} frames/s"
                )


def command(
    interpreter: Path, runner: str, clip: Path, frames: int, arguments: tuple[str, ...]
) -> tuple[str, ...]:
    """How a runner is called."""
    return (
        str(interpreter),
        "-m",
        f"benchmarks.peers.runners.{runner}",
        "--clip",
        str(clip.resolve()),
        "--frames",
        str(frames),
        *arguments,
    )
