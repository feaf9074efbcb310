"""The kinds of passes of the benchmark line, and what each is asked to do."""

from argparse import Namespace
from pathlib import Path
from typing import Literal

from benchmarks.passes.protocol import PassRequest
from edge.settings.config import Config

# A round has a pass of each kind: as fast as it goes; at the camera's rate; with every call of a library
# timed.
Kind = Literal["unpaced", "live", "timed"]
KINDS: tuple[Kind, ...] = ("unpaced", "live", "timed")


def make_request(chosen: Namespace, config: Config, clip_file: Path | None, kind: Kind) -> PassRequest:
    """Make the request for a pass of `kind` over the clip in `clip_file`, or else over the live camera.

    In live passes the clip is played at --fps.
    """
    return PassRequest(
        config=config,
        clip=str(clip_file) if clip_file is not None else None,
        frames=chosen.frames,
        live_fps=chosen.fps if kind == "live" else None,
        viewer=chosen.viewer,
        time_libraries=kind == "timed",
        is_drawn=not chosen.not_drawn,
    )
