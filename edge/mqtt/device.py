"""What the broker, and Home Assistant behind it, know about this device."""

import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata

from edge.mqtt import homeassistant
from edge.mqtt.address import Broker


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """`labels` are the classifier's, `board` is the machine's model where it is known.

    `discovery_prefix` is Home Assistant's, or empty where the device is not announced there.
    """

    broker: Broker
    password: str | None = field(repr=False)
    tls_context: ssl.SSLContext | None
    labels: Sequence[str]
    board: str | None
    discovery_prefix: str

    @property
    def state_topic(self) -> str:
        """The topic of the state of the moment, retained."""
        return f"{self.broker.prefix}/state"

    @property
    def changes_topic(self) -> str:
        """The topic of the state changes."""
        return f"{self.broker.prefix}/events"

    @property
    def availability_topic(self) -> str:
        """The topic of online and offline, retained."""
        return f"{self.broker.prefix}/availability"

    def make_discovery(self) -> tuple[str, str]:
        """Topic and payload of the message by which Home Assistant discovers the device."""
        payload = homeassistant.make_discovery(
            self.broker,
            self.labels,
            board=self.board,
            version=_read_version(),
            state_topic=self.state_topic,
            availability_topic=self.availability_topic,
        )
        return homeassistant.make_topic(self.discovery_prefix, self.broker), json.dumps(payload)


def _read_version() -> str:
    try:
        return metadata.version("fer-edge")
    except metadata.PackageNotFoundError:
        return "unknown"  # A checkout that was never installed.
