"""A runner for each peer: a module that the interpreter of the peer's environment runs.

Its last line is JSON.
"""
