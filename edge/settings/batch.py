"""Runs over many videos: finds them, and makes settings for each, with outputs of its own."""

import glob
import logging
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from edge.cameras.spec import VideoFile, hide_secrets, parse_camera
from edge.errors import CameraNotFound, ConfigError
from edge.settings.config import Settings

log = logging.getLogger(__name__)

# This text in the name of an output is replaced by the video's name.
NAME = "{name}"
OUTPUTS = ("record", "events", "report")
# The suffixes of what FFmpeg reads as video, without sound alone and single pictures, and without their dots.
_SUFFIXES = """
    mp4 m4v mov qt mkv mk3d webm avi divx mpg mpeg mpe mpv m1v m2v m2p ps ts mts m2ts m2t tp trp vob vro evo
    mod 3gp 3g2 wmv asf wtv flv f4v ismv dv dif ogv ogm h261 h263 h264 264 h26l avc h265 265 hevc h266 266 vvc
    obu ivf mjpeg mjpg vc1 rcv cavs avs avs2 avs3 drc y4m mxf gxf nut rm rmvb nsv amv lrv insv 360 dav fli flc
    tod cdxl bik bk2 smk roq viv xesc gif
"""
VIDEOS = frozenset(_SUFFIXES.split())
# So many of the suffixes that are left out are named.
MAX_NAMED = 8


def split_videos(chosen: Settings) -> list[Settings]:
    """The settings for each video that `chosen.config.camera` names: a folder, a pattern or one file.

    Settings with any other camera are returned as they are.  Raises CameraNotFound if a folder or a pattern
    holds no video, and ConfigError if outputs would overwrite each other or a video.
    """
    config = chosen.config
    camera, spec = config.camera, parse_camera(config.camera)
    outputs = {key: value for key in OUTPUTS if (value := getattr(config, key))}
    if not isinstance(spec, VideoFile):
        if named := [key for key, value in outputs.items() if NAME in value]:
            raise ConfigError(
                f"expected {NAME} in {named[0]} for video files only, found the camera "
                f"{hide_secrets(camera)}; write the name out"
            )
        return [chosen]
    if spec.is_regular_file():
        videos = [Path(camera)]
    elif os.path.isdir(camera):
        videos = _list_videos(Path(camera))
    elif glob.has_magic(camera):
        videos = sorted(path for path in map(Path, glob.glob(camera, recursive=True)) if path.is_file())
    else:
        return [chosen]
    if not videos:
        raise CameraNotFound(
            f"expected videos (.mp4, .mov, .mkv, .avi, .mts and others) in {camera}, found none; "
            "name another folder"
        )
    return _make_settings(chosen, videos, outputs)


def _list_videos(folder: Path) -> list[Path]:
    """The videos in `folder`, by their suffixes; the log names the suffixes of other files once."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    videos = [path for path in files if path.suffix.lower().lstrip(".") in VIDEOS]
    others = [path.suffix or path.name for path in files if path.suffix.lower().lstrip(".") not in VIDEOS]
    if others:
        kinds = sorted(set(others))
        log.info(
            "%d file(s) in %s are left out, as their names do not end like a video's: %s%s; a pattern such "
            "as '%s/*' reads all",
            len(others),
            folder,
            ", ".join(kinds[:MAX_NAMED]),
            " and others" if len(kinds) > MAX_NAMED else "",
            folder,
        )
    return videos


def _make_settings(chosen: Settings, videos: Sequence[Path], outputs: dict[str, str]) -> list[Settings]:
    for key, value in outputs.items():
        if len(videos) > 1 and NAME not in value:
            raise ConfigError(
                f"expected {NAME} in {key} ({chosen.origins[key]}) where there are {len(videos)} videos, "
                f"found {value}; write for example {NAME}{Path(value).suffix}"
            )
    settings = []
    for video, name in zip(videos, _name_videos(videos), strict=True):
        files = {key: value.replace(NAME, name) for key, value in outputs.items()}
        _check_overwrites_no_video(videos, files)
        settings.append(replace(chosen, config=structs.replace(chosen.config, camera=str(video), **files)))
    return settings


def _name_videos(videos: Sequence[Path]) -> list[str]:
    """The stem of each path, or the whole path for videos that would else have the same name."""
    stems = Counter(video.stem for video in videos)
    return [
        video.stem if stems[video.stem] == 1 else re.sub(r"[/.]+", "-", str(video)).strip("-")
        for video in videos
    ]


def _check_overwrites_no_video(videos: Sequence[Path], files: dict[str, str]) -> None:
    """Raise ConfigError if one of `files` is one of `videos`, even under another path."""
    for key, file in files.items():
        if os.path.exists(file) and any(os.path.samefile(file, video) for video in videos):
            raise ConfigError(
                f"expected another file than the videos for {key}, found {file}; "
                "name a folder of its own for what is written"
            )
