"""Accepts connections, serves each in a task, and closes unauthorised ones when there are too many."""

import asyncio
import logging
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import http, web

from edge.web.limits import Limits, RateLimiter, get_network

log = logging.getLogger(__name__)

# SO_LINGER on, for 0 s: close() resets the connection.
_LINGER_0 = struct.pack("ii", 1, 0)
# The header Server; it does not name the libraries and their versions.
SERVER = "fer-edge"
# The pause after accept() failed because the process has no file descriptor left.
ACCEPT_AGAIN_S = 0.5
# The time in which a client must answer the close_notify of TLS.
TLS_SHUTDOWN_S = 1.0
# The longest line of a request's head; Limits.received bounds the whole head.
LINE_BYTES = 8190
HEADER_LINES = 64
# How long the server still reads after an early response: a client that is still sending would not see the
# response otherwise.
LINGERING_S = 1.0


def reset_connection(transport: asyncio.BaseTransport | None) -> None:
    """Close a connection at once, and discard what the client has not read yet.

    After an orderly close the connection, and the kernel's buffer, would stay until the client has read
    everything.
    """
    if isinstance(transport, asyncio.Transport):
        # A transport that is closed already has no socket any more.
        with suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        transport.abort()


class HttpConnection(web.RequestHandler):
    """aiohttp's protocol of one connection, with limits on what the client sends."""

    def __init__(self, server: web.Server, limits: Limits) -> None:
        # There is no access log: it would store addresses, and secrets that somebody put into one.
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=limits.idle_s,
            lingering_time=LINGERING_S,
            auto_decompress=False,
            max_line_size=LINE_BYTES,
            max_field_size=LINE_BYTES,
            max_headers=HEADER_LINES,
        )
        self._received = RateLimiter(limits.received)
        self.is_authorised = False
        """Whether one of its requests was authorised."""
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Reset the connection of a client that sends more than Limits.received."""
        self._received.count(amount=len(data))
        if self._received.get_wait_s() > 0 and self.transport is not None:
            log.debug("reset the connection of a client that sent too much")
            reset_connection(self.transport)
            return
        super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer 400 to a client that does not speak HTTP; any other error is a bug, which aiohttp logs."""
        # aiohttp repeats the header Expect before it calls a handler, and fails where that is not ASCII.
        is_odd_expectation = isinstance(exc, UnicodeEncodeError) and "Expect" in request.headers
        if not isinstance(exc, http.HttpProcessingError) and not is_odd_expectation:
            return super().handle_error(request, status, exc, message)
        response = web.Response(
            status=400,
            text="expected a well-formed HTTP/1.1 request with a head of limited size\n",
            headers={"X-Content-Type-Options": "nosniff", "Server": SERVER},
        )
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        """Set `closed`."""
        super().connection_lost(exc)
        self.closed.set()


@dataclass(slots=True, eq=False)
class _AcceptedClient:
    network: str
    task: "asyncio.Task[None] | None" = None
    connection: HttpConnection | None = None

    @property
    def is_authorised(self) -> bool:
        return self.connection is not None and self.connection.is_authorised


class ConnectionLimiter:
    """Accepts connections up to a limit for all clients and a limit for each address.

    At a limit a new connection replaces the oldest unauthorised one, which may still be in its TLS handshake:
    any number of clients without authorisation cannot keep out one that has it.
    """

    def __init__(
        self,
        listener: socket.socket,
        runner: web.AppRunner,
        limits: Limits,
        encryption: ssl.SSLContext | None,
    ) -> None:
        """While this is entered, `runner` serves the clients of `listener`, with `encryption` over TLS."""
        self._listener, self._runner, self._limits, self._encryption = listener, runner, limits, encryption
        # In the order in which they were accepted.
        self._clients: dict[_AcceptedClient, None] = {}
        self._acceptor: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        self._listener.setblocking(False)
        # The kernel closes the connection of a client that acknowledges nothing for this time.
        self._listener.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self._limits.idle_s * 1000)
        )
        self._acceptor = asyncio.create_task(self._accept_clients())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the handlers as the runner does, then reset all connections."""
        tasks = [self._acceptor] if self._acceptor is not None else []
        for task in tasks:
            task.cancel()
        try:
            await self._runner.cleanup()
        finally:
            tasks += [client.task for client in self._clients if client.task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept_clients(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client_socket, address = await loop.sock_accept(self._listener)
            except ConnectionError:
                continue
            except OSError as error:
                log.warning("expected to accept a connection, found: %s; trying again", error.strerror)
                await asyncio.sleep(ACCEPT_AGAIN_S)
                continue
            self._admit(client_socket, get_network(address[0]))

    def _admit(self, client_socket: socket.socket, network: str) -> None:
        if not self._make_room(network):
            log.debug("no room for a connection from %s", network)
            client_socket.close()
            return
        client = _AcceptedClient(network)
        self._clients[client] = None
        client.task = asyncio.create_task(self._serve(client, client_socket))
        # Also when the task is cancelled before it begins.
        client.task.add_done_callback(lambda _: client_socket.close())

    def _make_room(self, network: str) -> bool:
        """Whether there is room for a client from `network`; an unauthorised one may be closed for that."""
        return self._make_room_among(
            self._limits.connections_per_address, lambda client: client.network == network
        ) and self._make_room_among(self._limits.connections, lambda client: True)

    def _make_room_among(self, limit: int, is_counted: Callable[[_AcceptedClient], bool]) -> bool:
        counted = [client for client in self._clients if is_counted(client)]
        if len(counted) < limit:
            return True
        unauthorised = next((client for client in counted if not client.is_authorised), None)
        if unauthorised is None or unauthorised.task is None:
            return False
        unauthorised.task.cancel()
        del self._clients[unauthorised]
        return True

    async def _serve(self, client: _AcceptedClient, client_socket: socket.socket) -> None:
        server, transport = self._runner.server, None
        assert server is not None
        tls: dict[str, Any] = {}
        if self._encryption is not None:
            tls = {
                "ssl": self._encryption,
                "ssl_handshake_timeout": self._limits.handshake_s,
                "ssl_shutdown_timeout": TLS_SHUTDOWN_S,
            }
        try:
            transport, client.connection = await asyncio.get_running_loop().connect_accepted_socket(
                lambda: HttpConnection(server, self._limits), client_socket, **tls
            )
            await client.connection.closed.wait()
        except OSError as error:
            # A client that speaks no TLS, distrusts the certificate or is gone: no fault of this program.
            log.debug("a client could not connect: %s", error)
        finally:
            reset_connection(transport)
            self._clients.pop(client, None)
