"""The hosts that only programs on this machine can reach."""

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
