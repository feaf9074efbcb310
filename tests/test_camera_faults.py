"""Faults of the camera in a whole pipeline: the real detector, classifier, tracker and stream go on."""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.build import build
from edge.cameras.demo import PORTRAIT
from edge.cameras.reconnecting import ReconnectingCamera
from edge.contracts import Result
from edge.errors import CameraBusy, CameraError, CameraTimeout
from edge.frames import Frame, Image, PixelFormat
from edge.settings.config import Config
from edge.sinks.mjpeg import MjpegSink
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter

SIZES = ((640, 480), (320, 240), (96, 64), (641, 479), (1280, 720))


def jpeg_of(width: int, height: int) -> Image:
    """The demo's portrait."""
    portrait = cv2.resize(np.asarray(cv2.imread(str(PORTRAIT), cv2.IMREAD_COLOR)), (width, height))
    return np.asarray(cv2.imencode(".jpg", portrait)[1], np.uint8).reshape(-1)


class Unruly:
    """A camera that gives ten pictures of one size, and then ends in one of the known ways."""

    name, is_live = "unruly", True
    frame_count: int | None = None
    faults = ("raise", "block", "garbage", "short", "busy", "resize")
    born = 0

    def __enter__(self) -> "Unruly":
        kind = Unruly.born
        Unruly.born += 1
        self._fault, self._size = self.faults[kind % len(self.faults)], SIZES[kind % len(SIZES)]
        self._number = 0
        if self._fault == "busy":
            raise CameraBusy("expected unruly to be free, found it held by process 1; stop that first")
        self._jpeg = jpeg_of(*self._size)
        return self

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        # As slow as a real camera: few of the pictures that come faster than they are searched are analysed.
        threading.Event().wait(0.03)
        number, jpeg = self._number, self._jpeg
        self._number += 1
        if number >= 10:
            if self._fault == "resize" and number < 30:
                # The picture has another size than the driver reported.
                jpeg = jpeg_of(*SIZES[number % len(SIZES)])
            elif self._fault in ("garbage", "short"):
                jpeg = np.frombuffer(b"\xff\xd8garbage" if self._fault == "garbage" else b"", np.uint8)
            elif self._fault == "block":
                threading.Event().wait(0.3)
                raise CameraTimeout("expected a frame from unruly within 0.3 s, found none; wait")
            else:
                raise CameraError("expected a frame from unruly, found none; plug it in again")
        return Frame(jpeg, PixelFormat.MJPG, *self._size, number, time.monotonic(), number / 30)


class Witness:
    """A Sink that keeps the results, and stops the pipeline when the last of many cameras gave a picture."""

    name, needs_picture = "witness", True

    def __init__(self, waiter: SignalWaiter, viewer: threading.Thread, born: int) -> None:
        self._waiter, self._viewer, self._born = waiter, viewer, born
        self.results: list[Result] = []

    def __enter__(self) -> "Witness":
        self._viewer.start()
        return self

    def __exit__(self, *_: object) -> None: ...

    def show(self, result: Result) -> None:
        self.results.append(result)
        if Unruly.born >= self._born and result.frame.notice is None:
            self._waiter.stop()


@pytest.mark.parametrize("detector", ["haar", "yunet"])
def test_pipeline_outlives_every_fault_and_keeps_its_viewers(
    detector: str, material: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    yunet = str(material("models/yunet_s_320_320.onnx")) if detector == "yunet" else None
    config = Config(detector=detector, yunet=yunet)  # type: ignore[arg-type]
    monkeypatch.setattr(Unruly, "born", 0)
    telemetry, received = Telemetry(), []
    stream = MjpegSink("127.0.0.1", 0, lambda: telemetry.read_stats().to_dict())

    def watch() -> None:
        with urllib.request.urlopen(f"{stream.url}/stream", timeout=30) as response:
            while chunk := response.read1(65536):
                received.append(len(chunk))

    with SignalWaiter() as waiter:
        viewer = threading.Thread(target=watch, daemon=True)
        witness = Witness(waiter, viewer, len(Unruly.faults) + 3)
        camera = ReconnectingCamera(Unruly(), 640, 480, on_reconnect=telemetry.count_reconnect)
        build(config, camera=camera, telemetry=telemetry, change_outputs=lambda _: [stream, witness]).run(
            waiter
        )
    viewer.join(30)
    assert not viewer.is_alive() and sum(received) > 100_000
    frames = [result.frame for result in witness.results]
    numbers, times_s = [frame.number for frame in frames], [frame.elapsed_s for frame in frames]
    assert numbers == sorted(set(numbers)) and times_s == sorted(times_s)
    assert telemetry.read_stats().reconnects >= len(Unruly.faults)
    notices = {frame.notice.partition(";")[0] for frame in frames if frame.notice}
    assert notices >= {
        "no camera: expected a frame from unruly, found none",
        "no camera: expected a frame from unruly within 0.3 s, found none",
        "no camera: expected pictures from unruly, found several in a row that cannot be decoded",
    }
    # The face is found again after absences, in pictures of another size, too.
    assert (
        len({frame.width for frame, result in zip(frames, witness.results, strict=True) if result.readings})
        >= 2
    )
