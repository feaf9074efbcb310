"""Many clients of the stream in one thread, of which the first half reads and the others never do."""

import select
import socket
import time
from types import TracebackType
from typing import Self

CONNECT_WITHIN_S = 30.0
# The pause between two rounds of reading: a third of a frame, so that the clients take little of the cores
# they share.
READ_EVERY_S = 0.01
_READ_BYTES = 1 << 20
_REQUEST = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


class StreamClients:
    """A context manager that connects `clients` clients, each from a loopback address of its own."""

    def __init__(self, port: int, clients: int) -> None:
        self._port, self._count = port, clients
        self._poll = select.epoll()
        self._clients: dict[int, tuple[socket.socket, int]] = {}
        # With MSG_TRUNC nothing is copied into it: the kernel throws away what was received.
        self._buffer = bytearray(_READ_BYTES)

    def __enter__(self) -> Self:
        for index in range(self._count):
            self._connect(index)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client, _ in self._clients.values():
            client.close()
        self._poll.close()

    def read_for(self, seconds: float) -> int:
        """Read for `seconds`, reconnecting every client that the server disconnects.

        Return the bytes received.
        """
        received, end_s = 0, time.monotonic() + seconds
        while (now_s := time.monotonic()) < end_s:
            received += sum(self._read(descriptor) for descriptor, _ in self._poll.poll(0))
            time.sleep(min(READ_EVERY_S, max(0.0, end_s - now_s)))
        return received

    def _is_reader(self, index: int) -> bool:
        return index < self._count // 2

    def _connect(self, index: int) -> None:
        address = f"127.1.{index // 250}.{index % 250 + 1}"
        client = socket.create_connection(
            ("127.0.0.1", self._port), CONNECT_WITHIN_S, source_address=(address, 0)
        )
        client.sendall(_REQUEST)
        client.setblocking(False)
        self._clients[client.fileno()] = client, index
        # Of those that never read only the disconnection matters, which epoll always reports.
        self._poll.register(client, select.EPOLLIN if self._is_reader(index) else 0)

    def _read(self, descriptor: int) -> int:
        """Read what has arrived for a client and return how much.

        Reconnect the client if it was disconnected.
        """
        client, index = self._clients[descriptor]
        count = 0
        if self._is_reader(index):
            try:
                count = client.recv_into(self._buffer, _READ_BYTES, socket.MSG_TRUNC)
            except BlockingIOError:
                return 0
            except ConnectionError:
                count = 0
        if count == 0:
            del self._clients[descriptor]
            client.close()
            self._connect(index)
        return count
