"""The benchmarks: python -m benchmarks [NAME]; without a name, stages."""

import importlib
import logging
import sys
from collections.abc import Sequence

import cv2

from benchmarks.arguments import make_parser
from edge.command import command


@command
def main(arguments: Sequence[str] | None = None) -> int | None:
    """Run the benchmark that `arguments` name, by default those of the command line."""
    # As in the app: threads inside OpenCV would compete with the pipeline's stages for the cores.
    cv2.setNumThreads(1)
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = make_parser().parse_args(given or ["stages"])
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    # Imported only now: some benchmarks need libraries that the others can do without.
    exit_code: int | None = importlib.import_module(chosen.module).run(chosen)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
