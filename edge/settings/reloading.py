"""The settings that change while the line runs: read again on SIGHUP, and taken by the parts that can."""

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
    """Where no settings are read again."""


class ConfigReloader:
    """Compares the settings read again with those in force, and hands on what can change without a restart.

    A part offers to take a setting: a function that the main thread calls with the new value, between two frames or
    in the middle of one.  What no part offers to take needs a restart; --blur does on purpose: who was promised
    hidden faces must not be shown because a file was edited.
    """

    def __init__(self, chosen: Settings, again: Callable[[], Settings]) -> None:
        """`chosen` is in force; `again` reads the settings anew and raises ConfigError where they are wrong."""
        self._config = chosen.config
        self._again = again
        self._takes: dict[str, Take] = {}

    def on_change(self, key: str, take: Take) -> None:
        """`take` is called with the value in force of the setting `key`, now and whenever it has changed."""
        self._takes[key] = take
        take(getattr(self._config, key))

    def reload(self) -> None:
        """Read the settings again, and say in the log for each key that has changed what came of it."""
        try:
            new = self._again()
        except ConfigError as error:
            log.error("the settings stay as they were: %s", error)
            return
        changed = [key for key in new.origins if getattr(new.config, key) != getattr(self._config, key)]
        for key in changed:
            value, origin = getattr(new.config, key), new.origins[key]
            if key in self._takes:
                self._takes[key](value)
                log.info("%s is %s from now on (%s)", key, value, origin)
            else:
                # Without its value, which may be an address with a password.
                log.warning("%s has changed (%s) and needs a restart", key, origin)
        if not changed:
            log.info("the settings are as they were")
        # What needs a restart is told of again the next time.
        taken = {key: getattr(new.config, key) for key in changed if key in self._takes}
        self._config = structs.replace(self._config, **taken)
