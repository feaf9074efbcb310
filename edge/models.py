"""Finds the model files of this machine; as a command, fetches the one that this project does not ship.

python -m edge.models [--output FILE]
"""

import hashlib
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge import files
from edge.command import command, make_parser
from edge.errors import ModelError

CLASSIFIER = "fer.int8.onnx"
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Download:
    """A file that other people publish."""

    name: str
    url: str
    sha256: str
    size_bytes: int
    licence: str

    def __str__(self) -> str:
        """The origin, the licence and the digest."""
        return f"{self.url}, {self.licence}, sha256 {self.sha256}"


YUNET = Download(
    name="face_detection_yunet_2023mar.onnx",
    url="https://github.com/opencv/opencv_zoo/raw/82b38c8f98e7b52aa171400f3e4c722352d0669f/"
    "models/face_detection_yunet/face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    size_bytes=232_589,
    licence="MIT, Shiqi Yu and others",
)


def locate_classifier() -> Path:
    """The classifier that this project ships: in the checkout, or where pip installed it."""
    checkout = Path(__file__).parent.parent / "models" / CLASSIFIER
    return (
        checkout
        if checkout.is_file()
        else Path(sysconfig.get_path("data")) / "share/fer-edge/models" / CLASSIFIER
    )


def locate_yunet() -> Path:
    """Where `python -m edge.models` puts YuNet."""
    return files.locate_data_folder() / YUNET.name


def fetch(download: Download, path: Path) -> None:
    """Put `download` at `path`.

    A ModelError, because it cannot be fetched or is not the published file, leaves `path` as it was.
    """
    # Here, because it takes 6 MB and a tenth of the app's start, and the app does not need it.
    import http.client
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(download.url, timeout=TIMEOUT_S) as response:
            content = response.read(download.size_bytes + 1)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # It holds the connection open.
        raise ModelError(
            f"expected {download.name} at {download.url}, found: {error}; connect to the network, "
            f"or copy the file to {path} by hand (sha256 {download.sha256})"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != download.sha256:
        raise ModelError(
            f"expected {download.name} with sha256 {download.sha256}, found {found} "
            f"({len(content)} bytes of at most {download.size_bytes}); nothing was kept, try again later"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, content)
    except OSError as error:
        raise ModelError(
            f"expected to write {path}, found: {error.strerror}; name another file with --output"
        ) from error


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = make_parser(
        "python -m edge.models",
        f"Fetch YuNet, the better face detector ({YUNET.size_bytes:,} bytes, {YUNET.licence}), from "
        f"{YUNET.url}, and check its sha256 ({YUNET.sha256}).",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=locate_yunet(),
        metavar="FILE",
        help="where to put it (default: %(default)s)",
    )
    path = parser.parse_args(arguments).output
    fetch(YUNET, path)
    print(f"{path}: {YUNET.size_bytes:,} bytes, sha256 as published")


if __name__ == "__main__":
    sys.exit(main())
