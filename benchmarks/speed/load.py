"""The benchmark load: frames analysed per second with nobody watching and with many clients."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from tqdm import tqdm

from benchmarks.arithmetic import Spread, compute_spread
from benchmarks.output_file import write_json
from benchmarks.process_usage import read_cpu_s
from benchmarks.speed.stream_clients import StreamClients
from edge.errors import FerEdgeError
from edge.settings.credentials import PREFIX

START_WITHIN_S = 30.0
ANSWER_WITHIN_S = 30.0
END_WITHIN_S = 10.0
# For connections to open and close, before anything is counted.
SETTLE_S = 2.0
# What the server may serve beside the clients: the requests for its state.
SPARE_CONNECTIONS = 16
_STREAM_AT = re.compile(r"stream at http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class LoadStats:
    """The app over some seconds: frames analysed, CPU time, and what each reading client received."""

    analysed_fps: float
    cpu_share: float
    client_mb_per_s: float


class LoadError(FerEdgeError):
    """The app did not start."""


def run(chosen: Namespace) -> None:
    """Print the medians of both halves of the rounds; write JSON where --json asks for it."""
    alone, watched = measure_load(chosen.clients, chosen.rounds, chosen.seconds)
    spreads: dict[str, Spread] = {
        f"{name}.{where}": compute_spread([getattr(stats, name) for stats in several])
        for name in LoadStats.__slots__
        for where, several in (("alone", alone), ("watched", watched))
    }
    ratio = spreads["analysed_fps.watched"].median / spreads["analysed_fps.alone"].median
    print(
        f"{chosen.clients} clients, half of them stalled; "
        f"medians of {chosen.rounds} rounds of {chosen.seconds:g} s"
    )
    print(f"  nobody watches  {_format_half(spreads, 'alone')}")
    print(f"  all watch       {_format_half(spreads, 'watched')}")
    print(f"  the analysed FPS fall by {100 * (1 - ratio):.1f} %")
    if chosen.json:
        stats = {
            "command": "load",
            "clients": chosen.clients,
            "rounds": chosen.rounds,
            "seconds": chosen.seconds,
            "analysed_ratio": round(ratio, 4),
            **{name: round(spread.median, 3) for name, spread in spreads.items()},
        }
        write_json(chosen.json, stats)


def _format_half(spreads: Mapping[str, Spread], where: str) -> str:
    fps, cpu, received = (spreads[f"{name}.{where}"] for name in LoadStats.__slots__)
    return (
        f"analysed {fps.median:5.2f} FPS ({fps.low:.2f} to {fps.high:.2f}), "
        f"CPU {100 * cpu.median:3.0f} %, {received.median:.2f} MB/s to each client that reads"
    )


def measure_load(
    clients: int, rounds: int, seconds: float
) -> tuple[Sequence[LoadStats], Sequence[LoadStats]]:
    """Measure `rounds` times for `seconds` without clients and then with them; return both halves."""
    alone, watched = [], []
    with start_app(clients) as app:
        for _ in tqdm(range(rounds), desc="rounds", leave=False):
            with StreamClients(app.port, 0) as nobody:
                alone.append(_measure_half(app, nobody, seconds, readers=1))
            with StreamClients(app.port, clients) as crowd:
                watched.append(_measure_half(app, crowd, seconds, readers=max(1, clients // 2)))
    return alone, watched


@dataclass(frozen=True, slots=True)
class RunningApp:
    """The app, as its user starts it, on the demo camera at its rate, in a process of its own."""

    process: "subprocess.Popen[bytes]"
    port: int

    def read_analysed(self) -> int:
        """Read how many frames were analysed since the start."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/state", timeout=ANSWER_WITHIN_S) as answer:
            return int(json.load(answer)["figures"]["analysed"])


def _measure_half(app: RunningApp, clients: StreamClients, seconds: float, *, readers: int) -> LoadStats:
    clients.read_for(SETTLE_S)
    started_s, analysed, cpu_s = time.monotonic(), app.read_analysed(), read_cpu_s(app.process.pid)
    received = clients.read_for(seconds)
    took_s = time.monotonic() - started_s
    return LoadStats(
        analysed_fps=(app.read_analysed() - analysed) / took_s,
        cpu_share=(read_cpu_s(app.process.pid) - cpu_s) / took_s,
        client_mb_per_s=received / 1e6 / took_s / readers,
    )


@contextmanager
def start_app(clients: int) -> Iterator[RunningApp]:
    """Start an app that serves up to `clients` clients, wait for its first frame, and stop it in the end.

    Raises LoadError with the last line of the app's log when it does not start.
    """
    command = [sys.executable, "-m", "edge.run", "--camera", "demo", "--listen", "127.0.0.1:0"]
    command += ["--log-every", "3600", "--connections", str(clients + SPARE_CONNECTIONS)]
    # Without a token, which the clients would have to send.
    environment = {name: value for name, value in os.environ.items() if name != f"{PREFIX}TOKEN"}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stderr=log, env=environment)
        try:
            yield _wait_for_first_frame(process, log)
        finally:
            _stop_process(process)


def _wait_for_first_frame(process: "subprocess.Popen[bytes]", log: IO[str]) -> RunningApp:
    deadline_s = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline_s and process.poll() is None:
        log.seek(0)
        if found := _STREAM_AT.search(log.read()):
            app = RunningApp(process, int(found[1]))
            if app.read_analysed():
                return app
        time.sleep(0.1)
    log.seek(0)
    lines = log.read().strip().splitlines() or ["nothing"]
    raise LoadError(
        f"expected the app to start within {START_WITHIN_S:g} s, found in its log: {lines[-1]}; "
        "run python -m edge.doctor"
    )


def _stop_process(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
