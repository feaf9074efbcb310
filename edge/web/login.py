"""The page with the form for the token, and the reading of that form."""

import asyncio
import base64
import hashlib
import html
from pathlib import Path
from urllib.parse import parse_qs

from aiohttp import web

# The maximum size of a request's body.  Only the form with the token has a body.
BODY_BYTES = 4096
BODY_WITHIN_S = 5.0
_PAGE = Path(__file__).with_name("static") / "login.html"
_ALERT = "<!-- alert -->"


class LoginPage:
    """Reads the page once and answers with it."""

    def __init__(self) -> None:
        self._page = _PAGE.read_text(encoding="utf-8")
        self._policy = _make_policy(self._page)

    def make_response(
        self, alert: str = "", status: int = 200, headers: dict[str, str] | None = None
    ) -> web.Response:
        """The page with `alert`, a sentence in plain text, above the form."""
        return web.Response(
            text=self._page.replace(_ALERT, html.escape(alert)),
            status=status,
            content_type="text/html",
            headers={"Content-Security-Policy": self._policy, **(headers or {})},
        )


async def read_token(request: web.Request) -> str:
    """The value of the form's field `token`; "" when there is none.

    Raises the HTTP error for a body that is no such form, or does not come within BODY_WITHIN_S.
    """
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


def _make_policy(page: str) -> str:
    """The Content-Security-Policy of a page with one style element."""
    style = page[page.index("<style>") + len("<style>") : page.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
