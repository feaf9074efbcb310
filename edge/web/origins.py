"""From where a request may come: only from pages of this device, asked for by a name of its own."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web

# HOST or HOST:PORT, as the header Host may say it.
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/?#@\\]+)(:(?P<port>[0-9]{1,5}))?", re.ASCII)
_HIGHEST_PORT = 65535
_FOREIGN = "expected a page of this device to ask, found one of another site\n"


class Origins:
    """Knows the names of this device."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are those besides its host name and its addresses."""
        own = socket.gethostname().lower()
        self._names = {"localhost", own, f"{own}.local", *(name.lower() for name in names)}

    def check(self, request: web.Request) -> None:
        """Raises what `request` is answered with when it comes from elsewhere.

        A page on the web can give its own name this machine's address (DNS rebinding) and would then
        read the pictures; it cannot make the browser ask for another name, or for an address.  Nor can it hide
        that it makes the browser ask, for a picture, a WebSocket or a form.  Programs that are no browser
        tell no origin, and have no cookies that another could use.
        """
        host = self._checked_host(request)
        origin = request.headers.get("Origin")
        if origin is not None and _host_of(origin) != host:
            raise web.HTTPForbidden(text=_FOREIGN)
        is_foreign = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
        is_link = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
        if is_foreign and not is_link:
            raise web.HTTPForbidden(text=_FOREIGN)

    def _checked_host(self, request: web.Request) -> str:
        """The header Host, in lower case."""
        said = request.headers.getall("Host", [])
        found = _HOST.fullmatch(said[0]) if len(said) == 1 else None
        if found is None or int(found["port"] or 0) > _HIGHEST_PORT:
            raise web.HTTPBadRequest(text="expected HOST or HOST:PORT in one header Host\n")
        name = found["name"].lower().rstrip(".")
        if name not in self._names and not _is_address(name.strip("[]")):
            raise web.HTTPForbidden(
                text=f"expected a name or an address of this device, found {_printable(name)}; "
                "--hosts gives it another name\n"
            )
        return said[0].lower()


def _host_of(origin: str) -> str:
    """HOST or HOST:PORT of an origin; "" for one that has none, such as null."""
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


def _printable(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()
