"""Random requests: the server answers or closes the connection, logs no error, and serves the next client."""

import logging
import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from edge.sinks.mjpeg import MjpegSink
from edge.web.access import AccessControl
from edge.web.limits import Limits, Rate
from edge.web.sessions import Sessions, Token

TIMEOUT_S = 30
# An incomplete request gets no response; on a busy machine that is slower than this, fewer responses are
# checked.
PATIENCE_S = 0.01
TOKEN = "correct-horse-battery-staple"
UNLIMITED = Rate(burst=1e9, every_s=1e-9)
LIMITS = Limits(requests=UNLIMITED, wrong_tokens=UNLIMITED, wrong_tokens_in_all=UNLIMITED)
# The status line of a response, also of one among many.
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n")

PATHS = some.sampled_from(
    [
        "/",
        "/state",
        "/login",
        "/logout",
        "/healthz",
        "/page.js",
        "/icon.svg",
        "/events",
        "/readyz",
        "/nothing",
    ]
)
NAMES = some.sampled_from(
    [
        "Host",
        "Cookie",
        "Authorization",
        "Origin",
        "Content-Type",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Upgrade",
        "Expect",
        "Range",
        "If-None-Match",
        "Accept",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Sec-Fetch-Site",
        "Content-Encoding",
        "X-Forwarded-For",
    ]
)
KNOWN = some.sampled_from(
    [
        "localhost",
        f"Bearer {TOKEN}",
        "chunked",
        "keep-alive, Upgrade",
        "websocket",
        "100-continue",
        "gzip",
        "5",
        "-1",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=nonsense",
        "multipart/form-data",
        "http://localhost",
        "bytes=9-1",
        "text/html",
        "a=b; fer-edge-0=1.2.3; =; ;",
        "13",
        "AAAAAAAAAAAAAAAAAAAAAA==",
    ]
)
TEXT = some.text(some.characters(exclude_characters="\r\n", codec="latin-1"), max_size=60)
HEADERS = some.lists(some.tuples(NAMES | TEXT, KNOWN | TEXT), max_size=8)


class Faults(logging.Handler):
    """Keeps the records of errors and those with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or record.exc_info:
            self.records.append(self.format(record))


@pytest.fixture(scope="module", params=[None, TOKEN], ids=["open", "guarded"])
def sink(request: pytest.FixtureRequest) -> Iterator[MjpegSink]:
    token = Token(request.param) if request.param else None
    with MjpegSink(
        "127.0.0.1", 0, lambda: {"shown_fps": 30.0}, access=AccessControl([], token, LIMITS), limits=LIMITS
    ) as one:
        yield one


@pytest.fixture
def faults() -> Iterator[Faults]:
    found = Faults()
    logging.getLogger().addHandler(found)
    yield found
    logging.getLogger().removeHandler(found)


def ask(sink: MjpegSink, request: bytes, *, patience_s: float = PATIENCE_S) -> bytes:
    """The whole response to `request` and the end of it; b"" when none begins within `patience_s`."""
    answer = b""
    with socket.create_connection(("127.0.0.1", int(sink.url.rpartition(":")[2])), patience_s) as client:
        try:
            client.sendall(request)
            answer = client.recv(65536)
        except TimeoutError:
            pass
        except ConnectionError:
            return answer
        client.settimeout(TIMEOUT_S)
        try:
            client.shutdown(socket.SHUT_WR)
            while more := client.recv(65536):
                answer += more
        except TimeoutError:
            raise
        except OSError:
            pass  # The server closed the connection, as it may.
    return answer


def check(sink: MjpegSink, faults: Faults, sent: bytes) -> None:
    statuses = {int(status) for status in STATUS.findall(ask(sink, sent))}
    assert 500 not in statuses, f"{statuses} for {sent!r}"
    health = ask(sink, b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n", patience_s=TIMEOUT_S)
    assert health.endswith(b"ok\n")
    assert faults.records == []


@given(sent=some.binary(max_size=2000))
@example(sent=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
@example(sent=b"GET / HTTP/1.1\r\n\r\n")
@example(sent=b"GET / HTTP/0.9\r\nHost: localhost\r\n\r\n")
@example(sent=b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n")
@example(sent=b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
@example(sent=b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: \x80\r\n\r\n")
@example(sent=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
def test_any_bytes_cause_no_error(sink: MjpegSink, faults: Faults, sent: bytes) -> None:
    check(sink, faults, sent)


@given(
    method=some.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"]),
    path=PATHS | TEXT.map("/".__add__),
    headers=HEADERS,
    body=some.binary(max_size=200) | some.just(b"token=" + TOKEN.encode()),
    is_named=some.booleans(),
    is_measured=some.booleans(),
)
def test_any_request_causes_no_error(
    sink: MjpegSink,
    faults: Faults,
    method: str,
    path: str,
    headers: list[tuple[str, str]],
    body: bytes,
    is_named: bool,
    is_measured: bool,
) -> None:
    if is_named:
        headers = [("Host", "localhost"), *headers]
    if is_measured:
        headers = [*headers, ("Content-Length", str(len(body)))]
    head = "".join(
        [f"{method} {path} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in headers), "\r\n"]
    )
    check(sink, faults, head.encode("latin-1") + body)


@given(
    cookie=some.binary(max_size=200) | TEXT.map(lambda text: text.encode("latin-1")),
    bearer=some.binary(max_size=100),
    origin=some.binary(max_size=100),
)
def test_any_credentials_cause_no_error_and_open_nothing(
    sink: MjpegSink, faults: Faults, cookie: bytes, bearer: bytes, origin: bytes
) -> None:
    sent = b"\r\n".join(
        [
            b"GET /state HTTP/1.1",
            b"Host: localhost",
            b"Cookie: fer-edge-0=" + cookie,
            b"Authorization: Bearer " + bearer,
            b"Origin: " + origin,
            b"Connection: close",
            b"",
            b"",
        ]
    )
    check(sink, faults, sent)
    assert b'"readings"' not in ask(sink, sent)


@given(
    text=some.text(max_size=120) | some.from_regex(r"[0-9]{1,13}\.[0-9a-f]{32}\.[0-9a-f]{64}", fullmatch=True)
)
def test_no_random_text_is_a_session(text: str) -> None:
    assert not Sessions(Token(TOKEN).derive_key("session")).is_valid(text)
    assert not Token(TOKEN).matches(text)


@given(
    form=some.binary(max_size=5000),
    kind=some.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/x-www-form-urlencoded; charset=utf-16",
        ]
    ),
)
def test_any_form_causes_no_error(sink: MjpegSink, faults: Faults, form: bytes, kind: str) -> None:
    check(
        sink,
        faults,
        f"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(form)}\r\n\r\n".encode()
        + form,
    )
