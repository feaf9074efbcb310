"""What all commands have in common: their exit codes, how they print an error, and --version."""

import argparse
import configparser
import os
import select
import sys
from collections.abc import Callable
from functools import wraps
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn, ParamSpec

from edge.errors import ConfigError, FerEdgeError

DISTRIBUTION = "fer-edge"
# The exit codes that a shell reports for a program that Ctrl-C ended (128 + SIGINT), and for one that wrote
# to a pipe whose reader, such as head, has ended (128 + SIGPIPE).
INTERRUPTED = 130
READER_GONE = 141

_Parameters = ParamSpec("_Parameters")


def command(main: Callable[_Parameters, int | None]) -> Callable[_Parameters, int]:
    """Make a command's `main` return an exit code: 0 in place of None, and that of a FerEdgeError.

    The error is printed on stderr.  So is a KeyboardInterrupt, with its text, which may say how to go on.
    """

    @wraps(main)
    def run(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> int:
        try:
            return _run_and_flush(lambda: main(*arguments, **options))
        except FerEdgeError as error:
            print(f"{DISTRIBUTION}: {error}", file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt as interruption:
            line = "; ".join(("interrupted", *map(str, interruption.args)))
            print(f"\n{DISTRIBUTION}: {line}", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            if not _is_reader_gone():
                raise
            return READER_GONE

    return run


def _run_and_flush(main: Callable[[], int | None]) -> int:
    try:
        code = main() or 0
    except SystemExit:  # argparse raises it after --help and --version.
        _flush()
        raise
    _flush()
    return code


def _flush() -> None:
    print(end="", flush=True)  # Unlike sys.stdout.flush(), this works without a sys.stdout.


def _is_reader_gone() -> bool:
    """Whether nobody reads stdout any more; if so, direct the rest of the output to /dev/null."""
    stdout = select.poll()
    stdout.register(sys.stdout.fileno(), 0)
    is_gone = bool(stdout.poll(0))
    if is_gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return is_gone


class ArgumentParser(argparse.ArgumentParser):
    """argparse's parser, except that a wrong argument raises ConfigError, as a wrong setting does.

    The parser and its subcommands accept --version; --help lists it only if make_parser() made the parser.
    """

    def __init__(self, *, version_help: str = argparse.SUPPRESS, **options: Any) -> None:
        super().__init__(**options)
        self.add_argument(
            "--version",
            action=_PrintVersion,
            nargs=0,
            dest=argparse.SUPPRESS,
            default=argparse.SUPPRESS,
            help=version_help,
        )

    def error(self, message: str) -> NoReturn:
        """Raise ConfigError."""
        raise ConfigError(f"{message}; {self.prog} --help lists the arguments")


def make_parser(
    prog: str, description: str, *, epilog: str | None = None, allow_abbrev: bool = True
) -> ArgumentParser:
    """The parser of a command."""
    return ArgumentParser(
        prog=prog,
        description=description,
        epilog=epilog,
        allow_abbrev=allow_abbrev,
        version_help="print the version and exit",
    )


class _PrintVersion(argparse.Action):
    """Like argparse's own action, but it reads the version only when somebody asks for it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(describe_version())
        parser.exit()


def describe_version() -> str:
    """The name and the version of this program: as installed, or else as the checkout's setup.cfg says."""
    try:
        number = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        checkout = configparser.ConfigParser()
        checkout.read(Path(__file__).parent.parent / "setup.cfg", encoding="utf-8")
        number = checkout.get(
            "metadata", "version", fallback="(version unknown: neither installed nor a checkout)"
        )
    return f"{DISTRIBUTION} {number}"
