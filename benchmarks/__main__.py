"""The benchmarks: python -m benchmarks COMMAND; an error is one line, and its exit code that of edge.errors."""

import logging
import sys
from collections.abc import Sequence

import cv2

from benchmarks.arguments import parser
from edge.errors import FerEdgeError

# What a shell says of a program that Ctrl-C ended: 128 + SIGINT.
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    # As in the app: threads inside OpenCV would fight the stages for the cores.
    cv2.setNumThreads(1)
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        chosen = parser().parse_args(given or ["stages"])
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
        return int(chosen.run(chosen) or 0)
    except FerEdgeError as error:
        print(f"fer-edge: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nfer-edge: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
