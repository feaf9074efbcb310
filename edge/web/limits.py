"""How much one client, and all of them together, may take of the server."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# A network of IPv6 is what one household or one server is given; it may use any address in it.
IPV6_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one `every_s`."""

    burst: float
    every_s: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server bears, with room for every client that means well."""

    connections: int = 256
    connections_per_address: int = 32
    # A browser polls twice a second and opens with half a dozen; a babbler is slowed to this.
    requests: Rate = Rate(burst=200, every_s=1 / 100)
    # Of bytes, for each connection: a request has a few hundred, and no client has more to say.
    received: Rate = Rate(burst=64 * 1024, every_s=1 / (32 * 1024))
    # Nobody mistypes a token so often.
    wrong_tokens: Rate = Rate(burst=5, every_s=5.0)
    # All addresses together: 16 characters stand against 5 a second for longer than there is silicon.
    wrong_tokens_in_all: Rate = Rate(burst=50, every_s=0.2)
    # From the connection to the end of the first request's header, and between two requests.
    idle_s: float = 15.0
    handshake_s: float = 5.0


class RateLimiter:
    """Counts what each key takes of a Rate; keys are forgotten, the oldest first, beyond `keys` of them.

    Kept for each key is the time by which all it took would have been taken at the steady pace.
    """

    def __init__(self, rate: Rate, *, keys: int = 4096, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._keys, self._clock = rate, keys, clock
        self._even_at_s: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str = "", amount: float = 1) -> None:
        """Count `amount` for `key`, whether it is within the rate or not."""
        now_s = self._clock()
        self._even_at_s[key] = max(self._even_at_s.get(key, now_s), now_s) + amount * self._rate.every_s
        self._even_at_s.move_to_end(key)
        if len(self._even_at_s) > self._keys:
            self._even_at_s.popitem(last=False)

    def wait_s(self, key: str = "") -> float:
        """How long until `key` may take one more; 0 when it may now."""
        now_s = self._clock()
        ahead_s = self._even_at_s.get(key, now_s) - now_s
        return max(0.0, ahead_s - (self._rate.burst - 1) * self._rate.every_s)


def network_of(address: str) -> str:
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
