"""Reads the settings again while the program runs, on SIGHUP, and applies those that can change."""

import logging
from collections.abc import Callable
from typing import Any

from msgspec import structs

from edge.errors import ConfigError
from edge.settings.config import Settings

log = logging.getLogger(__name__)

Setter = Callable[[Any], None]
OnChange = Callable[[str, Setter], None]


def ignore_changes(key: str, apply: Setter) -> None:
    """An OnChange for programs that never read their settings again."""


class ConfigReloader:
    """Compares settings that were read again with those in force, and applies the changes.

    A part registers a function for each setting that it can change.  The main thread calls it with the new
    value at any time, also in the middle of a frame.  Every other setting needs a restart.  So does --blur,
    on purpose: people who were promised hidden faces must not be shown because somebody edited a file.
    """

    def __init__(self, chosen: Settings, read_again: Callable[[], Settings]) -> None:
        """`chosen` is in force; `read_again` reads the settings anew and may raise ConfigError."""
        self._config = chosen.config
        self._read_again = read_again
        self._setters: dict[str, Setter] = {}

    def on_change(self, key: str, apply: Setter) -> None:
        """Call `apply` with the value of the setting `key`, now and whenever it has changed."""
        self._setters[key] = apply
        apply(getattr(self._config, key))

    def reload(self) -> None:
        """Read the settings again, apply the changes, and log for each whether it needs a restart."""
        try:
            new = self._read_again()
        except ConfigError as error:
            log.error("the settings stay as they were: %s", error)
            return
        changed = [key for key in new.origins if getattr(new.config, key) != getattr(self._config, key)]
        for key in changed:
            value, origin = getattr(new.config, key), new.origins[key]
            if key in self._setters:
                self._setters[key](value)
                log.info("%s is %s from now on (%s)", key, value, origin)
            else:
                # Without its value, which may be an address with a password.
                log.warning("%s has changed (%s) and needs a restart", key, origin)
        if not changed:
            log.info("the settings are as they were")
        # A setting that needs a restart keeps its old value here, so that the next reload warns again.
        in_force = {key: getattr(new.config, key) for key in changed if key in self._setters}
        self._config = structs.replace(self._config, **in_force)
