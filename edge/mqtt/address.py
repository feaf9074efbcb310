"""Where MQTT messages go: the parts of the address in the setting `mqtt`."""

import re
import socket
import urllib.parse
from dataclasses import dataclass

from edge.errors import ConfigError

SCHEMES = {"mqtt": 1883, "mqtts": 8883}
FORM = "mqtt://[USER@]HOST[:PORT][/PREFIX] or mqtts://…"
# Of the 65,535 that MQTT allows; the topics below it need room, and people want to read them.
LONGEST_PREFIX = 200


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker, who we are to it, and the topic below which this device speaks."""

    host: str
    port: int
    is_encrypted: bool
    user: str | None
    prefix: str

    @property
    def device(self) -> str:
        """The prefix's last level, which names this device to people."""
        return self.prefix.rpartition("/")[2]

    @property
    def key(self) -> str:
        """The whole prefix as a word of letters, digits, - and _: the same at every start."""
        return re.sub(r"[^A-Za-z0-9_-]", "-", self.prefix)

    def __str__(self) -> str:
        """Host and port, as the log names it."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def parse(address: str, origin: str) -> Broker:
    """The broker that `address` names; ConfigError, which names `origin` and shows no password, for any other text."""
    if re.match(r"\w*://[^/@]*:[^/]*@", address):
        raise ConfigError(
            f"expected mqtt without a password ({origin}): others can read it there, found one; put it "
            "in a file for --mqtt-password-file, or in FER_EDGE_MQTT_PASSWORD"
        )
    try:
        parts = urllib.parse.urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _refused(address, origin, str(error) if "@" not in address else "no address") from error
    prefix = urllib.parse.unquote(parts.path).strip("/") or f"fer-edge/{socket.gethostname()}"
    if parts.scheme not in SCHEMES or not host or port == 0 or re.search("[?#]", address):
        raise _refused(address, origin, "no such address")
    if re.search(r"[+#\0]|//|^\$", prefix) or len(prefix.encode()) > LONGEST_PREFIX:
        raise _refused(
            address, origin, "a prefix that is no topic: + # $ and empty levels cannot stand in it"
        )
    user = urllib.parse.unquote(parts.username) if parts.username else None
    return Broker(host, port or SCHEMES[parts.scheme], parts.scheme == "mqtts", user, prefix)


def _refused(address: str, origin: str, reason: str) -> ConfigError:
    # What stands before an @ may hold a password that was not written as one.
    shown = re.sub(r"(?<=//).*@", "…@", address)
    return ConfigError(f"expected {FORM} for mqtt, found {shown!r} ({origin}): {reason}; change it")
