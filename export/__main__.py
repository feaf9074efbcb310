"""The commands of the workstation: python -m export COMMAND."""

import logging
import sys
from collections.abc import Sequence

from edge.command import command
from export.arguments import build_parser


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; an error becomes one line on stderr and the exit code of edge.errors."""
    chosen = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    chosen.run(chosen)


if __name__ == "__main__":
    sys.exit(main())
