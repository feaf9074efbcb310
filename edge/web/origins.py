"""Rejects requests that come from other sites' pages, or under a name that is not this device's."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web

# The header Host: HOST or HOST:PORT.
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/?#@\\]+)(:(?P<port>[0-9]{1,5}))?", re.ASCII)
_MAX_PORT = 65535
_CROSS_SITE = "expected a request from a page of this device, found one from another site\n"


class OriginPolicy:
    """Knows the names of this device."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` come in addition to the host name and the addresses."""
        own = socket.gethostname().lower()
        self._names = {"localhost", own, f"{own}.local", *(name.lower() for name in names)}

    def check(self, request: web.Request) -> None:
        """Raise the HTTP error for a `request` that comes from elsewhere.

        A page on the web can point its own name to this machine's address (DNS rebinding) and would then read
        the pictures; it cannot make the browser send another name, or an address, in the header Host.  Nor
        can it hide from the headers Origin and Sec-Fetch-Site that it makes the browser request a picture, a
        WebSocket or a form.  Programs other than browsers send no origin, and have no cookies that another
        site could use.
        """
        host = self._check_host(request)
        origin = request.headers.get("Origin")
        if origin is not None and _parse_origin(origin) != host:
            raise web.HTTPForbidden(text=_CROSS_SITE)
        is_cross_site = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
        is_link = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
        if is_cross_site and not is_link:
            raise web.HTTPForbidden(text=_CROSS_SITE)

    def _check_host(self, request: web.Request) -> str:
        """The header Host, in lower case; raises the HTTP error for a host that is not this device."""
        hosts = request.headers.getall("Host", [])
        parsed = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if parsed is None or int(parsed["port"] or 0) > _MAX_PORT:
            raise web.HTTPBadRequest(text="expected HOST or HOST:PORT in one header Host\n")
        name = parsed["name"].lower().rstrip(".")
        if name not in self._names and not _is_address(name.strip("[]")):
            raise web.HTTPForbidden(
                text=f"expected a name or an address of this device, found {_escape(name)}; "
                "--hosts gives it another name\n"
            )
        return hosts[0].lower()


def _parse_origin(origin: str) -> str:
    """HOST or HOST:PORT of an origin; "" for one without a host, such as null."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _escape(text: str) -> str:
    """`text` in ASCII."""
    return text.encode("ascii", "backslashreplace").decode()
