"""Secrets: read from a file, the environment or a systemd credential, and never a setting, which others can read."""

from collections.abc import Mapping
from pathlib import Path

from edge.errors import ConfigError

PREFIX = "FER_EDGE_"
# Where systemd puts what the unit's LoadCredential= names.
CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"


def read(name: str, path: Path | None, environment: Mapping[str, str]) -> str | None:
    """The secret `name` from `path`, else from FER_EDGE_NAME, else from the systemd credential `name`, else None.

    One line break at its end is not part of it.  ConfigError, without what was read, when there is a place for it
    and nothing in it.
    """
    variable = PREFIX + name.upper()
    folder = environment.get(CREDENTIALS_DIRECTORY)
    credential = Path(folder) / name if folder else None
    if path is None and variable not in environment and credential is not None and credential.is_file():
        path = credential
    if path is None and variable not in environment:
        return None
    place = str(path or variable)
    secret = _text(name, path) if path is not None else environment[variable]
    secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret or any(character in secret for character in "\r\n\0"):
        found = "several lines" if secret else "nothing"
        raise ConfigError(f"expected the {_words(name)} in {place}, found {found}; write it there, alone, on one line")
    return secret


def _text(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise ConfigError(f"expected the {_words(name)} in {path}, found: {reason}; "
                          "name another file, or let this program's user read it") from error


def _words(name: str) -> str:
    return name.replace("_", " ").replace("mqtt", "MQTT")
