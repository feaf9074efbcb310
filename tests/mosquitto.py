"""A real broker for tests, and a subscriber to all of its topics."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.conftest import ROOT

# Debian installs it in a folder that is not in a user's PATH.
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
TIMEOUT_S = 30
USER, PASSWORD = "fer", "correct horse"


class Mosquitto:
    """A broker on this machine that can die and come back; `log` is the file of its log."""

    def __init__(self, folder: Path, *lines: str) -> None:
        """`lines` are added to its configuration, where %F is `folder`."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder, self.log = folder, folder / "mosquitto.log"
        # Started by root, it would otherwise read its files as another user.
        text = "\n".join([f"listener {self.port} 127.0.0.1", "user root", *lines, ""])
        (folder / "mosquitto.conf").write_text(text.replace("%F", str(folder)))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def start(self) -> None:
        assert MOSQUITTO is not None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [MOSQUITTO, "-v", "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        until(lambda: is_open(self.port))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stall(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: str
    is_retained: bool


class Subscriber:
    """Subscribes to every topic while it is open."""

    def __init__(self, port: int, setup: Callable[[Client], Any] = lambda client: None) -> None:
        self._port, self.subscribed = port, threading.Event()
        self._changed = threading.Condition()
        self.received: list[Message] = []
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda client, user, message: self._receive(
            Message(message.topic, message.payload.decode(), bool(message.retain))
        )
        self._client.on_connect = lambda client, *rest: client.subscribe([("#", 1)])
        self._client.on_subscribe = lambda *rest: self.subscribed.set()
        self._client.on_disconnect = lambda *rest: self.subscribed.clear()
        self._client.reconnect_delay_set(0.05, 0.1)  # type: ignore[arg-type]  # It takes fractions.
        setup(self._client)

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self.subscribed.wait(TIMEOUT_S)
        return self

    def __exit__(self, *error: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # Without these references from the client to this object it is freed at once, with its sockets.
        self._client.on_message = self._client.on_connect = None
        self._client.on_subscribe = self._client.on_disconnect = None

    def _receive(self, message: Message) -> None:
        with self._changed:
            self.received.append(message)
            self._changed.notify_all()

    def wait(
        self, topic: str, wanted: Callable[[str], bool] = lambda payload: True, *, after: int = 0
    ) -> Message:
        """The first message at `topic`, from the `after`-th on, whose payload is `wanted`."""
        found: list[Message] = []

        def is_there() -> bool:
            found.extend(
                message
                for message in self.received[after:]
                if message.topic == topic and wanted(message.payload)
            )
            return bool(found)

        with self._changed:
            assert self._changed.wait_for(is_there, TIMEOUT_S), f"not at {topic}: {self.received}"
        return found[0]

    def payloads(self, topic: str) -> list[str]:
        return [message.payload for message in self.received if message.topic == topic]


def make_certificates(folder: Path, *names: str) -> None:
    """Make certificates by the script that a fleet's owner uses."""
    subprocess.run(
        [ROOT / "systemd/fleet/certificates.sh", folder, "broker", *names],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def write_passwords(folder: Path, *users: str) -> None:
    """Write a file in which each of `users` has PASSWORD."""
    file = folder / "passwords"
    file.touch()
    for user in users or (USER,):
        subprocess.run(["mosquitto_passwd", "-b", file, user, PASSWORD], check=True, capture_output=True)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.01)
