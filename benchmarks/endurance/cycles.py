"""A camera unplugged and plugged in again and again: does anything grow, and how soon does the line go on?

    python -m benchmarks.endurance.cycles [--cycles 1000]

The line is the real one, from a USB camera's handle to the drawn frame; the handle is a stand-in that fails as
OpenCV's does, and opens at once: what a real camera takes to open and settle comes on top.
"""

import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks import clip
from benchmarks.arithmetic import percentiles
from edge.build import build
from edge.cameras.reconnecting import ReconnectingCamera
from edge.cameras.usb import UsbCamera
from edge.command import command, make_parser
from edge.contracts import Result
from edge.drawing import overlay
from edge.errors import ConfigError
from edge.frames import Image
from edge.settings.config import Config
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter

# What a process holds is compared with what it held after so many cycles.
SETTLED_AFTER = 100
# Memory is given back late and in pages: it has grown when it is beyond both.
MOST_GROWTH, MOST_GROWTH_MB = 0.02, 2.0
BACK_WITHIN_S = 2.0
# Pictures between two absences, and notices in one: mostly one; at times as many as the longest wait takes.
PICTURES, MOST_NOTICES, SELDOM = 3, 8, 20
FPS = 30


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds."""

    threads: int
    descriptors: int
    rss_mb: float


def held() -> Held:
    """As the kernel tells it."""
    rows = Path("/proc/self/status").read_text().splitlines()
    status = dict(row.split(":\t", 1) for row in rows if ":\t" in row)
    return Held(
        int(status["Threads"]), len(os.listdir("/proc/self/fd")), int(status["VmRSS"].split()[0]) / 1024
    )


def grown(before: Held, after: Held) -> list[str]:
    """What has grown between two moments, a line each."""
    counts = (
        ("threads", before.threads, after.threads),
        ("descriptors", before.descriptors, after.descriptors),
    )
    lines = [f"{name}: {old}, then {new}" for name, old, new in counts if new > old]
    growth_mb = after.rss_mb - before.rss_mb
    if growth_mb > max(MOST_GROWTH_MB, MOST_GROWTH * before.rss_mb):
        lines.append(f"memory: {growth_mb:.1f} MB more")
    return lines


class Socket:
    """Where the camera is plugged in: files in place of /dev and /sys, and handles in place of OpenCV's."""

    def __init__(self, root: Path, pictures: Sequence[Image]) -> None:
        """`pictures` are the JPEGs that the camera gives."""
        self.root, self.pictures = root, pictures
        self.generation = 0
        """Odd while the camera is plugged in."""
        self.name = "/dev/v4l/by-id/usb-Camera-video-index0"
        self._node, self._link = root / "dev/video0", root / self.name.lstrip("/")
        self._link.parent.mkdir(parents=True)
        self.plug()

    def plug(self) -> None:
        """Give the camera a node, another one each time, and its stable name."""
        self.generation += 1
        self._node = self._node.with_name(f"video{self.generation % 7}")
        self._node.touch()
        self._link.symlink_to(self._node)

    def unplug(self) -> None:
        """Take both away; handles that are open stay open and give nothing more."""
        self.generation += 1
        self._link.unlink()
        self._node.unlink()


class Handle:
    """A cv2.VideoCapture on a Socket."""

    def __init__(self, socket: Socket) -> None:
        self._socket, self._generation = socket, socket.generation
        self._settings: dict[int, float] = {}
        self._count = 0

    def isOpened(self) -> bool:
        """Also of a camera that was unplugged since."""
        return self._generation % 2 == 1

    def set(self, key: int, value: float) -> bool:
        """Take any wish."""
        self._settings[key] = value
        return True

    def get(self, key: int) -> float:
        """What was wished."""
        return self._settings.get(key, 0.0)

    def read(self) -> tuple[bool, Image | None]:
        """The next picture at the camera's rate; nothing, at once, when it was unplugged."""
        if self._socket.generation != self._generation:
            return False, None
        time.sleep(1 / FPS)
        self._count += 1
        return True, self._socket.pictures[self._count % len(self._socket.pictures)].copy()

    def release(self) -> None:
        """Hold nothing any more."""


class Unplugger:
    """A Sink that draws every frame, pulls the plug after some, and puts it in again after some notices."""

    name = "unplugger"
    needs_picture = True

    def __init__(self, socket: Socket, cycles: int, waiter: SignalWaiter) -> None:
        self._socket, self._cycles, self._waiter = socket, cycles, waiter
        self._random = random.Random(1)
        self._seen, self._due, self._is_away = 0, PICTURES, False
        self._plugged_at_s = float("nan")
        self.back_s: list[float] = []
        """From each plugging in to the first picture drawn."""
        self.settled = self.last = held()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held."""

    def show(self, result: Result) -> None:
        """Draw, and do what is due."""
        overlay.draw(result, corner="")
        if result.frame.notice is None and self._plugged_at_s == self._plugged_at_s:
            self._note(time.monotonic() - self._plugged_at_s)
        # Frames of before the last change are on their way still.
        if (result.frame.notice is not None) != self._is_away:
            return
        self._seen += 1
        if self._seen >= self._due:
            self._change()

    def _note(self, back_s: float) -> None:
        self.back_s.append(back_s)
        self._plugged_at_s = float("nan")
        if len(self.back_s) == min(SETTLED_AFTER, self._cycles):
            self.settled = held()
        if len(self.back_s) == self._cycles:
            self.last = held()
            self._waiter.stop()

    def _change(self) -> None:
        self._seen = 0
        if self._is_away:
            self._socket.plug()
            self._plugged_at_s = time.monotonic()
            self._due = PICTURES
        else:
            self._socket.unplug()
            self._due = 1 if self._random.randrange(SELDOM) else self._random.randint(2, MOST_NOTICES)
        self._is_away = not self._is_away


def run(cycles: int) -> int:
    """Do so many cycles, and print what came of them; 1 when something grew or the camera came back late."""
    config, telemetry = Config(), Telemetry()
    with tempfile.TemporaryDirectory() as folder, SignalWaiter() as waiter:
        socket = Socket(Path(folder), clip.demo().jpegs)
        usb = UsbCamera(
            socket.name,
            config.width,
            config.height,
            FPS,
            root=Path(folder),
            capture=lambda *_: Handle(socket),  # type: ignore[arg-type]
        )
        camera = ReconnectingCamera(usb, config.width, config.height, on_back=telemetry.count_reconnect)
        sink = Unplugger(socket, cycles, waiter)
        build(config, camera=camera, telemetry=telemetry, change_sinks=lambda _: [sink]).run(waiter)
    figures, after = percentiles(sink.back_s), min(SETTLED_AFTER, cycles)
    for count, what in ((after, sink.settled), (cycles, sink.last)):
        print(
            f"cycle {count}: {what.threads} threads, {what.descriptors} descriptors, {what.rss_mb:.1f} MB resident"
        )
    print(
        f"from back to the first drawn frame: p50 {figures['p50']:.2f} s, p99 {figures['p99']:.2f} s, "
        f"max {max(sink.back_s):.2f} s (reconnects {telemetry.read_stats().reconnects})"
    )
    wrong = grown(sink.settled, sink.last)
    if max(sink.back_s) > BACK_WITHIN_S:
        wrong.append(f"the camera was back for {max(sink.back_s):.2f} s before a frame was drawn")
    print(
        "\n".join(f"GROWN or LATE: {text}" for text in wrong) or "nothing grew, and the line went on in time"
    )
    return int(bool(wrong))


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 when something grew or the camera came back late."""
    parser = make_parser("python -m benchmarks.endurance.cycles", (__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--cycles", type=int, default=1000, metavar="N", help="how many (default: %(default)s)"
    )
    chosen = parser.parse_args(arguments)
    if chosen.cycles < 1:
        raise ConfigError(f"expected at least 1 for --cycles, found {chosen.cycles}; change it")
    logging.basicConfig(level=logging.ERROR)
    return run(chosen.cycles)


if __name__ == "__main__":
    sys.exit(main())
