"""Who may watch: token and session are checked before every route but /healthz."""

import asyncio
import base64
import hashlib
import html
import logging
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qs

from aiohttp import web

from edge.web.connections import Connection, hang_up
from edge.web.limits import Limits, RateLimiter, network_of
from edge.web.origins import Origins
from edge.web.sessions import LASTS_S, Sessions, Token

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEALTH, PAGE, LOGIN, LOGOUT = "/healthz", "/", "/login", "/logout"
# A form with a token and nothing else; what is sent to any other route is not read.
BODY_BYTES = 4096
BODY_WITHIN_S = 5.0
# So many addresses that were right are remembered.
MOST_RIGHT = 1024
_LOGIN_PAGE = Path(__file__).with_name("static") / "login.html"
_ALERT = "<!-- what is wrong -->"


class Access:
    """The middleware that every request passes; with a token, also the routes to sign in and out."""

    def __init__(
        self,
        names: Iterable[str],
        token: Token | None = None,
        limits: Limits | None = None,
        *,
        is_encrypted: bool = False,
    ) -> None:
        """`names` are those of this device besides its host name; `is_encrypted` tells that clients come over TLS."""
        limits = limits or Limits()
        self._origins = Origins(names)
        self._is_encrypted = is_encrypted
        self._token = token
        self._sessions = Sessions(token.key("session")) if token else None
        # What each session has open: signing out ends it.
        self._open: defaultdict[str, set[web.RequestHandler]] = defaultdict(set)
        self._requests = RateLimiter(limits.requests)
        self._wrong, self._wrong_in_all = (
            RateLimiter(limits.wrong_tokens),
            RateLimiter(limits.wrong_tokens_in_all),
        )
        # Who was right once is not slowed down because all others together are wrong too often.
        self._was_right: dict[str, None] = {}
        self._login_page = _LOGIN_PAGE.read_text(encoding="utf-8")
        self._login_policy = _policy_of(self._login_page)

    @property
    def is_guarded(self) -> bool:
        """A token is asked for."""
        return self._token is not None

    def routes(self) -> list[web.RouteDef]:
        """To sign in and out, where that is possible."""
        if not self.is_guarded:
            return []
        return [
            web.get(LOGIN, self._show_login),
            web.post(LOGIN, self._sign_in),
            web.post(LOGOUT, self._sign_out),
        ]

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let `request` through to its route, or say why not."""
        client = network_of(request.remote or "")
        wait_s = self._requests.wait_s(client)
        # Before the wait: requests of other connections of the same client come after this one.
        self._requests.take(client)
        await asyncio.sleep(wait_s)
        self._origins.check(request)
        resource = request.match_info.route.resource
        # Of the route that was found, not of what was asked for: there are many ways to write a path.
        path = resource.canonical if resource is not None else None
        if path == HEALTH or (self.is_guarded and path == LOGIN):
            return await handler(request)
        session = self._session_of(request)
        if self.is_guarded and session is None:
            self._check_bearer(request, client, path)
        if isinstance(request.protocol, Connection):
            request.protocol.is_stranger = False
        return await self._noted(session, request, handler)

    async def _noted(self, session: str | None, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What `handler` answers, which ends at once when the session is signed out meanwhile."""
        if session is None:
            return await handler(request)
        self._open[session].add(request.protocol)
        try:
            return await handler(request)
        finally:
            self._open[session].discard(request.protocol)
            if not self._open[session]:
                del self._open[session]

    def _session_of(self, request: web.Request) -> str | None:
        """The cookie of a session that is signed in."""
        cookie = request.cookies.get(self._cookie_name(request), "")
        return cookie if self._sessions and self._sessions.is_valid(cookie) else None

    def _cookie_name(self, request: web.Request) -> str:
        """Cookies do not tell ports apart: two cameras on one device have a name each."""
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
        if (wait_s := self._wait_s(client)) > 0:
            raise web.HTTPTooManyRequests(text=f"{_slowed(wait_s)}\n", headers=_retry(wait_s))
        if not self._is_right(guess.strip(), client):
            raise web.HTTPUnauthorized(
                text="expected the token, found another\n",
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )

    def _wait_s(self, client: str) -> float:
        """How long `client` has to wait before a token of its is looked at."""
        return max(
            self._wrong.wait_s(client), 0.0 if client in self._was_right else self._wrong_in_all.wait_s()
        )

    def _is_right(self, guess: str, client: str) -> bool:
        assert self._token is not None
        if self._token.matches(guess):
            self._was_right[client] = None
            if len(self._was_right) > MOST_RIGHT:
                del self._was_right[next(iter(self._was_right))]
            return True
        # As often at most as wrong tokens are looked at.
        log.warning("a wrong token from %s", client)
        self._wrong.take(client)
        self._wrong_in_all.take()
        return False

    async def _show_login(self, request: web.Request) -> web.Response:
        if self._session_of(request) is not None:
            raise web.HTTPSeeOther("./")
        return self._login("")

    async def _sign_in(self, request: web.Request) -> web.Response:
        guess = await _token_in_form(request)
        client = network_of(request.remote or "")
        if (wait_s := self._wait_s(client)) > 0:
            return self._login(_slowed(wait_s), 429, _retry(wait_s))
        if not self._is_right(guess, client):
            return self._login("That is not the token.", 401)
        assert self._sessions is not None
        welcome = web.HTTPSeeOther("./")
        welcome.set_cookie(
            self._cookie_name(request),
            self._sessions.issue(),
            max_age=LASTS_S,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._is_encrypted,
        )
        raise welcome

    async def _sign_out(self, request: web.Request) -> NoReturn:
        session = self._session_of(request)
        if self._sessions and session is not None:
            self._sessions.revoke(session)
            for other in self._open[session] - {request.protocol}:
                hang_up(other.transport)
        farewell = web.HTTPSeeOther(LOGIN.lstrip("/"))
        farewell.del_cookie(
            self._cookie_name(request), path="/", httponly=True, samesite="Strict", secure=self._is_encrypted
        )
        raise farewell

    def _login(self, alert: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
        return web.Response(
            text=self._login_page.replace(_ALERT, html.escape(alert)),
            status=status,
            content_type="text/html",
            headers={"Content-Security-Policy": self._login_policy, **(headers or {})},
        )


async def _token_in_form(request: web.Request) -> str:
    """What the form's field `token` holds; "" where there is none."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType(text="expected application/x-www-form-urlencoded\n")
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            body = await request.read()
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=8).get("token", [""])[0].strip()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text=f"expected the form within {BODY_WITHIN_S:g} s\n") from error
    except (web.RequestPayloadError, ValueError) as error:
        raise web.HTTPBadRequest(text="expected a form with the field token\n") from error


def _slowed(wait_s: float) -> str:
    return f"Too many wrong tokens; try again in {math.ceil(wait_s)} s."


def _retry(wait_s: float) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(wait_s))}


def _policy_of(page: str) -> str:
    """The Content-Security-Policy of a page that brings its one style along."""
    style = page[page.index("<style>") + len("<style>") : page.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
