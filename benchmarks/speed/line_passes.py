"""The kinds of passes of the benchmark line, what they play, and what each is asked to do."""

from argparse import Namespace
from pathlib import Path
from typing import Literal

from benchmarks.clip import Clip, load_clip
from benchmarks.passes.protocol import PassRequest
from benchmarks.speed.tiling import make_tiled_clip
from edge.errors import ConfigError
from edge.settings.config import Config

# A round has a pass of each kind: as fast as it goes; at the camera's rate; with every call of a library
# timed.
Kind = Literal["unpaced", "live", "timed"]
KINDS: tuple[Kind, ...] = ("unpaced", "live", "timed")


def load_source(chosen: Namespace, config: Config) -> Clip | None:
    """Load the clip that the options name, on a wall where they ask for that; None for a live camera."""
    is_tiled = bool(chosen.size or chosen.faces)
    if chosen.clip is None:
        if is_tiled:
            raise ConfigError("expected --clip with --size and --faces, found --camera; name a clip")
        return None
    clip = load_clip(chosen.clip)
    if not is_tiled:
        return clip
    return make_tiled_clip(clip, config, chosen.faces or 1, *(chosen.size or (clip.width, clip.height)))


def describe_tiles(chosen: Namespace) -> str | None:
    """Describe the wall, for the JSON; None where the clip is played as it is."""
    if not (chosen.size or chosen.faces):
        return None
    size = "{}x{}".format(*chosen.size) if chosen.size else "the clip's size"
    return f"{chosen.faces or 1} on {size}"


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
