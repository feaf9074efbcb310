"""The workstation's commands: python -m export COMMAND; an error is one line, and its exit code that of edge.errors."""

import logging
import sys
from collections.abc import Sequence

from edge.errors import FerEdgeError
from export.arguments import parser

# What a shell says of a program that Ctrl-C ended: 128 + SIGINT.
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        chosen = parser().parse_args(given)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        chosen.run(chosen)
    except FerEdgeError as error:
        print(f"fer-edge: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        remedy = "add --resume to go on after the last whole epoch" if given[0] == "train" else "nothing was written"
        print(f"\nfer-edge: interrupted; {remedy}", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
