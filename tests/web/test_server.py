"""What the server sends besides pictures and messages."""

import json
import re
import urllib.request

from edge import palette
from edge.contracts import UNCERTAIN
from edge.drawing import overlay
from edge.sinks.mjpeg import MjpegSink

TIMEOUT_S = 30


def fetch(path: str) -> str:
    with (
        MjpegSink("127.0.0.1", 0, lambda: {"shown_fps": 30.0}) as sink,
        urllib.request.urlopen(sink.url + path, timeout=TIMEOUT_S) as answer,
    ):
        assert answer.headers["Content-Type"].startswith("text/javascript")
        return str(answer.read().decode())


def test_page_has_the_palette_of_the_picture() -> None:
    script = fetch("/palette.js")
    constants = {name: json.loads(value) for name, value in re.findall(r"export const (\w+) = (.*);", script)}
    assert [colour.removeprefix("#") for colour in constants["TRACKS"]] == [
        bytes(reversed(colour)).hex() for colour in overlay.PALETTE
    ]
    assert constants["EXPRESSIONS"] == list(palette.EXPRESSIONS)
    assert constants["UNCERTAIN"] == UNCERTAIN
    assert 'from "./palette.js"' in fetch("/colours.js")
