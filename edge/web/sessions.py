"""The token of the viewers, and the cookies that prove that a browser has signed in with it."""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable

from edge.errors import ConfigError

# 16 random letters and digits are 95 bits, which nobody guesses, either here or offline from a stolen cookie.
MIN_TOKEN_LENGTH, MAX_TOKEN_LENGTH = 16, 1024
# Somebody signs in at a screen on a wall once a month.
SESSION_S = 30 * 24 * 3600
# Sessions that were signed out before their end; only a client that knows the token can make more.
MAX_REVOKED = 1024
_COOKIE = re.compile(
    r"(?P<signed>(?P<until_s>[0-9]{1,12})\.[0-9a-f]{32})\.(?P<signature>[0-9a-f]{64})", re.ASCII
)


class Token:
    """A secret that no repr, log or error shows."""

    def __init__(self, text: str) -> None:
        """Raises ConfigError when `text`, without the white space around it, is not a good token."""
        text = text.strip()
        if not MIN_TOKEN_LENGTH <= len(text) <= MAX_TOKEN_LENGTH or not all(
            "!" <= character <= "~" for character in text
        ):
            raise ConfigError(
                f"expected a token of {MIN_TOKEN_LENGTH} to {MAX_TOKEN_LENGTH} ASCII characters without a "
                f"space, found one of {len(text)} characters; make one: openssl rand -hex 24"
            )
        self._text = text.encode("ascii")

    def matches(self, guess: str) -> bool:
        """Compare in a time that depends on neither the right part of `guess` nor the token's length."""
        return hmac.compare_digest(_hash(guess.encode("utf-8", "replace")), _hash(self._text))

    def derive_key(self, purpose: str) -> bytes:
        """32 bytes that differ for each `purpose`; the token cannot be computed from them."""
        return hmac.digest(self._text, purpose.encode(), "sha256")


def _hash(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


class Sessions:
    """Issues cookies and verifies them, also after a restart: each holds its expiry time and a signature.

    Another key, that is another token, ends all sessions.
    """

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns seconds since 1970, because sessions outlive a restart."""
        self._key, self._clock = key, clock
        self._revoked: dict[str, None] = {}

    def issue(self) -> str:
        """A new cookie, valid for SESSION_S."""
        signed = f"{int(self._clock()) + SESSION_S}.{secrets.token_hex(16)}"
        return f"{signed}.{self._sign(signed)}"

    def is_valid(self, cookie: str) -> bool:
        """Whether the cookie was issued with this key, has not expired, and was not revoked."""
        parsed = _COOKIE.fullmatch(cookie)
        return (
            parsed is not None
            and hmac.compare_digest(parsed["signature"], self._sign(parsed["signed"]))
            and int(parsed["until_s"]) > self._clock()
            and cookie not in self._revoked
        )

    def revoke(self, cookie: str) -> None:
        """End a session before it expires; a restart forgets that."""
        if self.is_valid(cookie):
            self._revoked[cookie] = None
            if len(self._revoked) > MAX_REVOKED:
                del self._revoked[next(iter(self._revoked))]

    def _sign(self, signed: str) -> str:
        return hmac.digest(self._key, signed.encode(), "sha256").hex()
