"""A client for tests, which is no browser."""

import http.client
import ssl
import urllib.parse
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

TIMEOUT_S = 30
TOKEN = "correct-horse-battery-staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def cookie(self) -> str:
        """NAME=VALUE of the cookie in Set-Cookie."""
        return self.headers.get("Set-Cookie", "").partition(";")[0]


@dataclass
class Client:
    """Sends requests to `port` of this machine, over TLS if there is a context."""

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
"""Opens a sink with the limits and the token given."""
