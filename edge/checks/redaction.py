"""Removes from a text what a bug report must not contain: names, places, addresses and secrets."""

import re
import socket
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from edge.settings import credentials
from edge.settings.loopback import LOOPBACK_HOSTS

USER_NAMES = ("USER", "LOGNAME", "SUDO_USER")
# Names that many machines and users have.
COMMON_NAMES = frozenset(("localhost", "root", "fer-edge", "raspberrypi"))
_PATTERNS = (
    (r"\b(\w+)://(?!127\.0\.0\.1\b|localhost\b|…)[^\s'\"<>]+", r"\1://…"),
    # The last part of a USB device's name in udev is its serial number, if it has one.
    (r"(by-id/[^\s'\"]*?)[^_\s'\"/]+(-video-index\d)", r"\1…\2"),
    (r"(?:/home/[^/\s'\"]+|/root\b)(?:/[^\s'\",;:)]*)?", "~/…"),
    # Addresses of MAC, IPv4 and IPv6, except those that every machine has.
    (r"\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b", "…"),
    (r"\b(?!127\.0\.0\.1\b|0\.0\.0\.0\b)(?:\d{1,3}\.){3}\d{1,3}\b", "…"),
    (r"(?<![\w:])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]+:){4})[0-9A-Fa-f:]{4,}", "…"),
)


def make_redactor(environment: Mapping[str, str], settings: Iterable[object]) -> Callable[[str], str]:
    """A function that removes what is private from a text.

    `settings` are the values in force; addresses and paths below a home among them are removed, too.
    """
    home = environment.get("HOME", "")
    literals = {environment.get(credentials.PREFIX + name.upper(), "") for name in credentials.SECRETS}
    for value in settings:
        if isinstance(value, str):
            literals.update(_find_private_parts(value, home))
    patterns = [(re.escape(value), "…") for value in sorted(literals, key=len, reverse=True) if value]
    if len(home) > 1:
        patterns.append((rf"{re.escape(home)}(?:/[^\s'\",;:)]*)?", "~/…"))
    words = {socket.gethostname(), *(environment.get(name, "") for name in USER_NAMES)} - COMMON_NAMES
    patterns += [*_PATTERNS, *((rf"(?<!\w){re.escape(word)}(?!\w)", "…") for word in words if word)]
    compiled = [(re.compile(pattern), replacement) for pattern, replacement in patterns]

    def redact(text: str) -> str:
        for pattern, replacement in compiled:
            text = pattern.sub(replacement, text)
        return text

    return redact


def _find_private_parts(value: str, home: str) -> Iterator[str]:
    """The private parts of a setting: an address and its host; a path, also with spaces, and its folders."""
    if "://" in value:
        yield value
        try:
            host = urllib.parse.urlsplit(value).hostname or ""
        except ValueError:
            return
        if host not in LOOPBACK_HOSTS:
            yield host
    path = Path(value)
    # The folders in /home are named after users; the folders in a user's home are private.
    if home and path.is_relative_to(home):
        yield from (
            str(above) for above in (path, *path.parents) if above.is_relative_to(home) and str(above) != home
        )
    elif path.is_relative_to("/home") or path.is_relative_to("/root"):
        yield from (str(above) for above in (path, *path.parents) if len(above.parts) > 2)
