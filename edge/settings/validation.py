"""Checks the settings: each value by its type and limits, then those that depend on each other."""

import math
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from edge.cameras.spec import hide_secrets
from edge.errors import ConfigError
from edge.mqtt import address as mqtt_address
from edge.settings import credentials
from edge.settings.config import Config
from edge.settings.fields import Setting
from edge.settings.loopback import LOOPBACK_HOSTS

# Stands for this machine's name in a text, so that one file serves many machines.
HOSTNAME = "${HOSTNAME}"
MAX_PORT = 65535

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:]+\]|[^:\s]+):\d{1,5}")


def convert(setting: Setting, value: Any, origin: str, *, strict: bool) -> Any:
    """`value` converted to the setting's type; ConfigError if it has another type or exceeds the limits.

    Unless `strict`, a text such as "30" or "true" is converted to a number or a boolean.
    """
    if isinstance(value, str):
        value = _expand(setting.key, value, origin)
    try:
        converted = msgspec.convert(value, setting.type, strict=strict)
        if isinstance(converted, float) and not math.isfinite(converted):
            raise msgspec.ValidationError("infinite or not a number")
        return converted
    except msgspec.ValidationError as error:
        found = hide_secrets(repr(value))
        raise ConfigError(
            f"expected {setting.allowed} for {setting.key}, found {found} ({origin}); change it"
        ) from error


def _expand(key: str, text: str, origin: str) -> str:
    text = text.replace(HOSTNAME, socket.gethostname())
    if other := re.search(r"\$\{\w*\}", text):
        raise ConfigError(
            f"expected no variable but {HOSTNAME} for {key}, found {other[0]} ({origin}); write it out"
        )
    return text


def check_together(config: Config, origins: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Raise ConfigError for settings that do not fit together; the parameters are those of parse_settings."""
    _check_listen(config, origins, environment)
    if config.report and not config.events:
        raise ConfigError(
            f"expected events where report is set ({origins['report']}), found none; add --events"
        )
    if config.auto_rotate and (config.rotate or config.blur):
        key, why = ("rotate", "it says the same") if config.rotate else ("blur", "a face may lie on its side")
        raise ConfigError(
            f"expected auto_rotate ({origins['auto_rotate']}) without {key} ({origins[key]}), found both, "
            f"and {why}; take auto_rotate out"
        )
    if (config.tls_certificate is None) != (config.tls_key is None):
        keys = ("tls_certificate", "tls_key")
        key, other = keys if config.tls_key is None else reversed(keys)
        raise ConfigError(
            f"expected both tls_certificate and tls_key, found {key} alone ({origins[key]}); add {other}"
        )
    if config.mqtt is not None:
        broker = mqtt_address.parse(config.mqtt, origins["mqtt"])
        if config.mqtt_ca and not broker.is_encrypted:
            raise ConfigError(
                f"expected mqtts:// for mqtt ({origins['mqtt']}) where mqtt_ca is set, found mqtt://; "
                f"change it, or take mqtt_ca out ({origins['mqtt_ca']})"
            )


def _check_listen(config: Config, origins: Mapping[str, str], environment: Mapping[str, str]) -> None:
    if not _ADDRESS.fullmatch(config.listen) or config.address[1] > MAX_PORT:
        raise ConfigError(
            f"expected HOST:PORT with a port from 0 to {MAX_PORT} for listen, "
            f"found {config.listen!r} ({origins['listen']}); change it"
        )
    host, _ = config.address
    token_file = Path(config.token_file) if config.token_file else None
    is_guarded = config.insecure or credentials.is_given("token", token_file, environment)
    if config.stream and host not in LOOPBACK_HOSTS and not is_guarded:
        raise ConfigError(
            f"expected a token, or listen to name this machine alone ({', '.join(LOOPBACK_HOSTS)}), "
            f"found {host} ({origins['listen']}): others could watch; name a token's file with "
            "--token-file, or add --insecure if they may"
        )
