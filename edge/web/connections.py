"""Who is connected: lets clients in, each in a task of its own, and shows strangers out when it is full."""

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

from edge.web.limits import Limits, RateLimiter, network_of

log = logging.getLogger(__name__)

# On, and within 0 s.
_FORGET = struct.pack("ii", 1, 0)
# What the server calls itself: its libraries and their versions are nobody's business.
SERVER = "fer-edge"
# When the process has no descriptor left for another client.
ACCEPT_AGAIN_S = 0.5
# A client that takes so long to answer the end of TLS is hung up on.
TLS_FAREWELL_S = 1.0
# Of one line of a request's head; with Limits.received that bounds the whole head.
LINE_BYTES = 8190
HEADER_LINES = 64
# For what a client still sends when it was answered already; else it would not see the answer.
LINGERING_S = 1.0


def hang_up(transport: asyncio.BaseTransport | None) -> None:
    """Close it now and forget what was not taken yet.

    Closed in order, it would stay until the client has read all that was sent, as would what the kernel keeps for it.
    """
    if isinstance(transport, asyncio.Transport):
        # A transport that is closed already has no socket any more.
        with suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _FORGET)
        transport.abort()


class Connection(web.RequestHandler):
    """aiohttp's end of a connection, with an end to what it bears."""

    def __init__(self, server: web.Server, limits: Limits) -> None:
        # Without an access log no address, and so no secret that somebody put into one, is written anywhere.
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
        self.is_stranger = True
        """Until a request of it was allowed."""
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Hangs up on a client that says more than there is to say."""
        self._received.take(amount=len(data))
        if self._received.wait_s() > 0 and self.transport is not None:
            log.debug("hung up on a client that babbles")
            hang_up(self.transport)
            return
        super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Logs, with its traceback, what is a fault of ours, and tells a client that speaks no HTTP of its own."""
        # aiohttp repeats what a header Expect says, before any handler, and fails where that is no text.
        is_odd_expectation = isinstance(exc, UnicodeEncodeError) and "Expect" in request.headers
        if not isinstance(exc, http.HttpProcessingError) and not is_odd_expectation:
            return super().handle_error(request, status, exc, message)
        answer = web.Response(
            status=400,
            text="expected HTTP/1.1, its head neither long nor odd\n",
            headers={"X-Content-Type-Options": "nosniff", "Server": SERVER},
        )
        answer.force_close()
        return answer

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tells who waits for the end."""
        super().connection_lost(exc)
        self.ended.set()


@dataclass(slots=True, eq=False)
class _Visit:
    network: str
    task: "asyncio.Task[None] | None" = None
    connection: Connection | None = None

    @property
    def is_stranger(self) -> bool:
        return self.connection is None or self.connection.is_stranger


class ConnectionLimiter:
    """Lets clients in, so many in all and from one address.

    Where there is no room the stranger who has been there longest is shown out, be it amid its TLS handshake:
    strangers, however many and however silent, keep out nobody who may come in.
    """

    def __init__(
        self,
        listener: socket.socket,
        runner: web.AppRunner,
        limits: Limits,
        encryption: ssl.SSLContext | None,
    ) -> None:
        """While entered, `runner` serves who comes to `listener`, over TLS where there is an `encryption`."""
        self._listener, self._runner, self._limits, self._encryption = listener, runner, limits, encryption
        self._visits: dict[_Visit, None] = {}

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        self._listener.setblocking(False)
        # The kernel hangs up on who takes nothing of what was sent for so long.
        self._listener.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self._limits.idle_s * 1000)
        )
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends what is being answered as the runner does, then hangs up on everybody."""
        self._keeper.cancel()
        try:
            await self._runner.cleanup()
        finally:
            tasks = [self._keeper, *(visit.task for visit in self._visits if visit.task)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, address = await loop.sock_accept(self._listener)
            except ConnectionError:
                continue
            except OSError as error:
                log.warning("expected to take in another client, found: %s; trying again", error.strerror)
                await asyncio.sleep(ACCEPT_AGAIN_S)
                continue
            self._let_in(client, network_of(address[0]))

    def _let_in(self, client: socket.socket, network: str) -> None:
        if not self._makes_room(network):
            log.debug("no room for a client from %s", network)
            client.close()
            return
        visit = _Visit(network)
        self._visits[visit] = None
        visit.task = asyncio.create_task(self._receive(visit, client))
        # Also where it was cancelled before it began.
        visit.task.add_done_callback(lambda _: client.close())

    def _makes_room(self, network: str) -> bool:
        return self._is_below(
            self._limits.connections_per_address, lambda visit: visit.network == network
        ) and self._is_below(self._limits.connections, lambda visit: True)

    def _is_below(self, limit: int, counts: Callable[[_Visit], bool]) -> bool:
        """Fewer than `limit` visits count, if need be since a stranger's has just been ended."""
        counted = [visit for visit in self._visits if counts(visit)]
        if len(counted) < limit:
            return True
        stranger = next((visit for visit in counted if visit.is_stranger), None)
        if stranger is None or stranger.task is None:
            return False
        stranger.task.cancel()
        del self._visits[stranger]
        return True

    async def _receive(self, visit: _Visit, client: socket.socket) -> None:
        server, transport = self._runner.server, None
        assert server is not None
        secured: dict[str, Any] = (
            {}
            if self._encryption is None
            else {
                "ssl": self._encryption,
                "ssl_handshake_timeout": self._limits.handshake_s,
                "ssl_shutdown_timeout": TLS_FAREWELL_S,
            }
        )
        try:
            transport, visit.connection = await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(server, self._limits), client, **secured
            )
            await visit.connection.ended.wait()
        except OSError as error:
            # No TLS, an untrusted certificate, a client that is gone: weather.
            log.debug("a client was not let in: %s", error)
        finally:
            hang_up(transport)
            self._visits.pop(visit, None)
