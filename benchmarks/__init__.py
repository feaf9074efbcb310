"""How fast and how right the line is on this very device.

Runs with what the Pi has, and draws where matplotlib is.
"""
