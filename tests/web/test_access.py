"""Who is let in, over real sockets: tokens, sessions, names, origins."""

import http.client
import ssl
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from edge.sinks.mjpeg import MjpegSink
from edge.web.access import AccessControl
from edge.web.limits import Limits, Rate, RateLimiter, get_network
from edge.web.sessions import LASTS_S, Sessions, Token

TIMEOUT_S = 30
TOKEN = "correct-horse-battery-staple"
FIGURES = {"shown_fps": 29.5, "latency_p50_ms": 12.0, "dropped": 0.0}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
# Every route but these; a new one is guarded without being named here.
GUARDED = [
    "/stream",
    "/snapshot",
    "/state",
    "/page.js",
    "/page.css",
    "/icon.svg",
    "/metrics",
    "/events",
    "/nothing",
]


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def cookie(self) -> str:
        """NAME=VALUE of the cookie that is set."""
        return self.headers.get("Set-Cookie", "").partition(";")[0]


@dataclass
class Client:
    """Asks like a program that is no browser; over TLS where there is a context."""

    port: int
    tls: ssl.SSLContext | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: str = ""
    ) -> Answer:
        connection = (
            http.client.HTTPSConnection("localhost", self.port, timeout=TIMEOUT_S, context=self.tls)
            if self.tls
            else http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        )
        with closing(connection):
            connection.request(method, path, body or None, {**self.headers, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())

    def sign_in(self, token: str = TOKEN, headers: dict[str, str] | None = None) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask(
            "/login", {**form, **(headers or {})}, "POST", urllib.parse.urlencode({"token": token})
        )


Serve = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Opens sinks with a token and the limits given."""
    opened: list[MjpegSink] = []

    def make(limits: Limits | None = None, token: str | None = TOKEN) -> Client:
        limits = limits or Limits()
        access = AccessControl(["127.0.0.1", "pi.example"], Token(token) if token else None, limits)
        sink = MjpegSink("127.0.0.1", 0, lambda: FIGURES, access=access, limits=limits).__enter__()
        opened.append(sink)
        return Client(int(sink.url.rpartition(":")[2]))

    yield make
    for sink in opened:
        sink.__exit__(None, None, None)


@pytest.mark.parametrize("path", GUARDED)
def test_every_route_asks_for_the_token(serve: Serve, path: str) -> None:
    answer = serve().ask(path)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_browser_is_sent_to_the_login_page_and_health_is_open(serve: Serve) -> None:
    client = serve()
    answer = client.ask("/", {"Accept": "text/html"})
    assert (answer.status, answer.headers["Location"]) == (303, "login")
    assert client.ask("/healthz").body == "ok\n"


@pytest.mark.parametrize(
    "way",
    [
        "/health%7A",
        "//healthz",
        "/healthz/",
        "/healthz?x",
        "/./healthz",
        "/healthz/../state",
        "/healthz%2f..%2fstate",
        "/state;/healthz",
        "/login/../state",
        "http://localhost/state",
    ],
)
def test_no_way_of_writing_a_path_leads_around_the_token(serve: Serve, way: str) -> None:
    answer = serve().ask(way)
    assert answer.status == 401 or answer.body == "ok\n"


def test_bearer_opens(serve: Serve) -> None:
    client = serve()
    assert client.ask("/state", BEARER).status == 200
    assert client.ask("/state", {"Authorization": f"bearer  {TOKEN}"}).status == 200
    for wrong in ("", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ÿ"):
        assert client.ask("/state", {"Authorization": wrong}).status == 401


def test_signing_in_sets_a_cookie_that_opens_and_is_not_the_token(serve: Serve) -> None:
    client = serve()
    answer = client.sign_in()
    assert (answer.status, answer.headers["Location"]) == (303, "./")
    said = answer.headers["Set-Cookie"]
    assert "HttpOnly" in said and "SameSite=Strict" in said and "Path=/" in said and TOKEN not in said
    assert client.ask("/state", {"Cookie": answer.cookie}).status == 200
    assert client.ask("/login", {"Cookie": answer.cookie}).status == 303


def test_signing_out_ends_the_session_and_its_streams(serve: Serve) -> None:
    client = serve()
    session, other = ({"Cookie": client.sign_in().cookie} for _ in range(2))
    with closing(http.client.HTTPConnection("127.0.0.1", client.port, timeout=TIMEOUT_S)) as watching:
        watching.request("GET", "/stream", headers=session)
        stream = watching.getresponse()
        assert client.ask("/logout", session, "POST").headers["Location"] == "login"
        with pytest.raises((ConnectionError, http.client.IncompleteRead)):
            stream.read()
    assert client.ask("/state", session).status == 401
    assert client.ask("/state", other).status == 200


def test_wrong_token_is_told_on_the_login_page_and_never_written(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = serve()
    answer = client.sign_in("hunter2-hunter2-hunter2")
    assert answer.status == 401 and "That is not the token." in answer.body and "<form" in answer.body
    assert "Set-Cookie" not in answer.headers
    client.ask("/state?token=hunter2-hunter2-hunter2")
    client.sign_in()
    assert "a wrong token from 127.0.0.1" in caplog.text
    assert "hunter2" not in caplog.text and TOKEN not in caplog.text


def test_form_that_never_ends_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.web.login.BODY_WITHIN_S", 0.05)
    client = serve()
    with closing(http.client.HTTPConnection("127.0.0.1", client.port, timeout=TIMEOUT_S)) as slow:
        slow.putrequest("POST", "/login")
        slow.putheader("Content-Type", "application/x-www-form-urlencoded")
        slow.putheader("Content-Length", "100")
        slow.endheaders(b"token=")
        assert slow.getresponse().status == 408
    assert client.sign_in().status == 303


def test_login_page_brings_all_it_needs(serve: Serve) -> None:
    answer = serve().ask("/login")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "form-action 'self'" in policy and "script" not in answer.body
    assert "frame-ancestors 'none'" in policy and "unsafe" not in policy


def test_without_a_token_there_is_nothing_to_sign_in_to(serve: Serve) -> None:
    client = serve(token=None)
    assert client.ask("/state").status == 200
    assert client.ask("/login").status == 404


def test_wrong_tokens_are_slowed_down_and_sessions_are_not(serve: Serve) -> None:
    client = serve(Limits(wrong_tokens=Rate(burst=3, every_s=3600)))
    session = {"Cookie": client.sign_in().cookie}
    assert [client.sign_in("wrong-wrong-wrong").status for _ in range(4)] == [401, 401, 401, 429]
    # From now on nothing is compared, so that nothing is told.
    refused = client.sign_in()
    assert refused.status == 429 and int(refused.headers["Retry-After"]) <= 3600
    assert client.ask("/state", BEARER).status == 429
    assert client.ask("/state", session).status == 200


def test_wrong_tokens_of_all_slow_down_none_who_was_right(serve: Serve) -> None:
    limits = Limits(wrong_tokens_in_all=Rate(burst=2, every_s=3600))
    stranger, known = serve(limits), serve(limits)
    assert known.ask("/state", BEARER).status == 200
    for client in (stranger, known):
        assert [client.sign_in("wrong-wrong-wrong").status for _ in range(2)] == [401, 401]
    assert stranger.ask("/state", BEARER).status == 429
    assert known.ask("/state", BEARER).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://[", "file://"]
)
def test_other_sites_may_ask_for_nothing(serve: Serve, origin: str) -> None:
    client = serve()
    session = client.sign_in().cookie
    for path, headers in (("/state", {}), ("/events", {"Connection": "Upgrade", "Upgrade": "websocket"})):
        assert client.ask(path, {"Cookie": session, "Origin": origin, **headers}).status == 403
    assert client.sign_in(headers={"Origin": origin}).status == 403
    assert client.ask("/logout", {"Cookie": session, "Origin": origin}, "POST").status == 403
    assert client.ask("/state", {"Cookie": session}).status == 200


def test_pages_of_this_device_may_ask(serve: Serve) -> None:
    client = serve()
    own = {"Origin": f"http://127.0.0.1:{client.port}", "Sec-Fetch-Site": "same-origin"}
    assert client.sign_in(headers=own).status == 303


def test_other_sites_may_link_and_not_embed(serve: Serve) -> None:
    client = serve(token=None)
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert client.ask("/", {**cross, "Sec-Fetch-Mode": "navigate"}).status == 200
    assert client.ask("/snapshot", {**cross, "Sec-Fetch-Mode": "no-cors"}).status == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("pi.example", 200),
        ("PI.example.:80", 200),
        ("10.0.0.7:8080", 200),
        ("[fe80::1]:8080", 200),
        ("localhost", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("pi.example.evil", 403),
        ("[::1", 400),
        ("", 400),
        ("localhost:99999", 400),
        ("localhost@evil", 400),
        ("a b", 400),
    ],
)
def test_host_must_be_this_device(serve: Serve, host: str, status: int) -> None:
    assert serve(token=None).ask("/state", {"Host": host}).status == status


def test_session_ends_with_its_time_its_key_and_a_changed_letter() -> None:
    now_s = 1_000_000.0
    sessions, other = (
        Sessions(Token(token).derive_key("session"), lambda: now_s) for token in (TOKEN, TOKEN + "2")
    )
    cookie = sessions.issue()
    assert sessions.is_valid(cookie) and cookie != sessions.issue()
    assert not other.is_valid(cookie)
    for index in range(len(cookie)):
        changed = cookie[:index] + ("0" if cookie[index] != "0" else "1") + cookie[index + 1 :]
        assert not sessions.is_valid(changed)
    assert Sessions(Token(TOKEN).derive_key("session"), lambda: now_s).is_valid(cookie)
    now_s += LASTS_S
    assert not sessions.is_valid(cookie)


def test_rate_limiter_lets_a_burst_through_and_then_a_steady_pace() -> None:
    now_s = 0.0
    limiter = RateLimiter(Rate(burst=3, every_s=2), keys=2, clock=lambda: now_s)
    for _ in range(3):
        assert limiter.get_wait_s("a") == 0
        limiter.count("a")
    assert limiter.get_wait_s("a") == 2 and limiter.get_wait_s("b") == 0
    now_s = 2.0
    assert limiter.get_wait_s("a") == 0
    limiter.count("a")
    assert limiter.get_wait_s("a") == 2
    for key in ("b", "c"):
        limiter.count(key)
    assert limiter.get_wait_s("a") == 0, "the oldest of three keys is still known"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_household_of_ipv6_is_one_client(address: str, network: str) -> None:
    assert get_network(address) == network
