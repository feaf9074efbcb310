"""The request that a pass's process gets."""

import json
from pathlib import Path

import msgspec

from benchmarks.passes.process import encode_request
from benchmarks.passes.protocol import PassRequest
from edge.settings.config import Config


def test_request_leaves_out_settings_with_their_default_values(tmp_path: Path) -> None:
    request = PassRequest(
        config=Config(detector="haar", min_face_px=Config().min_face_px),
        clip=str(tmp_path),
        frames=1,
        live_fps=None,
        viewer=False,
        time_libraries=False,
    )
    text = encode_request(request)
    assert json.loads(text)["config"] == {"detector": "haar"}
    assert msgspec.json.decode(text, type=PassRequest) == request
