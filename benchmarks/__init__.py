"""How fast, how right and how steady the pipeline is on this very device: python -m benchmarks NAME.

It needs what is installed on the Pi, and matplotlib for pictures.
"""
