"""The settings: defaults < TOML file < FER_EDGE_* < flags, each checked once and remembered with its origin."""

import argparse
import difflib
import math
import re
import socket
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from edge.command import ArgumentParser, make_parser
from edge.errors import ConfigError
from edge.mqtt import address as mqtt_address
from edge.mqtt.address import FORM
from edge.settings import credentials

PREFIX = "FER_EDGE_"
# Keys of the environment that are no settings: nothing prints them (see edge.settings.credentials).
SECRETS = ("mqtt_password", "token")
# What a text may hold in place of this machine's name, so that one file serves many machines.
HOSTNAME = "${HOSTNAME}"
# An address that only this very machine can reach.
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
HIGHEST_PORT = 65535


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting; the descriptions are those of --help."""

    camera: Annotated[
        str,
        Meta(
            min_length=1,
            description=(
                "0, /dev/video0, /dev/v4l/by-id/…, picamera2, picamera2:1, a video file, a folder of them or a pattern such as "
                "'clips/*.mp4', rtsp://…, http://… or demo"
            ),
        ),
    ] = "0"
    width: Annotated[int, Meta(ge=64, le=4096, description="width asked of a live camera, px")] = 640
    height: Annotated[int, Meta(ge=64, le=4096, description="height asked of a live camera, px")] = 480
    fps: Annotated[int, Meta(ge=5, le=240, description="frames a second asked of a live camera")] = 30
    wait_for_camera: Annotated[
        bool,
        Meta(
            description=(
                "wait for a live camera that is not there at the start, and say so on the picture; one that goes away later is "
                "always waited for"
            )
        ),
    ] = False
    detector: Annotated[
        Literal["auto", "haar", "yunet"],
        Meta(description=("auto takes yunet where its model is present, else haar")),
    ] = "auto"
    yunet: (
        Annotated[
            str,
            Meta(description=("YuNet's model file; by default the one that python -m edge.models fetched")),
        ]
        | None
    ) = None
    min_face_px: Annotated[
        int, Meta(ge=20, le=2048, description=("height of the smallest face looked for, px of the frame"))
    ] = 48
    model: (
        Annotated[
            str,
            Meta(
                description=(
                    "the classifier's .onnx file; by default the project's own, in the form that python -m benchmarks found best"
                )
            ),
        ]
        | None
    ) = None
    threads: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=64,
                description=(
                    "threads inside one run of the classifier; by default what python -m benchmarks found best here, or 1"
                ),
            ),
        ]
        | None
    ) = None
    stream: Annotated[bool, Meta(description="serve the MJPEG stream")] = True
    listen: Annotated[
        str,
        Meta(
            description=(
                "HOST:PORT of the stream; a video file is streamed, at its own pace, only where this is given"
            )
        ),
    ] = "127.0.0.1:8080"
    token_file: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description=(
                    "a file with the token that is asked of who watches, needed where --listen names an address that other "
                    "machines reach; the token can also stand in FER_EDGE_TOKEN or the systemd credential token"
                ),
            ),
        ]
        | None
    ) = None
    insecure: Annotated[
        bool,
        Meta(
            description=(
                "let --listen name such an address without a token: everybody there can see the stream"
            )
        ),
    ] = False
    hosts: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description=(
                    "names by which browsers may ask for the stream besides this machine's own, with commas between them"
                ),
            ),
        ]
        | None
    ) = None
    tls_certificate: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description=("a PEM file with the certificate, and its chain, of an encrypted stream"),
            ),
        ]
        | None
    ) = None
    tls_key: Annotated[str, Meta(min_length=1, description="a PEM file with its key")] | None = None
    connections: Annotated[int, Meta(ge=8, le=4096, description="most open connections to the stream")] = 256
    connections_per_address: Annotated[
        int,
        Meta(ge=4, le=4096, description=("most of them from one address; behind a proxy all come from one")),
    ] = 32
    record: (
        Annotated[
            str,
            Meta(
                description=(
                    "record the pictures to this .mp4; what a live camera recorded before is kept as NAME-0001.mp4"
                )
            ),
        ]
        | None
    ) = None
    clean: Annotated[bool, Meta(description="record without boxes and labels")] = False
    record_limit_mb: (
        Annotated[float, Meta(ge=1, description=("begin another recording after so many megabytes"))] | None
    ) = None
    record_limit_s: (
        Annotated[float, Meta(ge=1, description=("begin another recording after so many seconds"))] | None
    ) = None
    record_keep: (
        Annotated[
            int, Meta(ge=1, description=("how many recordings there may be; then the oldest is removed"))
        ]
        | None
    ) = None
    events: (
        Annotated[
            str,
            Meta(
                description=(
                    "write a row per face and frame to this .csv or .jsonl; a live camera's last one is kept as NAME-0001"
                )
            ),
        ]
        | None
    ) = None
    events_limit_mb: (
        Annotated[float, Meta(ge=1, description=("begin another file of events after so many megabytes"))]
        | None
    ) = None
    events_limit_s: (
        Annotated[float, Meta(ge=1, description=("begin another file of events after so many seconds"))]
        | None
    ) = None
    events_keep: (
        Annotated[
            int, Meta(ge=1, description=("how many files of events there may be; then the oldest is removed"))
        ]
        | None
    ) = None
    mqtt: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description=(
                    f"report expressions and health to an MQTT broker, {FORM}; without a prefix it is fer-edge/${{HOSTNAME}}; the "
                    "password stands in --mqtt-password-file, FER_EDGE_MQTT_PASSWORD or the systemd credential mqtt_password"
                ),
            ),
        ]
        | None
    ) = None
    mqtt_password_file: (
        Annotated[str, Meta(description="a file with the password of the user in --mqtt")] | None
    ) = None
    mqtt_ca: (
        Annotated[
            str,
            Meta(
                description=(
                    "a file with the certificates that vouch for an mqtts:// broker; by default the system's"
                )
            ),
        ]
        | None
    ) = None
    mqtt_every_s: Annotated[
        float,
        Meta(ge=0.2, le=3600, description=("least seconds between two reports of changes to the broker")),
    ] = 1.0
    mqtt_discovery: Annotated[
        str,
        Meta(
            description=(
                "Home Assistant's discovery prefix, at which this device makes itself known; empty for none"
            )
        ),
    ] = "homeassistant"
    blur: Annotated[
        bool,
        Meta(
            description=(
                "hide the faces in every picture that leaves the program, 0.4 s late; the readings stay"
            )
        ),
    ] = False
    display: Annotated[
        bool,
        Meta(
            description=(
                "show the pictures on a display: in a window where a desktop runs, else full screen on the console, "
                "a video file at its own pace; q or esc quits, f toggles full screen, b hides faces there, s keeps a snapshot"
            )
        ),
    ] = False
    snapshots: Annotated[
        str, Meta(min_length=1, description=("folder of the snapshots that are asked for at the display"))
    ] = "."
    report: (
        Annotated[
            str,
            Meta(
                description=(
                    "write a page with plots of the events to this .html at the end; in the names of a video's outputs, {name} "
                    "stands for the video's"
                )
            ),
        ]
        | None
    ) = None
    frames: Annotated[int, Meta(ge=1, description="stop after so many captured frames")] | None = None
    duration_s: Annotated[float, Meta(gt=0, description="stop after so many seconds")] | None = None
    log_every_s: Annotated[
        float, Meta(ge=0.1, le=3600, description="seconds between two lines with the FPS")
    ] = 5.0
    verbose: Annotated[bool, Meta(description="log what helps to find a fault")] = False

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class Settings:
    """A Config, and where each of its values came from."""

    config: Config
    origins: Mapping[str, str]

    def __str__(self) -> str:
        """TOML, a line for each key with its origin behind it; keys without a value are comments.

        A camera's password is left out.
        """
        lines = []
        for key, origin in self.origins.items():
            value = getattr(self.config, key)
            value = credentials.without_secrets(value) if key == "camera" else value
            text = (
                f"# {key} is not set" if value is None else f"{key} = {msgspec.json.encode(value).decode()}"
            )
            lines.append(f"{text}  # {origin}")
        # JSON is TOML but for this character, which stands as it is in JSON alone.
        return "\n".join(lines).replace("\x7f", "\\u007f")


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Settings, argparse.Namespace]:
    """The settings that `arguments` (without the program's name) and `environment` ask for.

    The namespace holds the flags that are no settings (`print_config`).  Raises ConfigError for
    a key or a flag that does not exist and a value out of range; ends the process, as argparse
    does, for --help.
    """
    try:
        flags = _parser().parse_args(arguments)
    except ConfigError as error:  # It repeats the argument, which may hold a password.
        raise ConfigError(credentials.without_secrets(str(error))) from None
    values: dict[str, Any] = {}
    origins = dict.fromkeys(_KEYS, "default")
    # Strings stand for numbers and booleans in the environment and in flags, not in TOML.
    layers = (
        (_from_file(flags.config), True),
        (_from_environment(environment), False),
        (_from_flags(flags), False),
    )
    for layer, strict in layers:
        for key, (value, origin) in layer.items():
            values[key], origins[key] = _checked(key, value, origin, strict=strict), origin
    config = Config(**values)
    _check_together(config, origins, environment)
    return Settings(config, origins), flags


# The annotated type of each key, without the None of those that may stay unset.
_TYPES = {
    key: hint if get_origin(hint) is Annotated else get_args(hint)[0]
    for key, hint in get_type_hints(Config, include_extras=True).items()
}
_KEYS = tuple(_TYPES)
_Layer = dict[str, tuple[Any, str]]
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:]+\]|[^:\s]+):\d{1,5}")


class _SecretFlag(argparse.Action):
    """Refuses a secret where every user of the machine can read it, and does not repeat it."""

    def __call__(self, *arguments: object, **options: object) -> NoReturn:
        raise ConfigError(
            f"expected no secret in a flag, which the list of processes shows, found {self.dest}; "
            f"put it in a file and name that with {_flag(self.dest)}-file"
        )


def _flag(key: str) -> str:
    """--log-every for log_every_s: flags go without the unit."""
    return "--" + re.sub(r"_(s|px)$", "", key).replace("_", "-")


def _parser() -> ArgumentParser:
    parser = make_parser(
        "fer-edge",
        "Read apparent facial expressions from a camera, on this device alone.",
        epilog=f"Every setting can also stand in the TOML file of --config, or in {PREFIX}CAMERA and so on; "
        "a flag beats the environment, which beats the file. "
        "SIGHUP, or systemctl reload, has the file read again; the log says what needs a restart. "
        f"{HOSTNAME} in a text stands for this machine's name, so that one file serves many machines.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="a TOML file with settings (default: none)"
    )
    parser.add_argument(
        "--print-config", action="store_true", help="print what is in force and from where, and end"
    )
    defaults = Config()
    for secret in SECRETS:
        parser.add_argument(_flag(secret), action=_SecretFlag, nargs="?", help=argparse.SUPPRESS)
    for key, hint in _TYPES.items():
        _, meta = get_args(hint)
        default = getattr(defaults, key)
        said = {"None": "none", "True": "yes", "False": "no"}.get(str(default), default)
        text = f"{meta.description} (default: {said})"
        if isinstance(default, bool):
            parser.add_argument(_flag(key), action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            parser.add_argument(_flag(key), dest=key, metavar=_flag(key).strip("-").upper(), help=text)
    return parser


def _from_flags(flags: argparse.Namespace) -> _Layer:
    return {key: (getattr(flags, key), _flag(key)) for key in _KEYS if getattr(flags, key) is not None}


def _from_environment(environment: Mapping[str, str]) -> _Layer:
    layer: _Layer = {}
    for name, value in environment.items():
        if name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).lower()
            if key in SECRETS:
                continue
            _check_exists(key, name)
            layer[key] = (value, name)
    return layer


def _from_file(path: Path | None) -> _Layer:
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"expected a configuration in {path}, found: {error.strerror}; name another file"
        ) from error
    except (
        ValueError,
        RecursionError,
    ) as error:  # No TOML, no UTF-8, a number of 5,000 digits, 1,000 brackets.
        raise ConfigError(f"expected TOML in {path}, found: {error}; mend that line") from error
    layer: _Layer = {}
    for key, value in table.items():
        origin = f"{path}, line {_line_of(key, text)}"
        _check_exists(key, origin)
        layer[key] = (value, origin)
    return layer


def _line_of(key: str, text: str) -> int:
    """The line on which the file says `key` (tomllib does not tell)."""
    said = re.compile(rf"""\s*\[?\s*["']?{re.escape(key)}\b""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if said.match(line)), 1)


def _check_exists(key: str, origin: str) -> None:
    if key not in _KEYS:
        near = difflib.get_close_matches(key, _KEYS, 1)
        remedy = f"did you mean {near[0]}?" if near else "take it out"
        shown = key if key.isprintable() else repr(key)
        raise ConfigError(f"expected a key among {', '.join(_KEYS)}, found {shown} ({origin}); {remedy}")


def _checked(key: str, value: Any, origin: str, *, strict: bool) -> Any:
    if isinstance(value, str):
        value = _expanded(key, value, origin)
    try:
        converted = msgspec.convert(value, _TYPES[key], strict=strict)
        if isinstance(converted, float) and not math.isfinite(converted):
            raise msgspec.ValidationError("no finite number")
        return converted
    except msgspec.ValidationError as error:
        found = credentials.without_secrets(repr(value))
        raise ConfigError(
            f"expected {allowed(key)} for {key}, found {found} ({origin}); change it"
        ) from error


def _expanded(key: str, text: str, origin: str) -> str:
    text = text.replace(HOSTNAME, socket.gethostname())
    if other := re.search(r"\$\{\w*\}", text):
        raise ConfigError(
            f"expected no variable but {HOSTNAME} for {key}, found {other[0]} ({origin}); write it out"
        )
    return text


def description(key: str) -> str:
    """What `key` is for, as --help says it."""
    _, meta = get_args(_TYPES[key])
    return str(meta.description)


def allowed(key: str) -> str:
    """What `key` may hold, in words."""
    kind, meta = get_args(_TYPES[key])
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        noun = "a whole number" if kind is int else "a number"
        limits = ((meta.gt, "above"), (meta.ge, "from"), (meta.le, "to"))
        return " ".join([noun, *(f"{word} {limit}" for limit, word in limits if limit is not None)])
    return "a text" if not meta.min_length else "a text that is not empty"


def _check_together(config: Config, origins: Mapping[str, str], environment: Mapping[str, str]) -> None:
    if not _ADDRESS.fullmatch(config.listen) or config.address[1] > HIGHEST_PORT:
        raise ConfigError(
            f"expected HOST:PORT with a port from 0 to {HIGHEST_PORT} for listen, "
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
    if config.report and not config.events:
        raise ConfigError(
            f"expected events where report is set ({origins['report']}), found none; add --events"
        )
    if (config.tls_certificate is None) != (config.tls_key is None):
        key, other = (
            ("tls_certificate", "tls_key") if config.tls_key is None else ("tls_key", "tls_certificate")
        )
        raise ConfigError(
            f"expected both tls_certificate and tls_key, found {key} alone ({origins[key]}); add {other}"
        )
    if (
        config.mqtt is not None
        and not mqtt_address.parse(config.mqtt, origins["mqtt"]).is_encrypted
        and config.mqtt_ca
    ):
        raise ConfigError(
            f"expected mqtts:// for mqtt ({origins['mqtt']}) where mqtt_ca is set, found mqtt://; "
            f"change it, or take mqtt_ca out ({origins['mqtt_ca']})"
        )
