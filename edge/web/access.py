"""Controls access: checks the rate, the origin, and the token or session of every request."""

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import NoReturn

from aiohttp import web

from edge.web.connections import HttpConnection, reset_connection
from edge.web.limits import Limits, RateLimiter, get_network
from edge.web.login import LoginPage, read_token
from edge.web.origins import OriginPolicy
from edge.web.sessions import SESSION_S, Sessions, Token

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEALTH, PAGE, LOGIN, LOGOUT = "/healthz", "/", "/login", "/logout"
# The number of addresses that are remembered because they sent the right token.
MAX_TRUSTED = 1024


class AccessControl:
    """The middleware of every request; with a token, also the routes to sign in and out."""

    def __init__(
        self,
        names: Iterable[str],
        token: Token | None = None,
        limits: Limits | None = None,
        *,
        is_encrypted: bool = False,
    ) -> None:
        """`names` are this device's in addition to its host name; `is_encrypted` if clients connect over TLS.

        Without a `token` everybody may watch.
        """
        limits = limits or Limits()
        self._origins = OriginPolicy(names)
        self._is_encrypted = is_encrypted
        self._token = token
        self._sessions = Sessions(token.derive_key("session")) if token else None
        # The open connections of each session, which end when it is signed out.
        self._connections: defaultdict[str, set[web.RequestHandler]] = defaultdict(set)
        self._requests = RateLimiter(limits.requests)
        self._wrong_tokens = RateLimiter(limits.wrong_tokens)
        self._wrong_tokens_in_all = RateLimiter(limits.wrong_tokens_in_all)
        # Clients that sent the right token once are not slowed down by the wrong tokens of others.
        self._trusted: dict[str, None] = {}
        self._login_page = LoginPage()

    @property
    def is_guarded(self) -> bool:
        """Whether viewers need a token."""
        return self._token is not None

    def make_routes(self) -> list[web.RouteDef]:
        """The routes to sign in and out; none when everybody may watch."""
        if not self.is_guarded:
            return []
        return [
            web.get(LOGIN, self._show_login),
            web.post(LOGIN, self._sign_in),
            web.post(LOGOUT, self._sign_out),
        ]

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pass `request` to its `handler`, or raise the HTTP error that says why not."""
        client = get_network(request.remote or "")
        wait_s = self._requests.get_wait_s(client)
        # Counted before the wait, so that requests of the client's other connections queue behind this one.
        self._requests.count(client)
        await asyncio.sleep(wait_s)
        self._origins.check(request)
        resource = request.match_info.route.resource
        # The path of the route that was matched: the requested path can be written in many ways.
        path = resource.canonical if resource is not None else None
        if path == HEALTH or (self.is_guarded and path == LOGIN):
            return await handler(request)
        session = self._find_session(request)
        if self.is_guarded and session is None:
            self._check_bearer(request, client, path)
        if isinstance(request.protocol, HttpConnection):
            request.protocol.is_authorised = True
        return await self._handle_in_session(session, request, handler)

    async def _handle_in_session(
        self, session: str | None, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Call `handler`; its connection is reset when the session is signed out meanwhile."""
        if session is None:
            return await handler(request)
        self._connections[session].add(request.protocol)
        try:
            return await handler(request)
        finally:
            self._connections[session].discard(request.protocol)
            if not self._connections[session]:
                del self._connections[session]

    def _find_session(self, request: web.Request) -> str | None:
        """The cookie of a valid session."""
        cookie = request.cookies.get(self._make_cookie_name(request), "")
        return cookie if self._sessions and self._sessions.is_valid(cookie) else None

    def _make_cookie_name(self, request: web.Request) -> str:
        """A name with the port: all ports of a host, and so two cameras on one device, share cookies."""
        connection = request.transport
        port = connection.get_extra_info("sockname")[1] if connection else 0
        return f"{'__Host-' if self._is_encrypted else ''}fer-edge-{port}"

    def _check_bearer(self, request: web.Request, client: str, path: str | None) -> None:
        scheme, _, guess = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            if path == PAGE and "text/html" in request.headers.get("Accept", ""):
                raise web.HTTPSeeOther(LOGIN.lstrip("/"))
            raise web.HTTPUnauthorized(
                text="expected a token, found none; sign in at /login, or send the header "
                "Authorization: Bearer TOKEN\n",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if (wait_s := self._get_wait_s(client)) > 0:
            raise web.HTTPTooManyRequests(
                text=f"{_make_wait_text(wait_s)}\n", headers=_make_retry_header(wait_s)
            )
        if not self._check_token(guess.strip(), client):
            raise web.HTTPUnauthorized(
                text="expected the token, found another\n",
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )

    def _get_wait_s(self, client: str) -> float:
        """The time until a token from `client` is compared."""
        return max(
            self._wrong_tokens.get_wait_s(client),
            0.0 if client in self._trusted else self._wrong_tokens_in_all.get_wait_s(),
        )

    def _check_token(self, guess: str, client: str) -> bool:
        """Whether `guess` is the token; remembers the client if it is, and counts it if it is not."""
        assert self._token is not None
        if self._token.matches(guess):
            self._trusted[client] = None
            if len(self._trusted) > MAX_TRUSTED:
                del self._trusted[next(iter(self._trusted))]
            return True
        # The limits of wrong tokens bound these lines, too.
        log.warning("a wrong token from %s", client)
        self._wrong_tokens.count(client)
        self._wrong_tokens_in_all.count()
        return False

    async def _show_login(self, request: web.Request) -> web.Response:
        if self._find_session(request) is not None:
            raise web.HTTPSeeOther("./")
        return self._login_page.make_response()

    async def _sign_in(self, request: web.Request) -> web.Response:
        guess = await read_token(request)
        client = get_network(request.remote or "")
        if (wait_s := self._get_wait_s(client)) > 0:
            return self._login_page.make_response(_make_wait_text(wait_s), 429, _make_retry_header(wait_s))
        if not self._check_token(guess, client):
            return self._login_page.make_response("That is not the token.", 401)
        assert self._sessions is not None
        redirect = web.HTTPSeeOther("./")
        redirect.set_cookie(
            self._make_cookie_name(request),
            self._sessions.issue(),
            max_age=SESSION_S,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._is_encrypted,
        )
        raise redirect

    async def _sign_out(self, request: web.Request) -> NoReturn:
        session = self._find_session(request)
        if self._sessions and session is not None:
            self._sessions.revoke(session)
            for other in self._connections[session] - {request.protocol}:
                reset_connection(other.transport)
        redirect = web.HTTPSeeOther(LOGIN.lstrip("/"))
        redirect.del_cookie(
            self._make_cookie_name(request),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._is_encrypted,
        )
        raise redirect


def _make_wait_text(wait_s: float) -> str:
    return f"Too many wrong tokens; try again in {math.ceil(wait_s)} s."


def _make_retry_header(wait_s: float) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(wait_s))}
