"""What the MJPEG sink answers to HTTP requests; everything here runs in its event loop."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.sinks.access import BODY_BYTES, HEALTH, Access

log = logging.getLogger(__name__)

State = dict[str, Any]

# A snapshot waits so long for a frame.
SNAPSHOT_WITHIN_S = 2.0
# A viewer that takes no picture for so long is sent no more.
STALLED_AFTER_S = 10.0
BOUNDARY = "frame"

_WEB = Path(__file__).with_name("web")
_FILES = {"/": ("index.html", "text/html"), "/page.css": ("page.css", "text/css"),
          "/page.js": ("page.js", "text/javascript"), "/icon.svg": ("icon.svg", "image/svg+xml")}
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
                               "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    # Without a referrer a browser would not tell a form's origin either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Pictures:
    """The newest JPEG, for as many viewers as there are: a slow one misses some and holds up nobody."""

    def __init__(self) -> None:
        self._jpeg = b""
        self._published = 0
        self._viewers = 0
        self._is_closed = False
        self._changed = asyncio.Event()

    @property
    def wanted(self) -> bool:
        """Somebody waits for a picture; any thread may ask."""
        return self._viewers > 0

    def publish(self, jpeg: bytes) -> None:
        """Replace the picture."""
        self._jpeg = jpeg
        self._published += 1
        self._wake()

    def close(self) -> None:
        """End every follow()."""
        self._is_closed = True
        self._wake()

    async def follow(self) -> AsyncGenerator[bytes]:
        """Each picture published from now on that is the newest when it is asked for."""
        seen = self._published
        self._viewers += 1
        try:
            while True:
                while self._published == seen and not self._is_closed:
                    await self._changed.wait()
                if self._is_closed:
                    return
                seen = self._published
                yield self._jpeg
        finally:
            self._viewers -= 1

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def application(pictures: Pictures, state: Callable[[], State], access: Access) -> web.Application:
    """The routes: the page, /stream, /snapshot, /state and /healthz, for whom `access` lets through."""
    async def stream(request: web.Request) -> web.StreamResponse:
        # Kept: on leaving, aiohttp forgets it before it cancels this handler.
        connection = request.transport
        response = web.StreamResponse(headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}"})
        await response.prepare(request)
        try:
            await response.write(f"--{BOUNDARY}\r\n".encode())
            async with aclosing(pictures.follow()) as newest:
                async for jpeg in newest:
                    async with asyncio.timeout(STALLED_AFTER_S):
                        await response.write(_part(jpeg))
        except (ConnectionResetError, TimeoutError):
            log.debug("a viewer of the stream has gone")
            _hang_up(connection)
        except asyncio.CancelledError:
            _hang_up(connection)
            raise
        return response

    async def snapshot(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(SNAPSHOT_WITHIN_S), aclosing(pictures.follow()) as newest:
                async for jpeg in newest:
                    return web.Response(body=jpeg, content_type="image/jpeg")
        except TimeoutError:
            pass  # Said below, as for a sink that closes meanwhile.
        raise web.HTTPServiceUnavailable(text=f"no frame came within {SNAPSHOT_WITHIN_S:g} s\n")

    async def newest_state(request: web.Request) -> web.Response:
        return web.json_response(state())

    async def healthz(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    routes = web.Application(middlewares=[access.check], client_max_size=BODY_BYTES)
    routes.on_response_prepare.append(_add_headers)
    routes.add_routes([web.get("/stream", stream, allow_head=False), web.get("/snapshot", snapshot),
                       web.get("/state", newest_state), web.get(HEALTH, healthz), *access.routes()])
    for address, (name, content_type) in _FILES.items():
        routes.router.add_get(address, _file(_WEB / name, content_type))
    return routes


def _hang_up(connection: asyncio.Transport | None) -> None:
    """Close it now: closed in order, it would stay until the viewer has read what was sent."""
    if connection is not None:
        connection.abort()


def _part(jpeg: bytes) -> bytes:
    """One part of the stream, with the boundary behind it: a browser shows a picture when its part has ended."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + f"\r\n--{BOUNDARY}\r\n".encode()


def _file(path: Path, content_type: str) -> Callable[[web.Request], Any]:
    content = path.read_text(encoding="utf-8")

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=content, content_type=content_type)
    return answer


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        # A page with a form or a style of its own has a policy of its own.
        response.headers.setdefault(name, value)
