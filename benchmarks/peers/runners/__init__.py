"""The runners of the peers, each a module that the interpreter of its environment runs.

The last line that a runner prints is JSON.
"""
