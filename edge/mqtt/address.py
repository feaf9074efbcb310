"""Parses the address of an MQTT broker, as the setting `mqtt` holds it."""

import re
import socket
import urllib.parse
from dataclasses import dataclass

from edge.errors import ConfigError

SCHEMES = {"mqtt": 1883, "mqtts": 8883}
FORM = "mqtt://[USER@]HOST[:PORT][/PREFIX] or mqtts://…"
# MQTT allows topics of 65,535 bytes; those below the prefix need room, and people want to read them.
MAX_PREFIX_BYTES = 200


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker, the user that connects to it, and the topic prefix of this device's messages."""

    host: str
    port: int
    is_encrypted: bool
    user: str | None
    prefix: str

    @property
    def device(self) -> str:
        """The last level of the prefix, which names this device to people."""
        return self.prefix.rpartition("/")[2]

    @property
    def identifier(self) -> str:
        """The whole prefix in letters, digits, - and _; it is the same at every start."""
        return re.sub(r"[^A-Za-z0-9_-]", "-", self.prefix)

    def __str__(self) -> str:
        """Host and port, for the log."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def parse(address: str, origin: str) -> Broker:
    """The broker at `address`.

    Raises ConfigError for any other text; its message names `origin` and shows no password.
    """
    if re.match(r"\w*://[^/@]*:[^/]*@", address):
        raise ConfigError(
            f"expected no password in mqtt, where others can read it, found one ({origin}); put it "
            "in a file for --mqtt-password-file, or in FER_EDGE_MQTT_PASSWORD"
        )
    try:
        parts = urllib.parse.urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _make_error(address, origin, str(error) if "@" not in address else "") from error
    prefix = urllib.parse.unquote(parts.path).strip("/") or f"fer-edge/{socket.gethostname()}"
    if parts.scheme not in SCHEMES or not host or port == 0 or re.search("[?#]", address):
        raise _make_error(address, origin)
    if re.search(r"[+#\0]|//|^\$", prefix) or len(prefix.encode()) > MAX_PREFIX_BYTES:
        raise _make_error(
            address,
            origin,
            f"the prefix must be a topic of at most {MAX_PREFIX_BYTES} bytes without +, #, an empty "
            "level or a $ in front",
        )
    user = urllib.parse.unquote(parts.username) if parts.username else None
    return Broker(host, port or SCHEMES[parts.scheme], parts.scheme == "mqtts", user, prefix)


def _make_error(address: str, origin: str, reason: str = "") -> ConfigError:
    # The text before an @ may hold a password that was not written as one.
    shown = re.sub(r"(?<=//).*@", "…@", address)
    return ConfigError(
        f"expected {FORM} for mqtt, found {shown!r} ({origin}){reason and f': {reason}'}; change it"
    )
