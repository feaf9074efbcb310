"""One loop per peer, run as a module by the interpreter of the peer's environment; each prints a line of JSON."""
