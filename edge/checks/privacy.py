"""Takes out of a text what a bug report must not tell: who and where somebody is, and what opens a door."""

import re
import socket
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

SECRETS = ("FER_EDGE_TOKEN", "FER_EDGE_MQTT_PASSWORD")
USER_NAMES = ("USER", "LOGNAME", "SUDO_USER")
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
# Names that many machines and users have.
COMMON = frozenset(("localhost", "root", "fer-edge", "raspberrypi"))
_PATTERNS = (
    (r"\b(\w+)://(?!127\.0\.0\.1\b|localhost\b|…)[^\s'\"<>]+", r"\1://…"),
    # The last part of what udev calls a USB device is its serial number, where it has one.
    (r"(by-id/[^\s'\"]*?)[^_\s'\"/]+(-video-index\d)", r"\1…\2"),
    (r"(?:/home/[^/\s'\"]+|/root\b)(?:/[^\s'\",;:)]*)?", "~/…"),
    # Addresses of MAC, IPv4 and IPv6, but for those that every machine has.
    (r"\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b", "…"),
    (r"\b(?!127\.0\.0\.1\b|0\.0\.0\.0\b)(?:\d{1,3}\.){3}\d{1,3}\b", "…"),
    (r"(?<![\w:])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]+:){4})[0-9A-Fa-f:]{4,}", "…"),
)


def redactor(environment: Mapping[str, str], settings: Iterable[object]) -> Callable[[str], str]:
    """A function that redacts; of `settings`, the values in force, it takes out paths below a home and addresses."""
    home = environment.get("HOME", "")
    literal = {environment.get(name, "") for name in SECRETS}
    for value in settings:
        if isinstance(value, str):
            literal.update(_telling(value, home))
    patterns = [(re.escape(value), "…") for value in sorted(literal, key=len, reverse=True) if value]
    if len(home) > 1:
        patterns.append((rf"{re.escape(home)}(?:/[^\s'\",;:)]*)?", "~/…"))
    words = {socket.gethostname(), *(environment.get(name, "") for name in USER_NAMES)} - COMMON
    patterns += [*_PATTERNS, *((rf"(?<!\w){re.escape(word)}(?!\w)", "…") for word in words if word)]
    compiled = [(re.compile(pattern), replacement) for pattern, replacement in patterns]

    def redact(text: str) -> str:
        for pattern, replacement in compiled:
            text = pattern.sub(replacement, text)
        return text

    return redact


def _telling(value: str, home: str) -> Iterator[str]:
    """What of a value would tell: a path, which may hold spaces, with the folders above it; an address and its host."""
    if "://" in value:
        yield value
        try:
            host = urllib.parse.urlsplit(value).hostname or ""
        except ValueError:
            return
        if host not in LOOPBACK_HOSTS:
            yield host
    path = Path(value)
    # Below /home stand the users; below a user's home, what is his.
    if home and path.is_relative_to(home):
        yield from (
            str(above) for above in (path, *path.parents) if above.is_relative_to(home) and str(above) != home
        )
    elif path.is_relative_to("/home") or path.is_relative_to("/root"):
        yield from (str(above) for above in (path, *path.parents) if len(above.parts) > 2)
