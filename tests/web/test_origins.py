"""Requests from other sites' pages, and requests under other names."""

import pytest

from tests.web.client import Serve


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://[", "file://"]
)
def test_other_sites_get_nothing(serve: Serve, origin: str) -> None:
    client = serve()
    session = client.sign_in().cookie
    for path, headers in (("/state", {}), ("/events", {"Connection": "Upgrade", "Upgrade": "websocket"})):
        assert client.ask(path, {"Cookie": session, "Origin": origin, **headers}).status == 403
    assert client.sign_in(headers={"Origin": origin}).status == 403
    assert client.ask("/logout", {"Cookie": session, "Origin": origin}, "POST").status == 403
    assert client.ask("/state", {"Cookie": session}).status == 200


def test_pages_of_this_device_are_answered(serve: Serve) -> None:
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
