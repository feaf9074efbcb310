"""Runs over many videos: finds them, and makes settings for each, with outputs of its own."""

import glob
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from edge.cameras.spec import VideoFile, parse_camera
from edge.errors import CameraNotFound, ConfigError
from edge.settings.config import Settings
from edge.settings.credentials import hide_secrets

# This text in the name of an output is replaced by the video's name.
NAME = "{name}"
OUTPUTS = ("record", "events", "report")
VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".3gp", ".wmv")


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
        videos = sorted(
            path for path in Path(camera).iterdir() if path.suffix.lower() in VIDEOS and path.is_file()
        )
    elif glob.has_magic(camera):
        videos = sorted(path for path in map(Path, glob.glob(camera, recursive=True)) if path.is_file())
    else:
        return [chosen]
    if not videos:
        raise CameraNotFound(
            f"expected videos ({', '.join(VIDEOS)}) in {camera}, found none; name another folder"
        )
    return _make_settings(chosen, videos, outputs)


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
