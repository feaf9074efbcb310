"""The workstation's commands: python -m export COMMAND; an error is one line, and its exit code that of edge.errors."""

import logging
import sys
from collections.abc import Sequence

from edge.command import command
from export.arguments import parser


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    chosen = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    chosen.run(chosen)


if __name__ == "__main__":
    sys.exit(main())
