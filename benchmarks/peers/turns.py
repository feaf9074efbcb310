"""Runs the peers in turn, pass after pass; one that fails is excluded, and the others go on."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.environments import ROOT, PeerUnavailable, get_last_line

# The slowest takes half a minute for 464 frames on a desktop, and ten times that on a Pi.
RUN_WITHIN_S = 900.0
KEYS = ("frames", "frames_with_face", "frames_per_s", "cpu_ms_per_frame", "first_result_s", "rss_mb")

RunStats = dict[str, float]


@dataclass(slots=True)
class Participant:
    """A peer with its command, and the stats of its runs so far."""

    name: str
    command: tuple[str, ...] = ()
    runs: list[RunStats] = field(default_factory=list)
    excluded_because: str | None = None
    """Why it takes no part, or no longer takes part."""


def run_once(command: tuple[str, ...]) -> RunStats:
    """Run the command and return the stats in its last line.

    Raises PeerUnavailable when it fails or prints none.
    """
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
        raise PeerUnavailable(str(error)) from error
    if ended.returncode:
        raise PeerUnavailable(get_last_line(ended.stderr))
    last_line = get_last_line(ended.stdout)
    try:
        stats = json.loads(last_line)
        return {key: float(stats[key]) for key in KEYS}
    except (ValueError, KeyError, TypeError) as error:
        raise PeerUnavailable(f"expected its stats, found: {last_line}") from error


def run_in_turn(
    participants: Iterable[Participant],
    passes: int,
    run: Callable[[tuple[str, ...]], RunStats] = run_once,
    report: Callable[[str], None] = lambda line: None,
) -> None:
    """Run every participant once in each pass, so that a slow minute of the machine affects all of them."""
    participants = list(participants)
    for number in range(1, passes + 1):
        for participant in participants:
            if participant.excluded_because is not None:
                continue
            start = f"pass {number}/{passes}  {participant.name}"
            try:
                stats = run(participant.command)
            except PeerUnavailable as error:
                participant.excluded_because = str(error)
                report(f"{start}: excluded, {error}")
            else:
                participant.runs.append(stats)
                report(f"{start}: {stats['frames_per_s']:.1f} frames/s")


def make_command(
    interpreter: Path, runner: str, clip: Path, frames: int, arguments: tuple[str, ...]
) -> tuple[str, ...]:
    """Make the command that runs the module `runner` over `frames` frames of `clip`."""
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
