"""Describes the fields of Config to users: their flags, descriptions and allowed values."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from edge.settings.config import Config


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of Config."""

    key: str
    type: Any
    """What the value is converted to: a type, or one that is Annotated with its limits; without None."""
    description: str
    default: Any

    @property
    def flag(self) -> str:
        """--log-every for log_every_s, because flags have no unit; --camera-control for camera_controls."""
        name = self.key.removesuffix("s") if self.is_table else re.sub(r"_(s|px)$", "", self.key)
        return "--" + name.replace("_", "-")

    @property
    def is_table(self) -> bool:
        """Whether it holds values by name; a flag sets one of them, and may be given several times."""
        return isinstance(self.default, dict)

    @property
    def allowed(self) -> str:
        """What the setting may hold, in words."""
        if self.is_table:
            return "a table of names, each with a number, true, false, a text or a list of numbers"
        kind, *metas = get_args(self.type) if get_origin(self.type) is Annotated else (self.type,)
        if get_origin(kind) is Literal:
            return "one of " + ", ".join(map(str, get_args(kind)))
        if kind is bool:
            return "true or false"
        if kind in (int, float):
            limits = (("gt", "above"), ("ge", "from"), ("le", "to"))
            found = [(word, getattr(meta, name)) for name, word in limits for meta in metas]
            noun = "a whole number" if kind is int else "a number"
            return " ".join([noun, *(f"{word} {limit}" for word, limit in found if limit is not None)])
        return "a text that is not empty" if any(meta.min_length for meta in metas) else "a text"


def _list_settings() -> dict[str, Setting]:
    settings, hints = {}, get_type_hints(Config, include_extras=True)
    for field in msgspec.structs.fields(Config):
        kind, *metas = get_args(hints[field.name])
        non_none_types = [part for part in get_args(kind) if part is not type(None)]
        is_optional = len(non_none_types) < len(get_args(kind))
        settings[field.name] = Setting(
            field.name,
            non_none_types[0] if is_optional else hints[field.name],
            str(metas[-1].description),
            {} if field.default_factory is dict else field.default,
        )
    return settings


SETTINGS = _list_settings()
