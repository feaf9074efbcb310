"""The benchmarks: python -m benchmarks COMMAND; an error is one line, and its exit code that of edge.errors."""

import logging
import sys
from collections.abc import Sequence

import cv2

from benchmarks.arguments import parser
from edge.command import command


@command
def main(arguments: Sequence[str] | None = None) -> int | None:
    """The command."""
    # As in the app: threads inside OpenCV would fight the stages for the cores.
    cv2.setNumThreads(1)
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = parser().parse_args(given or ["stages"])
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    code: int | None = chosen.run(chosen)
    return code


if __name__ == "__main__":
    sys.exit(main())
