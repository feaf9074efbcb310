"""The HTTP routes of the MJPEG sink; everything here runs in its event loop."""

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
from edge.web.access import HEALTH, AccessControl
from edge.web.broadcast import Broadcast
from edge.web.connections import SERVER, reset_connection
from edge.web.login import BODY_BYTES
from edge.web.messages import Message, encode
from edge.web.multipart import EncodedPicture

log = logging.getLogger(__name__)

# How long a request for a snapshot waits for a frame.
SNAPSHOT_WITHIN_S = 2.0
# A client that reads no message for this time is disconnected.
STALLED_AFTER_S = 10.0
# The interval of pings; a client that does not answer within half of it is disconnected.
HEARTBEAT_S = 20.0
# The time in which a client of /events must answer the close frame.
CLOSE_WITHIN_S = 0.2
# The largest message that /events reads before it closes.
MESSAGE_BYTES = 1024
# Prometheus' text format.
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NO_RAW = "expected /stream or /snapshot, found raw=1: faces are hidden here (--blur); leave raw=1 out\n"

_STATIC = Path(__file__).with_name("static")
_SCRIPTS = (
    "page.js",
    "chart.js",
    "colours.js",
    "faces.js",
    "history.js",
    "lanes.js",
    "messages.js",
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
    # With no-referrer a browser would not send a form's origin either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class WebResources:
    """What the routes serve."""

    annotated: Broadcast[EncodedPicture]
    """The pictures with boxes and labels."""
    raw: Broadcast[EncodedPicture] | None
    """The camera's own pictures; None where nobody may see them."""
    messages: Broadcast[str]
    """The messages of edge.web.messages, encoded."""
    make_message: Callable[[], Message]
    """Makes the message for the newest result."""
    find_problem: Callable[[], str | None]
    """The reason why the app is not ready, or None."""
    render_metrics: Callable[[], bytes] | None
    """Makes the text for Prometheus, in any thread, or raises FerEdgeError; None for no metrics."""

    def close(self) -> None:
        """End the streams and the WebSockets; call this in the event loop."""
        for broadcast in (self.annotated, self.raw, self.messages):
            if broadcast is not None:
                broadcast.close()


def make_application(resources: WebResources, access: AccessControl) -> web.Application:
    """The page, the pictures, messages, metrics and health, for the clients that `access` allows."""
    application = web.Application(middlewares=[access.check], client_max_size=BODY_BYTES)
    application.on_response_prepare.append(_add_headers)
    endless = {"/stream": _handle_stream, "/events": _handle_websocket}
    finite = {
        "/snapshot": _handle_snapshot,
        "/state": _handle_state,
        "/readyz": _handle_readyz,
        "/metrics": _handle_metrics,
    }
    application.add_routes(
        [
            *(
                web.get(path, partial(handler, resources), allow_head=False)
                for path, handler in endless.items()
            ),
            *(web.get(path, partial(handler, resources)) for path, handler in finite.items()),
            web.get(HEALTH, _handle_healthz),
            *access.make_routes(),
            *(
                web.get(path, _make_text_handler((_STATIC / name).read_text("utf-8"), content_type))
                for path, (name, content_type) in _FILES.items()
            ),
            web.get("/palette.js", _make_text_handler(make_palette_script(), "text/javascript")),
        ]
    )
    return application


def make_palette_script() -> str:
    """The JavaScript module with the colours of edge.palette, and the label "uncertain"."""
    constants = {"TRACKS": palette.TRACKS, "EXPRESSIONS": palette.EXPRESSIONS, "UNCERTAIN": UNCERTAIN}
    return "".join(f"export const {name} = {json.dumps(value)};\n" for name, value in constants.items())


async def _handle_stream(resources: WebResources, request: web.Request) -> web.StreamResponse:
    pictures = resources.raw if request.query.get("raw") == "1" else resources.annotated
    if pictures is None:
        raise web.HTTPForbidden(text=NO_RAW)
    # Kept, because aiohttp forgets the transport before it cancels this handler.
    transport = request.transport
    response = web.StreamResponse(headers={"Content-Type": multipart.CONTENT_TYPE})
    if is_chunked := request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    try:
        await response.prepare(request)
        await response.write(multipart.START)
        assert transport is not None, "the head would not have been sent"
        with pictures.subscribe(multipart.Viewer(transport, is_chunked=is_chunked).send):
            await pictures.wait_closed()
    except ConnectionResetError:
        log.debug("a viewer has closed the stream")
    except asyncio.CancelledError:
        reset_connection(transport)
        raise
    return response


async def _handle_snapshot(resources: WebResources, request: web.Request) -> web.Response:
    try:
        async with asyncio.timeout(SNAPSHOT_WITHIN_S), aclosing(resources.annotated.follow()) as pictures:
            async for picture in pictures:
                return web.Response(body=picture.jpeg, content_type="image/jpeg")
    except TimeoutError:
        pass  # Answered below, as when the sink is closed meanwhile.
    raise web.HTTPServiceUnavailable(text=f"no frame came within {SNAPSHOT_WITHIN_S:g} s\n")


async def _handle_state(resources: WebResources, request: web.Request) -> web.Response:
    # In a thread, because the message holds the machine's health, which takes a moment to read.
    return web.json_response(await asyncio.to_thread(resources.make_message), dumps=encode)


async def _handle_healthz(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _handle_readyz(resources: WebResources, request: web.Request) -> web.Response:
    problem = resources.find_problem()
    if problem:
        return web.Response(text=f"not ready: {problem}\n", status=503)
    return web.Response(text="ready\n")


async def _handle_metrics(resources: WebResources, request: web.Request) -> web.Response:
    if resources.render_metrics is None:
        raise web.HTTPNotFound
    try:
        # In a thread for the same reason as the message of /state.
        text = await asyncio.to_thread(resources.render_metrics)
    except FerEdgeError as error:
        raise web.HTTPNotImplemented(text=f"{error}\n") from error
    return web.Response(body=text, headers={"Content-Type": METRICS_TYPE})


async def _handle_websocket(resources: WebResources, request: web.Request) -> web.StreamResponse:
    """Send messages until the client sends one, stalls or leaves."""
    transport = request.transport
    websocket = web.WebSocketResponse(
        timeout=CLOSE_WITHIN_S, heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_BYTES, compress=False
    )
    await websocket.prepare(request)
    sending = asyncio.create_task(_send_messages(resources, websocket))
    receiving = asyncio.create_task(websocket.receive())
    try:
        await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            await websocket.close(
                code=WSCloseCode.POLICY_VIOLATION, message=b"expected no messages, found one"
            )
        elif sending.exception() is None:
            await websocket.close(code=WSCloseCode.GOING_AWAY)
    finally:
        sending.cancel()
        receiving.cancel()
        reset_connection(transport)
    return websocket


async def _send_messages(resources: WebResources, websocket: web.WebSocketResponse) -> None:
    async with aclosing(resources.messages.follow()) as messages:
        await websocket.send_str(encode(resources.make_message()))
        async for message in messages:
            async with asyncio.timeout(STALLED_AFTER_S):
                await websocket.send_str(message)


def _make_text_handler(text: str, content_type: str) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type)

    return answer


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER
    for name, value in _HEADERS.items():
        # The login page has its own policy, because its style is in the page.
        response.headers.setdefault(name, value)
