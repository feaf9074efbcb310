"""Opens the socket at which the server listens."""

import socket

from edge.errors import SinkError

# What the kernel buffers for a client that does not read: a picture or two, so that it is soon up to date.
SEND_BUFFER_BYTES = 128 * 1024


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket; raises SinkError when the address is in use or belongs to another machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _make_error(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise _make_error(host, port, error) from error
    return listener


def _make_error(host: str, port: int, error: OSError | UnicodeError) -> SinkError:
    reason = error.strerror if isinstance(error, OSError) else "it is not a host name"
    return SinkError(
        f"expected to serve the stream at {host}:{port}, found: {reason}; "
        "stop the program that listens there, or choose another address with --listen"
    )
