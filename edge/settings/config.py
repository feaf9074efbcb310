"""Every setting with its type, limits, default and description; the settings in force, with their origins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.cameras.controls import ControlValue
from edge.cameras.spec import hide_secrets
from edge.mqtt.address import FORM
from edge.orientation import Orientation, compose

Text = Annotated[str, Meta(min_length=1)]
Side = Annotated[int, Meta(ge=64, le=4096)]
Count = Annotated[int, Meta(ge=1)]
Limit = Annotated[float, Meta(ge=1)]
Duration = Annotated[float, Meta(gt=0)]
Timeout = Annotated[float, Meta(ge=0.5, le=60)]
Threads = Annotated[int, Meta(ge=1, le=64)]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting; --help and the sample file show the descriptions."""

    camera: Annotated[
        Text,
        Meta(
            description="0, /dev/video0, /dev/v4l/by-id/…, picamera2, picamera2:1, a video file, a folder of "
            "videos, a pattern such as 'clips/*.mp4', rtsp://…, http://… or demo"
        ),
    ] = "0"
    width: Annotated[Side, Meta(description="width asked of a live camera, px")] = 640
    height: Annotated[Side, Meta(description="height asked of a live camera, px")] = 480
    fps: Annotated[int, Meta(ge=5, le=240, description="frames per second asked of a live camera")] = 30
    rotate: Annotated[
        Literal[0, 90, 180, 270],
        Meta(description="turn the pictures clockwise, degrees; for a camera that hangs on its side"),
    ] = 0
    auto_rotate: Annotated[
        bool,
        Meta(
            description="find out from the first faces by how many degrees to turn the pictures, and say so "
            "in the log"
        ),
    ] = False
    flip: Annotated[
        bool, Meta(description="swap top and bottom of the pictures, after --rotate; boxes follow")
    ] = False
    mirror: Annotated[
        bool,
        Meta(description="swap left and right of the pictures, so that people see themselves as in a mirror"),
    ] = False
    wait_for_camera: Annotated[
        bool,
        Meta(
            description="wait for a live camera that is missing at the start, and show the reason as a "
            "picture; a camera that disappears later is always waited for"
        ),
    ] = False
    camera_timeout_s: Annotated[
        Timeout | None,
        Meta(
            description="how long a network camera may take to open, and from one picture to the next, s; by "
            "default 5 to open and 2 from one picture to the next"
        ),
    ] = None
    detector: Annotated[
        Literal["auto", "haar", "yunet"],
        Meta(description="auto uses yunet if its model file is present, else haar"),
    ] = "auto"
    yunet: Annotated[
        str | None,
        Meta(description="YuNet's model file; by default the one that python -m edge.models fetched"),
    ] = None
    min_face_px: Annotated[
        int, Meta(ge=20, le=2048, description="height of the smallest face searched for, px of the frame")
    ] = 48
    model: Annotated[
        str | None,
        Meta(
            description="the classifier's .onnx file; by default the one that python -m benchmarks found "
            "best here, or this project's own"
        ),
    ] = None
    threads: Annotated[
        Threads | None,
        Meta(
            description="threads inside one run of the classifier; by default what python -m benchmarks "
            "found best here, or 1"
        ),
    ] = None
    stream: Annotated[bool, Meta(description="serve the MJPEG stream")] = True
    listen: Annotated[
        str,
        Meta(
            description="HOST:PORT of the stream; a video file is streamed, at its own pace, only if this "
            "is given"
        ),
    ] = "127.0.0.1:8080"
    token_file: Annotated[
        Text | None,
        Meta(
            description="a file with the token that viewers must give, needed if --listen names an address "
            "that other machines reach; FER_EDGE_TOKEN or the systemd credential token can hold it instead"
        ),
    ] = None
    insecure: Annotated[
        bool,
        Meta(
            description="let --listen name, without a token, an address that other machines reach: everybody "
            "there can see the stream"
        ),
    ] = False
    hosts: Annotated[
        Text | None,
        Meta(
            description="further host names, separated by commas, under which browsers may open the stream, "
            "besides this machine's own names"
        ),
    ] = None
    tls_certificate: Annotated[
        Text | None,
        Meta(description="a PEM file with the certificate, and its chain, of an encrypted stream"),
    ] = None
    tls_key: Annotated[
        Text | None, Meta(description="a PEM file with the private key of --tls-certificate")
    ] = None
    connections: Annotated[
        int, Meta(ge=8, le=4096, description="maximum number of open connections to the stream")
    ] = 256
    connections_per_address: Annotated[
        int,
        Meta(
            ge=4,
            le=4096,
            description="maximum number of open connections from one address; behind a proxy, all come from "
            "the proxy's address",
        ),
    ] = 32
    record: Annotated[
        str | None,
        Meta(
            description="record the pictures to this .mp4; an earlier recording of a live camera is kept as "
            "NAME-0001.mp4"
        ),
    ] = None
    clean: Annotated[bool, Meta(description="record without boxes and labels")] = False
    record_limit_mb: Annotated[
        Limit | None, Meta(description="maximum size of one recording, MB; then another one begins")
    ] = None
    record_limit_s: Annotated[
        Limit | None, Meta(description="maximum length of one recording, s; then another one begins")
    ] = None
    record_keep: Annotated[
        Count | None, Meta(description="maximum number of recordings to keep; the oldest are removed")
    ] = None
    events: Annotated[
        str | None,
        Meta(
            description="write a row for each face in each frame to this .csv or .jsonl; an earlier file of "
            "a live camera is kept as NAME-0001"
        ),
    ] = None
    events_limit_mb: Annotated[
        Limit | None, Meta(description="maximum size of one file of events, MB; then another one begins")
    ] = None
    events_limit_s: Annotated[
        Limit | None, Meta(description="maximum time span of one file of events, s; then another one begins")
    ] = None
    events_keep: Annotated[
        Count | None, Meta(description="maximum number of files of events to keep; the oldest are removed")
    ] = None
    mqtt: Annotated[
        Text | None,
        Meta(
            description=f"report expressions and health to an MQTT broker, {FORM}; the default prefix is "
            "fer-edge/${HOSTNAME}; the password comes from --mqtt-password-file, FER_EDGE_MQTT_PASSWORD or "
            "the systemd credential mqtt_password"
        ),
    ] = None
    mqtt_password_file: Annotated[
        str | None, Meta(description="a file with the password of the user in --mqtt")
    ] = None
    mqtt_ca: Annotated[
        str | None,
        Meta(
            description="a file with the certificates of the authorities to trust for an mqtts:// broker; "
            "by default those of the system"
        ),
    ] = None
    mqtt_every_s: Annotated[
        float, Meta(ge=0.2, le=3600, description="shortest time between two reports to the broker, s")
    ] = 1.0
    mqtt_discovery: Annotated[
        str,
        Meta(
            description="Home Assistant's discovery prefix, under which this device announces itself; empty "
            "for none"
        ),
    ] = "homeassistant"
    blur: Annotated[
        bool,
        Meta(
            description="hide the faces in every picture that leaves the program, which makes pictures 0.4 "
            "s late; readings stay"
        ),
    ] = False
    display: Annotated[
        bool,
        Meta(
            description="show the pictures on a display: in a window of a desktop, or full screen on the "
            "console; a video file plays at its own pace; q or esc quits, f toggles full screen, b hides "
            "faces there, s saves a snapshot"
        ),
    ] = False
    snapshots: Annotated[
        Text, Meta(description="the folder of the snapshots that are taken at the display")
    ] = "."
    report: Annotated[
        str | None,
        Meta(
            description="write a page with plots of the events to this .html at the end; {name} in the name "
            "of an output stands for the video's name"
        ),
    ] = None
    frames: Annotated[Count | None, Meta(description="stop after this number of captured frames")] = None
    duration_s: Annotated[Duration | None, Meta(description="stop after this time, s")] = None
    log_every_s: Annotated[
        float, Meta(ge=0.1, le=3600, description="time between two lines with the FPS in the log, s")
    ] = 5.0
    verbose: Annotated[bool, Meta(description="log details that help to find a fault")] = False
    # The last one, because in TOML all that follows a table's head belongs to the table.
    camera_controls: Annotated[
        dict[Text, ControlValue],
        Meta(
            description="controls of the camera, such as focus, exposure and mains frequency, by the names "
            "that python -m edge.doctor lists"
        ),
    ] = {}

    @property
    def orientation(self) -> Orientation:
        """How the pictures are turned, flipped and mirrored."""
        return compose(self.rotate, is_flipped=self.flip, is_mirrored=self.mirror)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


def _format_toml(value: object) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_format_toml(name)} = {_format_toml(of)}" for name, of in value.items()) + "}"
        )
    return msgspec.json.encode(value).decode()


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
            value = hide_secrets(value) if key == "camera" else value
            text = f"# {key} is not set" if value is None else f"{key} = {_format_toml(value)}"
            lines.append(f"{text}  # {origin}")
        # Every string of JSON is one of TOML, unless it holds this character unescaped.
        return "\n".join(lines).replace("\x7f", "\\u007f")
