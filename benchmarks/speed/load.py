"""What viewers cost the line: its analysed frames a second with nobody watching and with a crowd, in turn.

python -m benchmarks.speed.load --clients 200
"""

import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tqdm import tqdm

from benchmarks import arithmetic, files
from benchmarks.arithmetic import Spread
from edge.command import ArgumentParser, command, make_parser
from edge.errors import FerEdgeError
from edge.settings.credentials import PREFIX

START_WITHIN_S = 30.0
ANSWER_WITHIN_S = 30.0
END_WITHIN_S = 10.0
# For connections to come and go, which is no part of watching.
SETTLE_S = 2.0
# Between two rounds of reading: a third of a frame, so that the clients take few of the cores that they share.
READ_EVERY_S = 0.01
_TAKEN_BYTES = 1 << 20
_STREAM = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
_STREAM_AT = re.compile(r"stream at http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class Phase:
    """The line over some seconds: frames analysed and CPU time per second, and what each reading client was sent."""

    analysed_fps: float
    cpu_share: float
    client_mb_per_s: float


class LoadError(FerEdgeError):
    """The app did not start."""


class Line:
    """The app, as its user starts it, on the demo camera at its rate, in a process of its own."""

    def __init__(self, clients: int) -> None:
        self._clients = clients

    def __enter__(self) -> Self:
        self._log: IO[str] = tempfile.TemporaryFile("w+")
        command = [
            sys.executable,
            "-m",
            "edge.run",
            "--camera",
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--log-every",
            "3600",
            "--connections",
            str(self._clients + 16),
        ]
        # Without a token, which the clients would have to show.
        environment = {name: value for name, value in os.environ.items() if name != f"{PREFIX}TOKEN"}
        self._process = subprocess.Popen(command, stderr=self._log, env=environment)
        try:
            self.port = self._port()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def analysed(self) -> int:
        """Frames since the start."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/state", timeout=ANSWER_WITHIN_S) as answer:
            return int(json.load(answer)["figures"]["analysed"])

    def cpu_s(self) -> float:
        """CPU time of all its threads since the start."""
        # Behind the name in brackets, which may hold spaces: the 12th and 13th of proc(5)'s fields 3 and on.
        fields = (
            Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _port(self) -> int:
        """The port, once a first frame was analysed."""
        deadline_s = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline_s and self._process.poll() is None:
            self._log.seek(0)
            if found := _STREAM_AT.search(self._log.read()):
                self.port = int(found[1])
                if self.analysed():
                    return self.port
            time.sleep(0.1)
        self._log.seek(0)
        said = self._log.read().strip().splitlines() or ["nothing"]
        raise LoadError(
            f"expected the app to start within {START_WITHIN_S:g} s, found in its log: {said[-1]}"
        )


class Crowd:
    """Clients of the stream, each from an address of its own; the first half reads, the others never do."""

    def __init__(self, port: int, clients: int) -> None:
        self._port, self._count = port, clients
        self._poll = select.epoll()
        self._clients: dict[int, tuple[socket.socket, int]] = {}
        # Nothing is written to it: the kernel is told to throw away what was received.
        self._taken = bytearray(_TAKEN_BYTES)

    def __enter__(self) -> Self:
        for index in range(self._count):
            self._connect(index)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client, _ in self._clients.values():
            client.close()
        self._poll.close()

    def watch(self, seconds: float) -> int:
        """Read for `seconds`, connecting anew who was hung up on; how many bytes came."""
        received, end_s = 0, time.monotonic() + seconds
        while (now_s := time.monotonic()) < end_s:
            received += sum(self._take(descriptor) for descriptor, _ in self._poll.poll(0))
            time.sleep(min(READ_EVERY_S, max(0.0, end_s - now_s)))
        return received

    def _is_reader(self, index: int) -> bool:
        return index < self._count // 2

    def _connect(self, index: int) -> None:
        address = f"127.1.{index // 250}.{index % 250 + 1}"
        client = socket.create_connection(
            ("127.0.0.1", self._port), ANSWER_WITHIN_S, source_address=(address, 0)
        )
        client.sendall(_STREAM)
        client.setblocking(False)
        self._clients[client.fileno()] = client, index
        # Of the others only the end is heard, which is always told.
        self._poll.register(client, select.EPOLLIN if self._is_reader(index) else 0)

    def _take(self, descriptor: int) -> int:
        """Read what has come for a client, and how much that was; connect anew where it was hung up on."""
        client, index = self._clients[descriptor]
        try:
            count = (
                client.recv_into(self._taken, _TAKEN_BYTES, socket.MSG_TRUNC) if self._is_reader(index) else 0
            )
        except BlockingIOError:
            return 0
        except ConnectionError:
            count = 0
        if count == 0:
            del self._clients[descriptor]
            client.close()
            self._connect(index)
        return count


def measured(clients: int, rounds: int, seconds: float) -> tuple[list[Phase], list[Phase]]:
    """The phases without clients and with them, `rounds` of each in turn, `seconds` long."""
    alone, watched = [], []
    with Line(clients) as line:
        for _ in tqdm(range(rounds), desc="rounds", leave=False):
            with Crowd(line.port, 0) as nobody:
                alone.append(_phase(line, nobody, seconds, readers=1))
            with Crowd(line.port, clients) as crowd:
                watched.append(_phase(line, crowd, seconds, readers=max(1, clients // 2)))
    return alone, watched


def _phase(line: Line, crowd: Crowd, seconds: float, *, readers: int) -> Phase:
    crowd.watch(SETTLE_S)
    started_s, analysed, cpu_s = time.monotonic(), line.analysed(), line.cpu_s()
    received = crowd.watch(seconds)
    took_s = time.monotonic() - started_s
    return Phase(
        analysed_fps=(line.analysed() - analysed) / took_s,
        cpu_share=(line.cpu_s() - cpu_s) / took_s,
        client_mb_per_s=received / 1e6 / took_s / readers,
    )


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    chosen = _parser().parse_args(arguments)
    alone, watched = measured(chosen.clients, chosen.rounds, chosen.seconds)
    _report(chosen, alone, watched)


def _parser() -> ArgumentParser:
    parser = make_parser(
        "python -m benchmarks.speed.load",
        (
            "What viewers cost: frames analysed per second on the demo camera with nobody watching and with many clients "
            "of the stream on this machine, of which half never read, in turn."
        ),
    )
    parser.add_argument("--clients", type=int, default=200, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        metavar="S",
        help="of each half of a round, s (default: %(default)s)",
    )
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="write the figures to this file (default: none)"
    )
    return parser


def _report(chosen: Namespace, alone: Sequence[Phase], watched: Sequence[Phase]) -> None:
    figures: dict[str, Spread] = {
        f"{name}.{where}": arithmetic.spread([getattr(phase, name) for phase in phases])
        for name in Phase.__slots__
        for where, phases in (("alone", alone), ("watched", watched))
    }
    ratio = figures["analysed_fps.watched"].median / figures["analysed_fps.alone"].median
    print(
        f"{chosen.clients} clients, half of them stalled; medians of {chosen.rounds} rounds of {chosen.seconds:g} s"
    )
    for where, said in (("alone", "nobody watches"), ("watched", "all watch")):
        fps, cpu, sent = (figures[f"{name}.{where}"] for name in Phase.__slots__)
        print(
            f"  {said:14}  analysed {fps.median:5.2f} FPS ({fps.low:.2f} to {fps.high:.2f}), "
            f"CPU {100 * cpu.median:3.0f} %, {sent.median:.2f} MB/s to each who reads"
        )
    print(f"  the analysed FPS fall by {100 * (1 - ratio):.1f} %")
    if chosen.json:
        files.write_json(
            chosen.json,
            {
                "command": "load",
                "clients": chosen.clients,
                "rounds": chosen.rounds,
                "seconds": chosen.seconds,
                "analysed_ratio": round(ratio, 4),
                **{name: round(spread.median, 3) for name, spread in figures.items()},
            },
        )


if __name__ == "__main__":
    sys.exit(main())
