"""What proves that a client may watch: the token, and in a browser a cookie that stands for it."""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable

from edge.errors import ConfigError

# Of letters and digits drawn at random, 95 bits: nobody guesses it, here or from a stolen cookie.
SHORTEST_TOKEN, LONGEST_TOKEN = 16, 1024
# A screen on a wall is signed in once a month.
LASTS_S = 30 * 24 * 3600
# Sessions that were signed out before their end; whoever makes more must know the token.
MOST_REVOKED = 1024
_COOKIE = re.compile(
    r"(?P<signed>(?P<until_s>[0-9]{1,12})\.[0-9a-f]{32})\.(?P<signature>[0-9a-f]{64})", re.ASCII
)


class Token:
    """A secret text that never shows itself, in no repr, log or error."""

    def __init__(self, text: str) -> None:
        """Raises ConfigError where `text`, white space around it aside, is no good token."""
        text = text.strip()
        if not SHORTEST_TOKEN <= len(text) <= LONGEST_TOKEN or not all(
            "!" <= character <= "~" for character in text
        ):
            raise ConfigError(
                f"expected a token of {SHORTEST_TOKEN} to {LONGEST_TOKEN} ASCII characters without a "
                f"space, found one of {len(text)} characters; make one: openssl rand -hex 24"
            )
        self._text = text.encode("ascii")

    def matches(self, guess: str) -> bool:
        """Compares in a time that tells neither how much of `guess` is right nor how long the token is."""
        return hmac.compare_digest(_digest(guess.encode("utf-8", "replace")), _digest(self._text))

    def key(self, purpose: str) -> bytes:
        """32 bytes for `purpose`, others for each, from which the token cannot be told."""
        return hmac.digest(self._text, purpose.encode(), "sha256")


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


class Sessions:
    """Issues cookies and recognises them, also after a restart: each carries its end and a signature.

    Another key, that is another token, ends them all.
    """

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        """`clock` tells the time of day, s since 1970, as what outlives a restart is measured by it."""
        self._key, self._clock = key, clock
        self._revoked: dict[str, None] = {}

    def issue(self) -> str:
        """A new cookie, good for LASTS_S."""
        signed = f"{int(self._clock()) + LASTS_S}.{secrets.token_hex(16)}"
        return f"{signed}.{self._signature(signed)}"

    def is_valid(self, cookie: str) -> bool:
        """It was issued with this key, its time is not over, and it was not revoked."""
        found = _COOKIE.fullmatch(cookie)
        return (
            found is not None
            and hmac.compare_digest(found["signature"], self._signature(found["signed"]))
            and int(found["until_s"]) > self._clock()
            and cookie not in self._revoked
        )

    def revoke(self, cookie: str) -> None:
        """End a session before its time, until a restart forgets that."""
        if self.is_valid(cookie):
            self._revoked[cookie] = None
            if len(self._revoked) > MOST_REVOKED:
                del self._revoked[next(iter(self._revoked))]

    def _signature(self, signed: str) -> str:
        return hmac.digest(self._key, signed.encode(), "sha256").hex()
