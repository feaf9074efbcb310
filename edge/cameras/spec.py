"""Parses what `--camera` names; it opens nothing and imports no library."""

import os
import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

# The schemes of network cameras that OpenCV's FFmpeg reads, each with its usual port.
PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}

_CSI = re.compile(r"picamera2(?::(\d+))?")
_URL = re.compile(r"(\w+)://.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DemoPicture:
    """`demo`: the built-in moving picture."""

    is_live: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class V4l2Device:
    """`0`, `/dev/video0` or `/dev/v4l/by-id/…`: a USB camera, or any other device that V4L2 serves."""

    is_live: ClassVar[bool] = True
    path: str
    """The device node, or a link to it, below /dev."""


@dataclass(frozen=True, slots=True)
class CsiCamera:
    """`picamera2` or `picamera2:1`: a camera at the Raspberry Pi's CSI connector."""

    is_live: ClassVar[bool] = True
    index: int
    """Its place in libcamera's list of cameras, from 0."""


@dataclass(frozen=True, slots=True)
class NetworkStream:
    """`rtsp://…` or `http://…`, also with TLS: a network camera."""

    is_live: ClassVar[bool] = True
    url: str
    """As the user wrote it: it may hold a password."""

    def split_address(self) -> tuple[str, int]:
        """The host and the TCP port; ValueError, whose text may hold the password, for a malformed URL."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or PORTS[parts.scheme.lower()]


@dataclass(frozen=True, slots=True)
class UnsupportedUrl:
    """A URL with a scheme that no camera here reads: it is neither a stream nor a file."""

    is_live: ClassVar[bool] = False
    url: str
    """As the user wrote it: it may hold a password."""


@dataclass(frozen=True, slots=True)
class VideoFile:
    """Everything else: the path of a video, of a folder of videos, or a pattern that matches videos."""

    is_live: ClassVar[bool] = False
    path: str

    def is_regular_file(self) -> bool:
        """Whether there is a regular file at the path now."""
        return os.path.isfile(self.path)


CameraSpec = DemoPicture | V4l2Device | CsiCamera | NetworkStream | UnsupportedUrl | VideoFile


def parse_camera(text: str) -> CameraSpec:
    """What `text` names; any other text counts as the path of a video, whether there is one or not."""
    if text == "demo":
        return DemoPicture()
    if text.isdecimal():
        return V4l2Device(f"/dev/video{int(text)}")
    if text.startswith("/dev/"):
        return V4l2Device(text)
    if csi := _CSI.fullmatch(text):
        return CsiCamera(int(csi[1] or 0))
    if url := _URL.fullmatch(text):
        return NetworkStream(text) if url[1].lower() in PORTS else UnsupportedUrl(text)
    return VideoFile(text)


def hide_secrets(text: str) -> str:
    """`text` without the user, password and query of an address: cameras take passwords in each of them."""
    return re.sub(r"(\w+://[^?]*)\?.*", r"\1?…", re.sub(r"(\w+:/*).*@", r"\1…@", text))
