"""Tokens and sessions, over real sockets."""

import http.client
from contextlib import closing

import pytest

from edge.web.limits import Limits, Rate
from tests.web.client import BEARER, TIMEOUT_S, TOKEN, Serve

# Some routes and an unknown one: the middleware guards every route but /healthz and /login.
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


@pytest.mark.parametrize("path", GUARDED)
def test_every_route_needs_the_token(serve: Serve, path: str) -> None:
    answer = serve().ask(path)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_browser_is_redirected_to_the_login_page_and_health_needs_no_token(serve: Serve) -> None:
    client = serve()
    answer = client.ask("/", {"Accept": "text/html"})
    assert (answer.status, answer.headers["Location"]) == (303, "login")
    assert client.ask("/healthz").body == "ok\n"


@pytest.mark.parametrize(
    "spelling",
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
def test_no_spelling_of_a_path_avoids_the_token(serve: Serve, spelling: str) -> None:
    answer = serve().ask(spelling)
    assert answer.status == 401 or answer.body == "ok\n"


def test_bearer_is_accepted(serve: Serve) -> None:
    client = serve()
    assert client.ask("/state", BEARER).status == 200
    assert client.ask("/state", {"Authorization": f"bearer  {TOKEN}"}).status == 200
    for wrong in ("", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ÿ"):
        assert client.ask("/state", {"Authorization": wrong}).status == 401


def test_signing_in_sets_a_cookie_that_is_accepted_and_is_not_the_token(serve: Serve) -> None:
    client = serve()
    answer = client.sign_in()
    assert (answer.status, answer.headers["Location"]) == (303, "./")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie and TOKEN not in cookie
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


def test_wrong_token_is_reported_on_the_login_page_and_never_logged(
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


def test_form_that_never_ends_is_a_408(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.web.login.BODY_WITHIN_S", 0.05)
    client = serve()
    with closing(http.client.HTTPConnection("127.0.0.1", client.port, timeout=TIMEOUT_S)) as slow:
        slow.putrequest("POST", "/login")
        slow.putheader("Content-Type", "application/x-www-form-urlencoded")
        slow.putheader("Content-Length", "100")
        slow.endheaders(b"token=")
        assert slow.getresponse().status == 408
    assert client.sign_in().status == 303


def test_login_page_loads_no_other_file(serve: Serve) -> None:
    answer = serve().ask("/login")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "form-action 'self'" in policy and "script" not in answer.body
    assert "frame-ancestors 'none'" in policy and "unsafe" not in policy


def test_without_a_token_there_is_no_login_page(serve: Serve) -> None:
    client = serve(token=None)
    assert client.ask("/state").status == 200
    assert client.ask("/login").status == 404


def test_wrong_tokens_are_slowed_down_and_sessions_are_not(serve: Serve) -> None:
    client = serve(Limits(wrong_tokens=Rate(burst=3, every_s=3600)))
    session = {"Cookie": client.sign_in().cookie}
    assert [client.sign_in("wrong-wrong-wrong").status for _ in range(4)] == [401, 401, 401, 429]
    # From now on no token is compared, so the answer reveals nothing.
    refused = client.sign_in()
    assert refused.status == 429 and int(refused.headers["Retry-After"]) <= 3600
    assert client.ask("/state", BEARER).status == 429
    assert client.ask("/state", session).status == 200


def test_wrong_tokens_of_all_slow_down_no_client_that_sent_the_right_one(serve: Serve) -> None:
    limits = Limits(wrong_tokens_in_all=Rate(burst=2, every_s=3600))
    unknown, known = serve(limits), serve(limits)
    assert known.ask("/state", BEARER).status == 200
    for client in (unknown, known):
        assert [client.sign_in("wrong-wrong-wrong").status for _ in range(2)] == [401, 401]
    assert unknown.ask("/state", BEARER).status == 429
    assert known.ask("/state", BEARER).status == 200
