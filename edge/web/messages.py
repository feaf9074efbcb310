"""The JSON messages of /state and /events, which describe the newest result.

GET /state answers with one message.  The WebSocket /events sends such a message for each new result, but at
most one per MIN_INTERVAL_S, and one every MAX_INTERVAL_S in any case.  A slow client misses some messages.
The WebSocket accepts no messages: it closes with 1008 when it receives one, or with 1009 when that is large.

A message is an object with these keys:

    version    1.  Raised when a key is removed or changes its meaning; new keys may come at any time.
    frame      the number of the camera's frame; a gap means that messages were missed or frames dropped.
               null before the first result, as are width, height, time_s and age_ms.
    width, height   of the frame, px
    time_s     since the camera's first frame
    age_ms     from the capture of the frame to this message
    notice     why there is no picture ("no camera: …"), or null when there is one
    raw        true when the camera's own picture is at /stream?raw=1
    guarded    true when viewers sign in with a token, and out by POST /logout
    figures    the speed and health of the app: the numbers of the log line, by name.  temperature_c is
               missing where the machine does not report it; throttled is 1 while the firmware slows the
               processor down
    readings   the faces:
        track          the same number for the same face from message to message, never who it is
        box            left, top, width, height in px of the frame
        label          the expression that it looks like, or "uncertain"
        confidence     the probability of the likeliest expression, 0 to 1
        probabilities  of each expression by its name; they sum to 1
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from edge.contracts import Reading, Result

Message = dict[str, Any]

VERSION = 1
# At 30 FPS there is a message for every second frame.  Bars that change 15 times a second look continuous.
MIN_INTERVAL_S = 1 / 16
# A page that gets no messages shows that the device is gone.  So messages are sent even if there is no frame.
MAX_INTERVAL_S = 1.0


def make_message(
    result: Result | None, stats: Mapping[str, float], *, has_raw: bool, is_guarded: bool
) -> Message:
    """The message for `result`, with its age now."""
    message: Message = {
        "version": VERSION,
        "frame": None,
        "width": None,
        "height": None,
        "time_s": None,
        "age_ms": None,
        "notice": None,
        "raw": has_raw,
        "guarded": is_guarded,
        "figures": dict(stats),
        "readings": [],
    }
    if result is not None:
        frame = result.frame
        message |= {
            "frame": frame.number,
            "width": frame.width,
            "height": frame.height,
            "time_s": round(frame.elapsed_s, 3),
            "age_ms": round((time.monotonic() - frame.captured_at_s) * 1000, 1),
            "notice": frame.notice,
            "readings": [_describe_reading(reading) for reading in result.readings],
        }
    return message


def encode(message: Message) -> str:
    """`message` as JSON without spaces."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _describe_reading(reading: Reading) -> Message:
    face, expression = reading.face, reading.smoothed
    return {
        "track": face.track_id,
        "box": {
            "left": face.box.left,
            "top": face.box.top,
            "width": face.box.width,
            "height": face.box.height,
        },
        "label": expression.label,
        "confidence": round(expression.confidence, 4),
        "probabilities": expression.to_dict(),
    }
