"""Changes settings while the program runs: on SIGHUP they are read again, and parts take what they can."""

import logging
from collections.abc import Callable
from typing import Any

from msgspec import structs

from edge.errors import ConfigError
from edge.settings.config import Settings

log = logging.getLogger(__name__)

Take = Callable[[Any], None]
OnChange = Callable[[str, Take], None]


def ignore_changes(key: str, take: Take) -> None:
    """An OnChange for programs that never read their settings again."""


class ConfigReloader:
    """Compares settings that were read again with those in force, and gives the changed ones to the parts.

    A part registers a function for each setting that it can change.  The main thread calls it with the new
    value at any time, also in the middle of a frame.  Every other setting needs a restart.  --blur is one of
    them on purpose: people who were promised hidden faces must not be shown because somebody edited a file.
    """

    def __init__(self, chosen: Settings, read_again: Callable[[], Settings]) -> None:
        """`chosen` is in force; `read_again` reads the settings anew and may raise ConfigError."""
        self._config = chosen.config
        self._read_again = read_again
        self._takers: dict[str, Take] = {}

    def on_change(self, key: str, take: Take) -> None:
        """Call `take` with the value of the setting `key`, now and whenever it has changed."""
        self._takers[key] = take
        take(getattr(self._config, key))

    def reload(self) -> None:
        """Read the settings again, and log for each key that has changed whether the change is in force."""
        try:
            new = self._read_again()
        except ConfigError as error:
            log.error("the settings stay as they were: %s", error)
            return
        changed = [key for key in new.origins if getattr(new.config, key) != getattr(self._config, key)]
        for key in changed:
            value, origin = getattr(new.config, key), new.origins[key]
            if key in self._takers:
                self._takers[key](value)
                log.info("%s is %s from now on (%s)", key, value, origin)
            else:
                # Without its value, which may be an address with a password.
                log.warning("%s has changed (%s) and needs a restart", key, origin)
        if not changed:
            log.info("the settings are as they were")
        # A setting that needs a restart keeps its old value here, so that the next reload warns again.
        in_force = {key: getattr(new.config, key) for key in changed if key in self._takers}
        self._config = structs.replace(self._config, **in_force)
