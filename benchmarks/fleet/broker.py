"""A Mosquitto on loopback, and a client that receives everything that it is sent."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.fleet.delivery import ListeningPhase, ReceivedMessage
from benchmarks.fleet.waiting import wait_until
from benchmarks.process_usage import read_cpu_s
from edge.errors import ConfigError

BYTES_TOPIC = "$SYS/broker/bytes/received"


def find_mosquitto() -> str:
    """Find the program mosquitto; raises ConfigError where it is not installed."""
    # Debian installs it in a folder that is not in the PATH of every user.
    executable = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if executable is None:
        raise ConfigError("expected mosquitto on this machine, found none; sudo apt install mosquitto")
    return executable


@dataclass(frozen=True, slots=True)
class Broker:
    """A Mosquitto on loopback that can be killed and started again."""

    executable: str
    folder: Path
    port: int

    def start(self) -> "subprocess.Popen[bytes]":
        """Start it and return the process once it answers."""
        file = self.folder / "mosquitto.conf"
        file.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nsys_interval 1\nuser root\n")
        process = subprocess.Popen(
            [self.executable, "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: _is_answering(self.port), "the broker answers")
        return process


class MessageListener:
    """Receives all messages below `prefix`; its callbacks run in the library's thread."""

    def __init__(self, port: int, prefix: str) -> None:
        self.messages: list[ReceivedMessage] = []
        self.online: set[str] = set()
        """The devices that reported to be online."""
        self._port, self._received_bytes = port, 0
        self._lock = threading.Lock()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._add
        self._client.on_connect = lambda client, *_: client.subscribe([(f"{prefix}/#", 0), (BYTES_TOPIC, 0)])
        self._client.reconnect_delay_set(1, 1)

    @contextmanager
    def listen(self) -> "Iterator[MessageListener]":
        """Receive messages in this context."""
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        try:
            yield self
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def forget_online(self) -> None:
        """Regard every device as offline until it reports to be online again."""
        with self._lock:
            self.online.clear()

    def record_phase(self, seconds: float, broker_pid: int) -> ListeningPhase:
        """Record what is received from now on for `seconds`, and what that costs the process `broker_pid`."""
        started_s, first, cpu_s = time.monotonic(), len(self.messages), read_cpu_s(broker_pid)
        received_bytes = self._received_bytes
        time.sleep(seconds)
        return ListeningPhase(
            time.monotonic() - started_s,
            tuple(self.messages[first:]),
            read_cpu_s(broker_pid) - cpu_s,
            self._received_bytes - received_bytes,
        )

    def _add(self, client: Client, user: object, message: MQTTMessage) -> None:
        if message.topic == BYTES_TOPIC:
            self._received_bytes = int(message.payload)
            return
        received = ReceivedMessage.parse(
            message.topic, bytes(message.payload), time.monotonic(), time.time(), is_retained=message.retain
        )
        with self._lock:
            self.messages.append(received)
            if received.presence == "online":
                self.online.add(received.device)
            elif received.presence is not None:
                self.online.discard(received.device)


def find_free_port() -> int:
    """Find a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_answering(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
