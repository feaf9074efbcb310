"""Reads the settings: defaults < TOML file < FER_EDGE_* < flags, each with its origin."""

import argparse
import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from edge.cameras.spec import hide_secrets
from edge.command import ArgumentParser, make_parser
from edge.errors import ConfigError
from edge.settings import credentials, validation
from edge.settings.config import Config, Settings
from edge.settings.control_values import parse_controls
from edge.settings.fields import SETTINGS

_Layer = dict[str, tuple[Any, str]]


def parse_settings(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[Settings, argparse.Namespace]:
    """The settings that `arguments` (without the program's name) and `environment` ask for.

    The namespace holds the flags that are no settings (`print_config`).  Raises ConfigError for a key or a
    flag that does not exist, and for a value out of range.  --help and --version end the process, as argparse
    does.
    """
    flags = _parse_flags(arguments)
    values: dict[str, Any] = {}
    origins = dict.fromkeys(SETTINGS, "default")
    # Flags and environment variables hold numbers and booleans as text; TOML has types of its own for them.
    layers = (
        (_read_file(flags.config), True),
        (_read_environment(environment), False),
        (_read_flags(flags), False),
    )
    for layer, strict in layers:
        for key, (value, origin) in layer.items():
            if SETTINGS[key].is_table:
                table = value if strict else parse_controls(value, origin)
                converted = validation.convert(SETTINGS[key], table, origin, strict=True)
                values[key] = values.get(key, {}) | converted
            else:
                values[key] = validation.convert(SETTINGS[key], value, origin, strict=strict)
            origins[key] = origin
    config = Config(**values)
    validation.check_together(config, origins, environment)
    return Settings(config, origins), flags


class _RefuseSecret(argparse.Action):
    """Refuses a secret in a flag, where every user of the machine can read it, without repeating it."""

    def __call__(self, *arguments: object, **options: object) -> NoReturn:
        flag = "--" + self.dest.replace("_", "-")
        raise ConfigError(
            f"expected no secret in a flag, which the list of processes shows, found {self.dest}; "
            f"put it in a file and name that with {flag}-file"
        )


def _parse_flags(arguments: Sequence[str]) -> argparse.Namespace:
    try:
        return _make_parser().parse_args(arguments)
    except ConfigError as error:
        # argparse repeats the argument, which may hold a camera's password.
        raise ConfigError(hide_secrets(str(error))) from None


def _make_parser() -> ArgumentParser:
    parser = make_parser(
        "fer-edge",
        "Read apparent facial expressions from a camera, on this device alone.",
        allow_abbrev=False,
        epilog="Every setting can also stand in the TOML file of --config, or in an environment variable "
        f"such as {credentials.PREFIX}CAMERA; a flag beats the environment, which beats the file. SIGHUP, "
        "or systemctl reload, makes the program read the file again; the log names the settings that need a "
        f"restart. {validation.HOSTNAME} in a text stands for this machine's name, so that one file serves "
        "many machines.",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="a TOML file with settings (default: none)"
    )
    parser.add_argument(
        "--print-config", action="store_true", help="print the settings in force with their origins, and exit"
    )
    for secret in credentials.SECRETS:
        flag = "--" + secret.replace("_", "-")
        parser.add_argument(flag, action=_RefuseSecret, nargs="?", help=argparse.SUPPRESS)
    for key, setting in SETTINGS.items():
        default = {"None": "none", "True": "yes", "False": "no"}.get(str(setting.default), setting.default)
        text = f"{setting.description} (default: {default})"
        if isinstance(setting.default, bool):
            parser.add_argument(
                setting.flag, dest=key, action=argparse.BooleanOptionalAction, default=None, help=text
            )
        elif setting.is_table:
            parser.add_argument(
                setting.flag,
                dest=key,
                action="append",
                metavar="NAME=VALUE",
                help=f"one of the {setting.description}; can be given several times (default: none)",
            )
        else:
            parser.add_argument(setting.flag, dest=key, metavar=setting.flag.strip("-").upper(), help=text)
    return parser


def _read_flags(flags: argparse.Namespace) -> _Layer:
    given = {key: getattr(flags, key) for key in SETTINGS}
    return {key: (value, SETTINGS[key].flag) for key, value in given.items() if value is not None}


def _read_environment(environment: Mapping[str, str]) -> _Layer:
    layer: _Layer = {}
    for name, value in environment.items():
        if name.startswith(credentials.PREFIX):
            key = name.removeprefix(credentials.PREFIX).lower()
            if key in credentials.SECRETS:
                continue
            _check_exists(key, name)
            layer[key] = (value, name)
    return layer


def _read_file(path: Path | None) -> _Layer:
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"expected a configuration in {path}, found: {error.strerror}; name another file"
        ) from error
    except (ValueError, RecursionError) as error:  # Invalid TOML or UTF-8; far too many digits or brackets.
        raise ConfigError(f"expected TOML in {path}, found: {error}; correct that line") from error
    layer: _Layer = {}
    for key, value in table.items():
        origin = f"{path}, line {_find_line(key, text)}"
        _check_exists(key, origin)
        layer[key] = (value, origin)
    return layer


def _find_line(key: str, text: str) -> int:
    """The number of the line on which `text` sets `key`, which tomllib does not report."""
    assignment = re.compile(rf"""\s*\[?\s*["']?{re.escape(key)}\b""")
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if assignment.match(line)), 1)


def _check_exists(key: str, origin: str) -> None:
    if key not in SETTINGS:
        near = difflib.get_close_matches(key, SETTINGS, 1)
        remedy = f"did you mean {near[0]}?" if near else "take it out"
        shown = key if key.isprintable() else repr(key)
        raise ConfigError(f"expected a key among {', '.join(SETTINGS)}, found {shown} ({origin}); {remedy}")
