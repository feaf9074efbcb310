"""Reads secrets from a file, the environment or a systemd credential, and hides those in addresses."""

import logging
import stat
from collections.abc import Mapping
from pathlib import Path

from edge.errors import ConfigError

log = logging.getLogger(__name__)

PREFIX = "FER_EDGE_"
# The names of all secrets.  They are not settings, so nothing that prints settings prints them.
SECRETS = ("mqtt_password", "token")
# The folder in which systemd puts the credentials that the unit's LoadCredential= names.
CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"
# The group may read the file of a secret: root may own the file, and the service's user may be in its group.
_TOO_OPEN = stat.S_IWGRP | stat.S_IRWXO


def read_secret(name: str, path: Path | None, environment: Mapping[str, str]) -> str | None:
    """The secret `name` from `path`, else from FER_EDGE_NAME, else from the systemd credential `name`.

    None if none of these is given.  One line break at the end is not part of the secret.  ConfigError, which
    does not show what was read, if a given place holds no secret.
    """
    variable = PREFIX + name.upper()
    if not is_given(name, path, environment):
        return None
    if path is not None:
        _warn_about_readers(path)
    elif variable not in environment:
        path = _find_credential(name, environment)
    place = str(path or variable)
    secret = _read_text(name, path) if path is not None else environment[variable]
    secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret or any(character in secret for character in "\r\n\0"):
        found = "several lines" if secret else "nothing"
        raise ConfigError(
            f"expected the {_describe(name)} in {place}, found {found}; write it there, alone, on one line"
        )
    return secret


def is_given(name: str, path: Path | None, environment: Mapping[str, str]) -> bool:
    """Whether a place for the secret `name` is given, even if it turns out to hold none."""
    credential = _find_credential(name, environment)
    return (
        path is not None
        or PREFIX + name.upper() in environment
        or (credential is not None and credential.is_file())
    )


def _find_credential(name: str, environment: Mapping[str, str]) -> Path | None:
    folder = environment.get(CREDENTIALS_DIRECTORY)
    return Path(folder) / name if folder else None


def _warn_about_readers(path: Path) -> None:
    try:
        is_open = path.stat().st_mode & _TOO_OPEN
    except OSError:
        return  # The error of reading it says why.
    if is_open:
        log.warning("other users of this machine can read or change %s; chmod 600 %s", path, path)


def _read_text(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise ConfigError(
            f"expected the {_describe(name)} in {path}, found: {reason}; "
            "name another file, or let this program's user read it"
        ) from error


def _describe(name: str) -> str:
    return name.replace("_", " ").replace("mqtt", "MQTT")
