"""The rate limiter, and what counts as one client."""

import pytest

from edge.web.limits import Rate, RateLimiter, get_network


def test_rate_limiter_lets_a_burst_through_and_then_a_steady_pace() -> None:
    now_s = 0.0
    limiter = RateLimiter(Rate(burst=3, every_s=2), keys=2, clock=lambda: now_s)
    for _ in range(3):
        assert limiter.get_wait_s("a") == 0
        limiter.count("a")
    assert limiter.get_wait_s("a") == 2 and limiter.get_wait_s("b") == 0
    now_s = 2.0
    assert limiter.get_wait_s("a") == 0
    limiter.count("a")
    assert limiter.get_wait_s("a") == 2
    for key in ("b", "c"):
        limiter.count(key)
    assert limiter.get_wait_s("a") == 0, "the oldest of three keys is still known"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_ipv6_network_is_one_client(address: str, network: str) -> None:
    assert get_network(address) == network
