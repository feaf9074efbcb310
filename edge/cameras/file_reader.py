"""Reads the pictures of a video file."""

import logging
import math
import os
import time
from collections.abc import Generator

import av
from av import FFmpegError
from av.container import InputContainer

from edge.cameras.decoder import Decoder
from edge.cameras.media_clock import DEFAULT_FPS, MAX_STEP_FORWARD_S, MediaClock
from edge.cameras.pictures import PictureConverter, TimedPicture
from edge.errors import CameraError, CameraNotFound

log = logging.getLogger(__name__)

# FFmpeg's names of the containers that state how long they are; others are measured by what they hold.
_WITH_LENGTH = ("mov,", "matroska,", "avi", "flv", "asf", "mxf", "nut")
# A video may end so much before the end that its container states: not every last picture has a duration.
TOLERANCE_S = 0.5


class FileReader:
    """The pictures of a file, in the order in which they are shown."""

    def __init__(self, path: str, name: str) -> None:
        """Open the file, which messages call `name`; raises CameraError."""
        if not os.path.isfile(path):
            raise CameraNotFound(
                f"expected a video file or a camera in {name}, found no file that can be read; "
                "name a file, a device, a URL or demo"
            )
        self._name = name
        self._container = _open(path, name)
        try:
            self._decoder = Decoder(self._container)
        except LookupError as error:
            self._container.close()
            raise CameraError(
                f"expected a video in {name}, found none that FFmpeg can decode; name another file"
            ) from error
        self._period_s = 1 / (self._decoder.rate_fps or DEFAULT_FPS)
        self.converter = PictureConverter(self._decoder.stream.sample_aspect_ratio)
        self.duration_s = self._decoder.duration_s
        """How long the video lasts, as far as the file states it."""
        self.frame_count = self._count_frames()
        """How many pictures there are, as the file states it; after the last one, as they were counted."""
        self._delivered = 0
        self._pictures = self._read_pictures()
        # A file without any picture is not opened.
        try:
            self._first: TimedPicture | None = next(self._pictures)
        except CameraError:
            self.close()
            raise
        self._log_choice()

    def read(self) -> TimedPicture | None:
        """The next picture; None at the end."""
        first, self._first = self._first, None
        return first or next(self._pictures, None)

    def close(self) -> None:
        """Release the file."""
        self._pictures.close()
        self._container.close()

    def _count_frames(self) -> int | None:
        stated = self._decoder.stream.frames or None
        by_time = round(self.duration_s / self._period_s) if self.duration_s else None
        # Pictures that a trim without encoding has hidden are counted, too, in what the file states.
        return min(filter(None, (stated, by_time)), default=None) if self._is_mp4() else stated or by_time

    def _is_mp4(self) -> bool:
        return self._container.format.name.startswith("mov,")

    def _read_pictures(self) -> Generator[TimedPicture]:
        decoder = self._decoder
        clock = MediaClock(max_step_s=MAX_STEP_FORWARD_S if decoder.may_restart_clock else math.inf)
        for picture in decoder.decode():
            period_s = decoder.get_period_s(picture) or self._period_s
            elapsed_s = clock.advance(picture.time if decoder.has_timestamps else None, period_s)
            number = self._delivered + decoder.undecodable
            self._delivered += 1
            yield TimedPicture(picture, number, time.monotonic(), elapsed_s)
        self._end(clock.elapsed_s)

    def _log_choice(self) -> None:
        """Log which of several videos is read, and the rate of a file without times."""
        videos, stream = self._container.streams.video, self._decoder.stream
        if len(videos) > 1:
            log.info(
                "%s holds %d video streams; stream %d with %d×%d is read",
                self._name,
                len(videos),
                stream.index,
                stream.width,
                stream.height,
            )
        if not self._decoder.has_timestamps:
            log.warning(
                "%s holds no times: its pictures are taken to be %g a second; if that is wrong, put it into "
                "a container with the right rate (ffmpeg -r RATE -i %s -c copy video.mp4)",
                self._name,
                round(1 / self._period_s, 3),
                self._name,
            )

    def _end(self, last_s: float) -> None:
        """Report what is missing; CameraError if that is every picture."""
        decoder = self._decoder
        if not self._delivered:
            raise CameraError(
                f"expected a video with pictures in {self._name}, found none that FFmpeg can decode; "
                "check it with another player"
            )
        if decoder.undecodable:
            log.warning(
                "%s: %d of its pictures could not be decoded and were left out: the file is damaged",
                self._name,
                decoder.undecodable,
            )
        missing_s = self._measure_missing_s()
        if missing_s > max(TOLERANCE_S, 2 * self._period_s) or decoder.is_cut_short:
            self._log_cut_off(missing_s)
        self.duration_s, self.frame_count = last_s, self._delivered

    def _measure_missing_s(self) -> float:
        """How much earlier the file ended than it states."""
        decoder = self._decoder
        if not self._container.format.name.startswith(_WITH_LENGTH):
            return 0.0
        if decoder.stated_video_end_s is not None and decoder.video_end_s is not None:
            return decoder.stated_video_end_s - decoder.video_end_s
        if decoder.stated_end_s is not None and decoder.end_s is not None:
            return decoder.stated_end_s - decoder.end_s
        return 0.0

    def _log_cut_off(self, missing_s: float) -> None:
        if self._decoder.stream.frames and self.frame_count:
            expected, found = f"{self.frame_count} frames", str(self._delivered)
        else:
            end_s = self._decoder.end_s or 0.0
            expected, found = f"a video until {end_s + max(0.0, missing_s):.1f} s", f"{end_s:.1f} s"
        log.warning("%s: expected %s, found %s: the file is cut off or damaged", self._name, expected, found)


def _open(path: str, name: str) -> InputContainer:
    try:
        # FFmpeg would take a name with a colon for a protocol, and one with % for a series of pictures.
        return av.open(
            f"file:{path}", "r", container_options={"pattern_type": "none"}, metadata_errors="replace"
        )
    except FFmpegError as error:
        raise CameraError(
            f"expected a video that FFmpeg can read in {name}, found: {error.strerror}; "
            "check it with another player"
        ) from error
