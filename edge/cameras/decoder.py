"""Decodes the pictures of a file or a stream that FFmpeg has opened."""

from collections.abc import Iterator
from typing import cast

from av import FFmpegError
from av.container import InputContainer
from av.error import BlockingIOError as NoPictureYet
from av.error import EOFError as NoMorePictures
from av.filter import Graph
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

# A file may go on after a part of it that cannot be read; after so many such parts in a row it ends.
MAX_UNREADABLE = 20
# A larger picture than 8K is an error in the file.
MAX_PIXELS = 8192 * 8192
# Pictures that accompany a video, and are none.
_NO_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
# FFmpeg's flag of formats without time stamps, AVFMT_NOTIMESTAMPS.
_NO_TIMESTAMPS = 0x0080
# FFmpeg's flag of formats whose time stamps may jump, AVFMT_TS_DISCONT.
_TS_DISCONT = 0x0200
# Of the lines of both fields it makes one picture; it leaves progressive pictures as they are.
_DEINTERLACE = "mode=send_frame:parity=auto:deint=interlaced:threads=1"


class Decoder:
    """The pictures of the one video stream of a container that a player would show."""

    def __init__(self, container: InputContainer) -> None:
        """Raises LookupError if the container holds no video that FFmpeg can decode."""
        self._container = container
        self.stream = choose_stream(container)
        codec = self.stream.codec_context
        # Threads of the decoder would take the cores from the pipeline's stages.
        codec.thread_count = 1
        codec.options = {"max_pixels": str(MAX_PIXELS)}
        if codec.name == "mjpeg":
            # Otherwise the rest of a damaged JPEG shows what the buffer held before.
            codec.options |= {"err_detect": "explode"}
        self.undecodable = 0
        """How many pictures could not be decoded, or not as a whole, and were left out."""
        self.end_s: float | None = None
        """Where the last part that was read ends, of any stream, on the container's clock."""
        self.video_end_s: float | None = None
        """Where the last picture that was read ends, on the container's clock."""
        self.is_cut_short = False
        """Whether reading ended at a fault and not at the end."""
        self._deinterlacer: Graph | None = None
        self._deinterlaced_size = 0, 0

    @property
    def rate_fps(self) -> float | None:
        """The rate that the stream states, or that FFmpeg guessed from its first pictures."""
        rate = self.stream.guessed_rate or self.stream.average_rate
        return float(rate) if rate else None

    @property
    def duration_s(self) -> float | None:
        """How long the video lasts, as far as the container states it."""
        end_s, stream, container = self.stated_video_end_s, self.stream, self._container
        if end_s is None:
            return container.duration / 1e6 if container.duration is not None else None
        return end_s - float((stream.start_time or 0) * (stream.time_base or 0))

    @property
    def stated_video_end_s(self) -> float | None:
        """Where the video ends, on the container's clock, if the container states it for the video alone."""
        stream = self.stream
        duration = stream.duration
        if self._container.format.name == "avi":
            # FFmpeg derives the duration from what there is of the file; its unit is a frame.
            duration = stream.frames or duration
        if duration is not None and stream.time_base is not None:
            return float((duration + (stream.start_time or 0)) * stream.time_base)
        # Matroska's tag is the time of the end.
        return _parse_duration(stream.metadata.get("DURATION"))

    @property
    def stated_end_s(self) -> float | None:
        """Where the container ends, on its own clock, if it states that."""
        container = self._container
        if container.duration is None:
            return None
        return (container.duration + (container.start_time or 0)) / 1e6

    @property
    def has_timestamps(self) -> bool:
        """Whether the time stamps are the sender's, and not made up by FFmpeg."""
        format_ = self._container.format
        is_bare = format_.flags & _NO_TIMESTAMPS or format_.name.endswith("_pipe")
        return not is_bare

    @property
    def may_restart_clock(self) -> bool:
        """Whether the format is one whose clock may begin again amid a file, as in television."""
        return bool(self._container.format.flags & _TS_DISCONT)

    @staticmethod
    def get_period_s(picture: VideoFrame) -> float | None:
        """How long `picture` is to be shown, if that is known."""
        if not picture.duration or picture.time_base is None:
            return None
        return float(picture.duration * picture.time_base)

    def decode(self) -> Iterator[VideoFrame]:
        """Decode the pictures in the order in which they are shown; FFmpegError where a stream fails."""
        for packet in self._demux():
            for picture in self._decode_packet(packet):
                yield from self._deinterlace(picture)
        yield from self._finish_deinterlacing()

    def _demux(self) -> "Iterator[Packet[VideoStream] | None]":
        """The video's packets, and None at the end."""
        unreadable = 0
        while unreadable < MAX_UNREADABLE:
            try:
                for packet in self._container.demux(self._list_streams()):
                    unreadable = 0
                    self._note_end(packet)
                    if packet.stream is self.stream and packet.size:
                        yield cast("Packet[VideoStream]", packet)
                yield None
                return
            except FFmpegError:
                if self._container.format.name in ("rtsp", "hls") or not self._is_seekable_file():
                    raise
                unreadable += 1
        self.is_cut_short = True
        yield None

    def _is_seekable_file(self) -> bool:
        return self._container.name.startswith("file:")

    def _list_streams(self) -> list[Stream]:
        """The streams to read: also sound, where only the end of all shows whether the file is cut off."""
        if not self._is_seekable_file() or self.stated_video_end_s is not None:
            return [self.stream]
        return [stream for stream in self._container.streams if stream.type in ("audio", "video")]

    def _note_end(self, packet: "Packet[Stream]") -> None:
        if packet.pts is None or packet.time_base is None:
            return
        end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
        self.end_s = max(end_s, self.end_s if self.end_s is not None else end_s)
        if packet.stream is self.stream:
            self.video_end_s = max(end_s, self.video_end_s if self.video_end_s is not None else end_s)

    def _decode_packet(self, packet: "Packet[VideoStream] | None") -> list[VideoFrame]:
        try:
            pictures = self.stream.codec_context.decode(packet)
        except NoMorePictures:
            return []
        except FFmpegError:
            self.undecodable += 1
            return []
        whole = [picture for picture in pictures if not picture.is_corrupt]
        self.undecodable += len(pictures) - len(whole)
        return whole

    def _deinterlace(self, picture: VideoFrame) -> Iterator[VideoFrame]:
        """`picture`, or what the deinterlacer has ready, which is one picture late."""
        size = picture.width, picture.height
        if self._deinterlacer is not None and size != self._deinterlaced_size:
            yield from self._finish_deinterlacing()
        if self._deinterlacer is None and picture.interlaced_frame:
            self._deinterlacer, self._deinterlaced_size = _make_deinterlacer(self.stream, picture), size
        if self._deinterlacer is None:
            yield picture
            return
        self._deinterlacer.vpush(picture)
        yield from _pull(self._deinterlacer)

    def _finish_deinterlacing(self) -> Iterator[VideoFrame]:
        if self._deinterlacer is not None:
            self._deinterlacer.vpush(None)
            yield from _pull(self._deinterlacer)
            self._deinterlacer = None


def choose_stream(container: InputContainer) -> VideoStream:
    """The default video of `container`, or its largest; LookupError if it has none that can be decoded."""
    videos = [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None and not stream.disposition & _NO_VIDEO
    ]
    if not videos:
        raise LookupError("no video")
    return max(
        videos,
        key=lambda stream: (bool(stream.disposition & Disposition.default), stream.width * stream.height),
    )


def _make_deinterlacer(stream: VideoStream, picture: VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=picture.width, height=picture.height, format=picture.format, time_base=stream.time_base
    )
    graph.link_nodes(source, graph.add("bwdif", _DEINTERLACE), graph.add("buffersink")).configure()
    return graph


def _pull(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (NoPictureYet, NoMorePictures):
            return


def _parse_duration(text: str | None) -> float | None:
    """Seconds of "00:00:04.623000000"; None for anything else."""
    try:
        hours, minutes, seconds = (text or "").split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return None
