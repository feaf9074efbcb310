"""A real broker for tests, and somebody who listens to it."""

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

# Debian's lies where a user's PATH does not look.
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
TIMEOUT_S = 30
USER, PASSWORD = "fer", "correct horse"


class Mosquitto:
    """A broker on this machine that can die and come back; `log` is the file of its log."""

    def __init__(self, folder: Path, *lines: str) -> None:
        """`lines` are added to its configuration, where %F is `folder`."""
        assert MOSQUITTO is not None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder, self.log = folder, folder / "mosquitto.log"
        # Started by root, it would read its files as another user.
        text = "\n".join([f"listener {self.port} 127.0.0.1", "user root", *lines, ""])
        (folder / "mosquitto.conf").write_text(text.replace("%F", str(folder)))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def start(self) -> None:
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

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Heard:
    topic: str
    payload: str
    is_retained: bool


class Listener:
    """Subscribes to every topic while it is open."""

    def __init__(self, port: int, setup: Callable[[Client], Any] = lambda client: None) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda client, user, message: self._hear(
            Heard(message.topic, message.payload.decode(), bool(message.retain))
        )
        self._client.on_connect = lambda client, *rest: client.subscribe([("#", 1)])
        self._client.on_subscribe = lambda *rest: self.subscribed.set()
        self._client.on_disconnect = lambda *rest: self.subscribed.clear()
        self._client.reconnect_delay_set(0.05, 0.1)  # type: ignore[arg-type]  # It takes fractions.
        setup(self._client)
        self._port, self.subscribed = port, threading.Event()
        self._changed = threading.Condition()
        self.heard: list[Heard] = []

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self.subscribed.wait(TIMEOUT_S)
        return self

    def __exit__(self, *error: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # Without a way back from the client to here it goes at once, and its sockets with it.
        self._client.on_message = self._client.on_connect = None
        self._client.on_subscribe = self._client.on_disconnect = None

    def _hear(self, message: Heard) -> None:
        with self._changed:
            self.heard.append(message)
            self._changed.notify_all()

    def wait(
        self, topic: str, wanted: Callable[[str], bool] = lambda payload: True, *, after: int = 0
    ) -> Heard:
        """The first message at `topic`, from the `after`-th on, whose payload is `wanted`."""
        found: list[Heard] = []

        def is_there() -> bool:
            found.extend(
                heard for heard in self.heard[after:] if heard.topic == topic and wanted(heard.payload)
            )
            return bool(found)

        with self._changed:
            assert self._changed.wait_for(is_there, TIMEOUT_S), f"nothing wanted at {topic} in {self.heard}"
        return found[0]

    def payloads(self, topic: str) -> list[str]:
        return [heard.payload for heard in self.heard if heard.topic == topic]


def certificates(folder: Path, *names: str) -> None:
    """Made by the very script that a fleet's owner uses."""
    subprocess.run(
        [ROOT / "systemd/fleet/certificates.sh", folder, "broker", *names],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def passwords(folder: Path, *users: str) -> None:
    """A file in which every one of `users` has PASSWORD."""
    file = folder / "passwords"
    file.touch()
    for user in users or (USER,):
        subprocess.run(["mosquitto_passwd", "-b", file, user, PASSWORD], check=True, capture_output=True)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process brings about."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.01)
