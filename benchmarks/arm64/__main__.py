"""An alias: python -m benchmarks.arm64 is python -m benchmarks arm64."""

import sys

from benchmarks.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["arm64", *sys.argv[1:]]))
