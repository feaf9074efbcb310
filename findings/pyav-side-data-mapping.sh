#!/usr/bin/env bash
# PyAV's frame.side_data is a Mapping whose values(), items() and dict() raise.
#
# Expected: what is an instance of collections.abc.Mapping iterates over its keys.
# Seen: [] and get() take a name or a type, but iterating gives the values; all that Mapping derives from
# iteration, values(), items(), dict() and ==, asks for the value of a value and raises KeyError, as soon as
# there is any side data. x264 leaves some in every file's first frame.
# Instead: {item.type.name: item for item in frame.side_data}.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    av==18.1.0; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/side_data.py" <<'END'
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import av

path = str(Path(sys.argv[1]) / "video.mp4")
with av.open(path, "w") as container:
    stream = container.add_stream("libx264", rate=30)
    stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
    frame = av.VideoFrame(320, 240, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    container.mux(stream.encode(frame))
    container.mux(stream.encode())

with av.open(path) as container:
    side_data = next(container.decode(video=0)).side_data
outcomes = {}
calls = {"dict()": dict, "values()": lambda it: list(it.values()), "items()": lambda it: list(it.items())}
for name, call in calls.items():
    try:
        outcomes[name] = call(side_data)
    except KeyError:
        outcomes[name] = "KeyError"
print(f"version:  PyAV {version('av')}")
print("expected: dict(), values() and items() give the side data, as for every Mapping")
if not isinstance(side_data, Mapping) or side_data.get("SEI_UNREGISTERED") is None:
    sys.exit(f"changed: {type(side_data)} is no Mapping, or has no SEI_UNREGISTERED")
if set(outcomes.values()) != {"KeyError"}:
    sys.exit(f"changed: {outcomes}")
print(f"seen:     get() finds {side_data.get('SEI_UNREGISTERED').type}; {outcomes}")
END

"$folder/venv/bin/python" "$folder/side_data.py" "$folder"
