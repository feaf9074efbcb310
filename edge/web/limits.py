"""Limits on what one client, and all clients together, may use of the server."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# A household or a server is usually given a network of this size, and may use any address in it.
IPV6_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and then one more each `every_s`."""

    burst: float
    every_s: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The server's limits, which leave room for every well-behaved client."""

    connections: int = 256
    connections_per_address: int = 32
    # A browser that polls sends two requests a second, and a dozen when it loads the page; a client that
    # sends more than this is delayed.
    requests: Rate = Rate(burst=200, every_s=1 / 100)
    # Bytes that each connection may send: a request has a few hundred, and a client sends nothing else.
    received: Rate = Rate(burst=64 * 1024, every_s=1 / (32 * 1024))
    # Of each client: a person mistypes a token less often.
    wrong_tokens: Rate = Rate(burst=5, every_s=5.0)
    # Of all clients together: at 5 guesses a second nobody finds 16 characters, which are 95 bits.
    wrong_tokens_in_all: Rate = Rate(burst=50, every_s=0.2)
    # From the connection to the end of the first request's header, and between two requests.
    idle_s: float = 15.0
    handshake_s: float = 5.0


class RateLimiter:
    """Limits each key to a Rate by the generic cell rate algorithm (GCRA, ITU-T I.371).

    For each key it keeps one time: when the amount that was counted would be used up at the steady rate.  At
    most `keys` keys are kept; then the oldest are forgotten.
    """

    def __init__(self, rate: Rate, *, keys: int = 4096, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._keys, self._clock = rate, keys, clock
        self._arrival_s: OrderedDict[str, float] = OrderedDict()

    def count(self, key: str = "", amount: float = 1) -> None:
        """Count `amount` for `key`, also beyond the rate."""
        now_s = self._clock()
        self._arrival_s[key] = max(self._arrival_s.get(key, now_s), now_s) + amount * self._rate.every_s
        self._arrival_s.move_to_end(key)
        if len(self._arrival_s) > self._keys:
            self._arrival_s.popitem(last=False)

    def get_wait_s(self, key: str = "") -> float:
        """The time until `key` may use one more; 0 when it may now."""
        now_s = self._clock()
        ahead_s = self._arrival_s.get(key, now_s) - now_s
        return max(0.0, ahead_s - (self._rate.burst - 1) * self._rate.every_s)


def get_network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the network that an IPv6 address is in."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_NETWORK_BITS), strict=False).network_address)
