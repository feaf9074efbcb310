"""What the MJPEG sink answers to HTTP requests; everything here runs in its event loop."""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import HttpVersion11, WSCloseCode, web

from edge import palette
from edge.contracts import UNCERTAIN
from edge.errors import FerEdgeError
from edge.web import multipart
from edge.web.access import BODY_BYTES, HEALTH, Access
from edge.web.broadcast import Broadcast
from edge.web.connections import SERVER, hang_up
from edge.web.messages import Message, encoded
from edge.web.multipart import Picture

log = logging.getLogger(__name__)

# A snapshot waits so long for a frame.
SNAPSHOT_WITHIN_S = 2.0
# A client of /events that takes no message for so long is sent no more.
STALLED_AFTER_S = 10.0
# One that does not answer a ping within half of this is gone.
HEARTBEAT_S = 20.0
# For a client of /events to say goodbye.
FAREWELL_S = 0.2
# Nothing that a client may say to /events is longer.
LONGEST_WORD_BYTES = 1024
# Prometheus' text format.
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NO_RAW = "expected /stream or /snapshot, found raw=1: faces are hidden here (--blur); leave raw=1 out\n"

_WEB = Path(__file__).with_name("static")
_SCRIPTS = (
    "page.js",
    "chart.js",
    "colours.js",
    "events.js",
    "faces.js",
    "history.js",
    "lanes.js",
    "picture.js",
)
_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    **{f"/{name}": (name, "text/javascript") for name in _SCRIPTS},
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    # Without a referrer a browser would not tell a form's origin either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Feeds:
    """What the routes give out.

    `pictures` are annotated, `raw` the camera's own, None where nobody may see them; `messages` are those
    of edge.web.messages, and `message` makes the newest; `unready` says why the app is not ready, None when it is;
    `metrics` makes what Prometheus reads, in any thread, and raises FerEdgeError where it cannot, None for nobody.
    """

    pictures: Broadcast[Picture]
    raw: Broadcast[Picture] | None
    messages: Broadcast[str]
    message: Callable[[], Message]
    unready: Callable[[], str | None]
    metrics: Callable[[], bytes] | None

    def close(self) -> None:
        """End what is being followed; in the event loop."""
        for feed in (self.pictures, self.raw, self.messages):
            if feed is not None:
                feed.close()


def application(feeds: Feeds, access: Access) -> web.Application:
    """The page, pictures, messages, metrics and health, for whom `access` lets through."""
    routes = web.Application(middlewares=[access.check], client_max_size=BODY_BYTES)
    routes.on_response_prepare.append(_add_headers)
    following = {"/stream": _stream, "/events": _events}
    answering = {"/snapshot": _snapshot, "/state": _state, "/readyz": _readyz, "/metrics": _metrics}
    routes.add_routes(
        [
            *(
                web.get(address, partial(handler, feeds), allow_head=False)
                for address, handler in following.items()
            ),
            *(web.get(address, partial(handler, feeds)) for address, handler in answering.items()),
            web.get(HEALTH, _healthz),
            *access.routes(),
        ]
    )
    for address, (name, content_type) in _FILES.items():
        routes.router.add_get(address, _make_text_handler((_WEB / name).read_text("utf-8"), content_type))
    routes.router.add_get("/palette.js", _make_text_handler(make_palette_script(), "text/javascript"))
    return routes


def make_palette_script() -> str:
    """The JavaScript module from which the page takes the colours of edge.palette and the label for no answer."""
    constants = {"TRACKS": palette.TRACKS, "EXPRESSIONS": palette.EXPRESSIONS, "UNCERTAIN": UNCERTAIN}
    return "".join(f"export const {name} = {json.dumps(value)};\n" for name, value in constants.items())


async def _stream(feeds: Feeds, request: web.Request) -> web.StreamResponse:
    pictures = feeds.raw if request.query.get("raw") == "1" else feeds.pictures
    if pictures is None:
        raise web.HTTPForbidden(text=NO_RAW)
    # Kept: on leaving, aiohttp forgets it before it cancels this handler.
    connection = request.transport
    response = web.StreamResponse(headers={"Content-Type": multipart.CONTENT_TYPE})
    if is_chunked := request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    try:
        await response.prepare(request)
        await response.write(multipart.START)
        assert connection is not None, "the head would not have been sent"
        with pictures.given_to(multipart.Viewer(connection, is_chunked=is_chunked).take):
            await pictures.closed()
    except ConnectionResetError:
        log.debug("a viewer of the stream has gone")
    except asyncio.CancelledError:
        hang_up(connection)
        raise
    return response


async def _snapshot(feeds: Feeds, request: web.Request) -> web.Response:
    try:
        async with asyncio.timeout(SNAPSHOT_WITHIN_S), aclosing(feeds.pictures.follow()) as newest:
            async for picture in newest:
                return web.Response(body=picture.jpeg, content_type="image/jpeg")
    except TimeoutError:
        pass  # Said below, as for a sink that closes meanwhile.
    raise web.HTTPServiceUnavailable(text=f"no frame came within {SNAPSHOT_WITHIN_S:g} s\n")


async def _state(feeds: Feeds, request: web.Request) -> web.Response:
    # The machine's health is read for it, which may take a moment.
    return web.json_response(await asyncio.to_thread(feeds.message), dumps=encoded)


async def _healthz(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _readyz(feeds: Feeds, request: web.Request) -> web.Response:
    reason = feeds.unready()
    return web.Response(text=f"not ready: {reason}\n", status=503) if reason else web.Response(text="ready\n")


async def _metrics(feeds: Feeds, request: web.Request) -> web.Response:
    if feeds.metrics is None:
        raise web.HTTPNotFound
    try:
        # The machine's health is read for it, which may take a moment.
        text = await asyncio.to_thread(feeds.metrics)
    except FerEdgeError as error:
        raise web.HTTPNotImplemented(text=f"{error}\n") from error
    return web.Response(body=text, headers={"Content-Type": METRICS_TYPE})


async def _events(feeds: Feeds, request: web.Request) -> web.StreamResponse:
    """Sends messages until the client says something, stalls or goes."""
    connection = request.transport
    socket_ = web.WebSocketResponse(
        timeout=FAREWELL_S, heartbeat=HEARTBEAT_S, max_msg_size=LONGEST_WORD_BYTES, compress=False
    )
    await socket_.prepare(request)
    telling = asyncio.create_task(_tell(feeds, socket_))
    try:
        said = asyncio.create_task(socket_.receive())
        await asyncio.wait((telling, said), return_when=asyncio.FIRST_COMPLETED)
        if not telling.done():
            await socket_.close(code=WSCloseCode.POLICY_VIOLATION, message=b"expected no messages, found one")
        elif telling.exception() is None:
            await socket_.close(code=WSCloseCode.GOING_AWAY)
    finally:
        telling.cancel()
        said.cancel()
        hang_up(connection)
    return socket_


async def _tell(feeds: Feeds, socket_: web.WebSocketResponse) -> None:
    async with aclosing(feeds.messages.follow()) as newest:
        await socket_.send_str(encoded(feeds.message()))
        async for message in newest:
            async with asyncio.timeout(STALLED_AFTER_S):
                await socket_.send_str(message)


def _make_text_handler(text: str, content_type: str) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type)

    return answer


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER
    for name, value in _HEADERS.items():
        # A page with a form or a style of its own has a policy of its own.
        response.headers.setdefault(name, value)
