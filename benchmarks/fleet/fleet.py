"""What a fleet costs its broker, and that no device's outage touches another: python -m benchmarks.fleet.fleet --devices 200.

A Mosquitto of its own on this machine, and as many devices as asked for, each the app's real MqttSink with scripted
faces.  Then one device's process is killed and another's is stopped, and at last the broker itself is killed.
"""

import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.fleet import device
from benchmarks.fleet.delivery import Heard, Phase, silent, summary
from edge.command import command, make_parser
from edge.errors import ConfigError

PREFIX = "fleet"
BYTES_TOPIC = "$SYS/broker/bytes/received"
# Processes that share the devices which nothing happens to.
WORKERS = 4
# Two processes more: one is killed, one is stopped.
VICTIMS = ("killed", "stalled")
SETTLED_WITHIN_S = 120.0
# After the last is online, for what it has to say of itself and the broker's own count of bytes.
SETTLE_S = 3.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Broker:
    """A Mosquitto on loopback, which can be killed and started again."""

    executable: str
    folder: Path
    port: int

    def start(self) -> "subprocess.Popen[bytes]":
        """The process, once it answers."""
        file = self.folder / "mosquitto.conf"
        file.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nsys_interval 1\nuser root\n")
        process = subprocess.Popen(
            [self.executable, "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait(lambda: _answers(self.port), "the broker answers")
        return process


class Watcher:
    """Hears all that the broker is told; its callbacks run in the library's thread."""

    def __init__(self, port: int) -> None:
        self.heard: list[Heard] = []
        self.online: set[str] = set()
        self._port, self._bytes = port, 0
        self._lock = threading.Lock()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._hear
        self._client.on_connect = lambda client, *rest: client.subscribe(
            [(f"{PREFIX}/#", 0), (BYTES_TOPIC, 0)]
        )
        self._client.reconnect_delay_set(1, 1)

    @contextmanager
    def listening(self) -> "Iterator[Watcher]":
        """Hears while it is entered."""
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        try:
            yield self
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def forget_online(self) -> None:
        """Nobody is online until it says so again."""
        with self._lock:
            self.online.clear()

    def phase(self, seconds: float, broker: int) -> Phase:
        """What is heard from now on for `seconds`, and what it costs the process `broker`."""
        began_s, first, took_s, received = time.monotonic(), len(self.heard), cpu_s(broker), self._bytes
        time.sleep(seconds)
        return Phase(
            time.monotonic() - began_s,
            tuple(self.heard[first:]),
            cpu_s(broker) - took_s,
            self._bytes - received,
        )

    def _hear(self, client: Client, user: object, message: MQTTMessage) -> None:
        if message.topic == BYTES_TOPIC:
            self._bytes = int(message.payload)
            return
        heard = Heard.of(
            message.topic, bytes(message.payload), time.monotonic(), time.time(), is_retained=message.retain
        )
        with self._lock:
            self.heard.append(heard)
            if heard.presence is not None:
                (self.online.add if heard.presence == "online" else self.online.discard)(heard.device)


def cpu_s(pid: int) -> float:
    """Processor time of the process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def simulate(devices: int, seconds: float, executable: str, say: Callable[[str], object] = print) -> bool:
    """Run it all and say what came of it; whether every device but the two kept reporting throughout."""
    others = [f"pi-{number:03}" for number in range(devices - len(VICTIMS))]
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        broker = Broker(executable, folder, _free_port())
        server = broker.start()
        opened.callback(_end, server)
        watcher = opened.enter_context(Watcher(broker.port).listening())
        groups = [others[worker::WORKERS] for worker in range(WORKERS)] + [[name] for name in VICTIMS]
        *_, killed, stalled = [
            opened.enter_context(_process(broker.port, names)) for names in groups if names
        ]
        _wait(lambda: len(watcher.online) == devices, f"{devices} devices are online")
        time.sleep(SETTLE_S)
        say(
            f"{devices} devices, each the app's own MqttSink; {len(os.sched_getaffinity(0))} cores; "
            f"the devices' processes share them with the broker"
        )
        steady = watcher.phase(seconds, server.pid)
        say(summary("all at work", steady, devices))
        struck_s, first = time.monotonic(), len(watcher.heard)
        os.kill(_pid(killed), signal.SIGKILL)
        os.kill(_pid(stalled), signal.SIGSTOP)
        outage = watcher.phase(seconds, server.pid)
        say(summary("one killed, one stalled", outage, len(others)))
        for name in VICTIMS:
            gone_s = next(
                (
                    heard.at_s - struck_s
                    for heard in watcher.heard[first:]
                    if heard.device == name and heard.presence == "offline"
                ),
                None,
            )
            say(
                f"  {name}: "
                + ("not yet said to be offline" if gone_s is None else f"offline after {gone_s:.1f} s")
            )
        touched = silent(outage, others) | {
            heard.device for heard in outage.heard if heard.presence == "offline"
        }
        touched -= set(VICTIMS)
        say(f"  others touched: {', '.join(sorted(touched)) or 'none'}")
        os.kill(_pid(stalled), signal.SIGCONT)
        return not touched & set(others) and _restart(broker, server, watcher, set(others), opened, say)


def _restart(
    broker: Broker,
    server: "subprocess.Popen[bytes]",
    watcher: Watcher,
    others: set[str],
    opened: ExitStack,
    say: Callable[[str], object],
) -> bool:
    """Kill the broker, start it again, and say when all of `others` are back."""
    _end(server)
    watcher.forget_online()
    back = broker.start()
    opened.callback(_end, back)
    began_s = time.monotonic()
    _wait(lambda: others <= watcher.online, "all devices are online again")
    say(f"broker killed and started again: all {len(others)} back after {time.monotonic() - began_s:.1f} s")
    return True


@contextmanager
def _process(port: int, names: Sequence[str]) -> Iterator[BaseProcess]:
    process = multiprocessing.get_context("spawn").Process(
        target=device.run, args=(f"mqtt://127.0.0.1:{port}/{PREFIX}", list(names)), daemon=True
    )
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def _pid(process: BaseProcess) -> int:
    assert process.pid is not None
    return process.pid


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + SETTLED_WITHIN_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise ConfigError(f"expected that {what} within {SETTLED_WITHIN_S:g} s; try fewer devices")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when no device was touched by another's outage, 1 otherwise."""
    parser = make_parser("python -m benchmarks.fleet.fleet", (__doc__ or "").partition("\n")[2])
    parser.add_argument(
        "--devices", type=int, default=200, help="how many (default: %(default)s, at least 3)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=30.0,
        help=(
            "how long to listen before and after the outage; a stalled device is missed after 22 s (default: %(default)s)"
        ),
    )
    chosen = parser.parse_args(arguments)
    if chosen.devices <= len(VICTIMS):
        raise ConfigError(f"expected at least 3 for --devices, found {chosen.devices}; change it")
    executable = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if executable is None:
        raise ConfigError("expected mosquitto on this machine, found none; sudo apt install mosquitto")
    return 0 if simulate(chosen.devices, chosen.seconds, executable) else 1


if __name__ == "__main__":
    sys.exit(main())
