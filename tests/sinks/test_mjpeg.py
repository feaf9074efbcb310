"""The stream over real sockets."""

import gc
import json
import logging
import os
import re
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse

import cv2
import numpy as np
import pytest

from edge.cameras.demo import DemoCamera
from edge.contracts import Box, Result, Search
from edge.detectors.haar import HaarDetector
from edge.drawing import overlay
from edge.drawing.blur import FaceBlur
from edge.errors import SinkError
from edge.frames import Frame, PixelFormat
from edge.orientation import Orientation
from edge.sinks.mjpeg import MjpegSink
from edge.web import multipart, server
from edge.web.server import WebResources
from tests.exif import add_exif
from tests.pixels import count_values_across
from tests.results import LABELS, reading_of, result_of
from tests.sinks.show_results import show_results
from tests.waiting import until

TIMEOUT_S = 30
PICTURE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
STATS = {"shown_fps": 29.5, "latency_p50_ms": 12.0, "dropped": 0.0}


def make_result(number: int = 0) -> Result:
    return result_of(PICTURE, reading_of(Box(100, 100, 120, 120), 3), number=number)


@pytest.fixture
def sink() -> Iterator[MjpegSink]:
    with MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS) as opened:
        yield opened


@pytest.fixture
def feed(sink: MjpegSink) -> Iterator[None]:
    """Shows results one after the other for as long as the test runs."""
    with show_results(sink, make_result):
        yield


def get(sink: MjpegSink, path: str) -> HTTPResponse:
    answer = urllib.request.urlopen(sink.url + path, timeout=TIMEOUT_S)
    assert isinstance(answer, HTTPResponse)
    return answer


def next_picture(stream: HTTPResponse) -> bytes:
    """The JPEG of the next part of a multipart stream."""
    while not (found := re.match(rb"Content-Length: (\d+)", line := stream.readline())):
        assert line, "the stream ended"
    assert stream.readline() == b"\r\n"
    return stream.read(int(found[1]))


@pytest.mark.usefixtures("feed")
def test_stream_is_annotated_pictures_one_after_the_other(sink: MjpegSink) -> None:
    with get(sink, "/stream") as stream:
        assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        for _ in range(3):
            picture = cv2.imdecode(np.frombuffer(next_picture(stream), np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None and picture.shape == PICTURE.shape
            plate = picture[104:215, 230:350]
            assert plate.mean() < 0.6 * PICTURE.mean()


@pytest.mark.usefixtures("feed")
def test_snapshot_is_one_picture(sink: MjpegSink) -> None:
    with get(sink, "/snapshot") as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.read().startswith(b"\xff\xd8")


def test_blurred_face_holds_at_most_six_values_each_way_in_stream_and_snapshot(sink: MjpegSink) -> None:
    with DemoCamera(640, 480) as camera:
        frame = next(camera)
    (face,) = HaarDetector().detect(frame, Search(Box(0, 0, 640, 480), 80, 480))
    original = result_of(frame.bgr, reading_of(face.box))
    face_blur = FaceBlur()
    (blurred,) = [*face_blur.blur(original), *face_blur.flush()]
    assert count_values(fetch_picture(sink, original, "/snapshot"), face.box) > 15
    assert count_values(fetch_picture(sink, blurred, "/snapshot"), face.box) <= 6
    assert count_values(fetch_picture(sink, blurred, "/stream"), face.box) <= 6


def is_watched(sink: MjpegSink) -> bool:
    """Somebody watches the annotated or the raw stream."""
    return sink.needs_picture or (sink._resources.raw is not None and sink._resources.raw.has_subscribers)


def fetch_picture(sink: MjpegSink, result: Result, path: str) -> bytes:
    """The picture that a client of `path` receives for `result`."""
    answers: list[bytes] = []

    def ask() -> None:
        with get(sink, path) as answer:
            answers.append(next_picture(answer) if path.startswith("/stream") else answer.read())

    viewer = threading.Thread(target=ask)
    viewer.start()
    until(lambda: is_watched(sink))
    sink.show(result)
    viewer.join()
    until(lambda: not is_watched(sink))
    return answers[0]


def count_values(jpeg: bytes, box: Box) -> int:
    """The number of values across the face at `box`, inside the drawn lines."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    # JPEG blurs the edges of the cells; the median sharpens them.
    inside = cv2.medianBlur(picture[box.top + 8 : box.bottom - 8, box.left + 8 : box.right - 8], 5)
    return count_values_across(np.asarray(inside, np.uint8), tolerance=16)


def test_raw_stream_is_the_cameras_own_jpeg_without_decoding(
    sink: MjpegSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    jpeg = np.asarray(cv2.imencode(".jpg", PICTURE)[1], np.uint8).reshape(-1)
    frame = Frame(jpeg, PixelFormat.MJPG, 640, 480, 0, 0.0, 0.0)
    for codec in ("imencode", "imdecode", "cvtColor"):
        monkeypatch.setattr(cv2, codec, raise_of(AssertionError(codec)))
    assert fetch_picture(sink, Result(frame, (), 0.0, 0.0), "/stream?raw=1") == jpeg.tobytes()


@pytest.mark.parametrize("has_exif", [False, True])
def test_raw_stream_of_a_turned_camera_is_upright_for_every_viewer(sink: MjpegSink, has_exif: bool) -> None:
    portrait = np.zeros((640, 480, 3), np.uint8)
    portrait[:100] = 255
    jpeg = cv2.imencode(".jpg", cv2.rotate(portrait, cv2.ROTATE_90_COUNTERCLOCKWISE))[1].tobytes()
    buffer = np.frombuffer(add_exif(jpeg, 6) if has_exif else jpeg, np.uint8)
    frame = Frame(buffer, PixelFormat.MJPG, 640, 480, 0, 0.0, 0.0).turn(Orientation(90))
    encoded = np.frombuffer(fetch_picture(sink, Result(frame, (), 0.0, 0.0), "/stream?raw=1"), np.uint8)
    for flag in (cv2.IMREAD_GRAYSCALE, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION):
        seen = cv2.imdecode(encoded, flag)
        assert seen is not None and seen.shape == (640, 480)
        assert seen[50, 240] > 200 and seen[150, 240] < 50


def test_raw_stream_of_another_camera_is_encoded_once_for_all_and_not_drawn_on(
    sink: MjpegSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = count_encodings(monkeypatch)
    monkeypatch.setattr(overlay, "draw", raise_of(AssertionError("drawn on")))
    with get(sink, "/stream?raw=1") as first, get(sink, "/stream?raw=1") as second:
        assert sink._resources.raw is not None
        until(lambda: sink._resources.raw._subscribers == 2)  # type: ignore[union-attr]
        sink.show(make_result())
        assert next_picture(first) == next_picture(second)
        assert not sink.needs_picture, "raw pictures need no decoding"
    assert len(encoded) == 1


def count_encodings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows with every picture that is encoded."""
    encoded: list[int] = []
    imencode = cv2.imencode

    def count(*arguments: object) -> object:
        encoded.append(1)
        return imencode(*arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(cv2, "imencode", count)
    return encoded


def test_raw_stream_is_refused_where_faces_are_hidden() -> None:
    with MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS, has_raw=False) as hiding:
        with pytest.raises(urllib.error.HTTPError) as raised:
            get(hiding, "/stream?raw=1")
        with raised.value as answer:
            assert answer.code == 403 and "--blur" in answer.read().decode()
        with get(hiding, "/state") as answer:
            assert json.load(answer)["raw"] is False


def fetch_readiness(sink: MjpegSink) -> tuple[int, str]:
    try:
        with get(sink, "/readyz") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_readyz_is_ready_while_frames_are_fresh_and_else_has_the_reason(sink: MjpegSink) -> None:
    assert fetch_readiness(sink) == (503, "not ready: no frame has been analysed yet\n")
    sink.show(result_of(PICTURE, captured_at_s=time.monotonic()))
    assert fetch_readiness(sink) == (200, "ready\n")
    sink.show(result_of(PICTURE, captured_at_s=time.monotonic() - 60))
    code, reason = fetch_readiness(sink)
    assert code == 503 and "s old" in reason
    notice = Frame(
        PICTURE, PixelFormat.BGR, 640, 480, 2, time.monotonic(), 0.0, "no camera: /dev/video0 is unplugged"
    )
    sink.show(Result(notice, (), 0.0, 0.0))
    assert fetch_readiness(sink) == (503, "not ready: no camera: /dev/video0 is unplugged\n")


def test_snapshot_without_a_frame_is_a_503(sink: MjpegSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SNAPSHOT_WITHIN_S", 0.01)
    with pytest.raises(urllib.error.HTTPError) as raised:
        get(sink, "/snapshot")
    with raised.value as answer:
        assert answer.code == 503
        assert b"no frame came" in answer.read()


def test_state_is_what_was_shown_last(sink: MjpegSink) -> None:
    sink.show(make_result(41))
    sink.show(make_result(42))
    with get(sink, "/state") as answer:
        state = json.load(answer)
    assert state["frame"] == 42 and state["figures"] == STATS
    (reading,) = state["readings"]
    assert (reading["track"], reading["label"]) == (3, "happy")
    assert reading["box"] == {"left": 100, "top": 100, "width": 120, "height": 120}
    assert list(reading["probabilities"]) == list(LABELS)


def test_state_before_the_first_frame_has_no_reading(sink: MjpegSink) -> None:
    with get(sink, "/state") as answer:
        state = json.load(answer)
    assert (
        state["figures"] == STATS
        and state["frame"] is None
        and state["age_ms"] is None
        and not state["readings"]
    )


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/page.css", "text/css"),
        ("/healthz", "text/plain"),
        ("/page.js", "text/javascript"),
        ("/chart.js", "text/javascript"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
def test_page_and_health_are_served_with_strict_headers(sink: MjpegSink, path: str, kind: str) -> None:
    with get(sink, path) as answer:
        assert answer.headers["Content-Type"].startswith(kind)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.read()


def test_states_for_many_requests_at_once_are_made_in_one_thread() -> None:
    made_in: set[str] = set()

    def read_stats() -> dict[str, float]:
        made_in.add(threading.current_thread().name)
        time.sleep(0.01)
        return STATS

    with MjpegSink("127.0.0.1", 0, read_stats) as sink, ThreadPoolExecutor(8) as askers:
        answers = list(askers.map(lambda _: get(sink, "/state").read(), range(24)))
    assert len(answers) == 24 and len(made_in) == 1


def test_name_of_another_host_is_refused(sink: MjpegSink) -> None:
    request = urllib.request.Request(sink.url + "/state", headers={"Host": "evil.example.com:8080"})
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=TIMEOUT_S)
    with raised.value as answer:
        assert answer.code == 403


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "192.168.1.20:80", "[::1]:80", socket.gethostname()]
)
def test_own_name_and_every_address_are_accepted(sink: MjpegSink, host: str) -> None:
    request = urllib.request.Request(sink.url + "/state", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("host", ["localhost:99999", "a:b:c"])
def test_malformed_host_is_a_400_and_not_logged_as_an_error(
    sink: MjpegSink, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    request = urllib.request.Request(sink.url + "/state", headers={"Host": host})
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=TIMEOUT_S)
    raised.value.close()
    assert raised.value.code == 400
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_head_request_of_the_stream_is_no_viewer(sink: MjpegSink) -> None:
    request = urllib.request.Request(sink.url + "/stream", method="HEAD")
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=TIMEOUT_S)
    raised.value.close()
    assert raised.value.code == 405 and not sink.needs_picture


@pytest.mark.usefixtures("feed")
def test_viewer_that_stays_stalled_is_closed(sink: MjpegSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "STALLED_AFTER_S", 0.05)
    host, port = sink.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as connection:
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: sink.needs_picture)
        watched = count_open_files()
        until(lambda: not sink.needs_picture)
        # Its connection is closed although it has not read what was sent.
        until(lambda: count_open_files() < watched)


def count_open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_unknown_address_is_not_found(sink: MjpegSink) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        get(sink, "/../mjpeg.py")
    raised.value.close()
    assert raised.value.code == 404


def test_one_encode_serves_all_viewers_and_none_when_nobody_watches(
    sink: MjpegSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = count_encodings(monkeypatch)
    sink.show(make_result())
    assert not encoded and not sink.needs_picture
    streams = [get(sink, "/stream") for _ in range(3)]
    until(lambda: sink.needs_picture)
    for number in range(1, 4):
        sink.show(make_result(number))
        assert len(encoded) == number
    assert len({next_picture(stream) for stream in streams}) == 1
    for stream in streams:
        stream.close()
    until(lambda: not sink.needs_picture)
    sink.show(make_result())
    assert len(encoded) == 3


@pytest.mark.usefixtures("feed")
def test_viewer_that_stops_reading_delays_nobody(sink: MjpegSink) -> None:
    host, port = sink.url.removeprefix("http://").split(":")
    stalled = [socket.create_connection((host, int(port)), timeout=TIMEOUT_S) for _ in range(5)]
    for connection in stalled:
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with get(sink, "/stream") as stream:
        pictures = [next_picture(stream) for _ in range(100)]
    assert len(pictures) == 100
    for connection in stalled:
        connection.close()


def test_viewer_that_stopped_reading_is_up_to_date_again_soon(sink: MjpegSink) -> None:
    with get(sink, "/stream") as stalled, get(sink, "/stream") as other:
        until(lambda: sink._resources.annotated._subscribers == 2)
        for number in range(60):
            sink.show(make_result(number))
            next_picture(other)
        with show_results(sink, lambda number: result_of(np.zeros_like(PICTURE), number=number)):
            waiting = [next_picture(stalled)]
            while len(waiting[-1]) > len(waiting[0]) / 2:
                waiting.append(next_picture(stalled))
    # Of 60 pictures of 400 kB a handful waited in the buffers of both sides.
    assert len(waiting) <= 6


@pytest.mark.usefixtures("feed")
def test_viewers_that_come_and_go_are_no_error(sink: MjpegSink, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        get(sink, "/stream").close()
    until(lambda: not sink.needs_picture)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_viewer_without_chunks_receives_the_same(sink: MjpegSink) -> None:
    """As a proxy with HTTP/1.0 requests it."""
    host, port = sink.url.removeprefix("http://").split(":")
    with (
        socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as connection,
        get(sink, "/stream") as other,
    ):
        connection.sendall(b"GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n")
        until(lambda: sink._resources.annotated._subscribers == 2)
        sink.show(make_result())
        picture, received = next_picture(other), b""
        while not received.endswith(b"\r\n--frame\r\n") or picture not in received:
            received += connection.recv(1 << 20)
    head, part = received.split(b"\r\n\r\n", 1)
    assert b"chunked" not in head
    assert part == (
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
        + picture
        + b"\r\n--frame\r\n"
    )


def test_leaving_ends_the_streams(sink: MjpegSink) -> None:
    with MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS) as other:
        stream = get(other, "/stream")
        until(lambda: other.needs_picture)
    with stream:
        assert b"Content-Length" not in stream.read()


def test_sink_that_is_entered_again_streams_again(sink: MjpegSink) -> None:
    sink.__exit__(None, None, None)
    with sink, get(sink, "/stream") as stream:
        until(lambda: sink.needs_picture)
        sink.show(make_result())
        assert next_picture(stream).startswith(b"\xff\xd8")


def test_leaving_waits_for_no_viewer_that_stopped_reading() -> None:
    with MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS) as other, get(other, "/stream"):
        until(lambda: other.needs_picture)
        for number in range(20):
            other.show(make_result(number))
        other.__exit__(None, None, None)
    # A connection that was left open warns when it is collected, and warnings are errors.
    gc.collect()


def test_port_in_use_is_named(sink: MjpegSink) -> None:
    port = int(sink.url.rpartition(":")[2])
    with (
        pytest.raises(SinkError, match=f"127.0.0.1:{port}.*--listen"),
        MjpegSink("127.0.0.1", port, lambda: STATS),
    ):
        pass


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(SinkError, match=r"192\.0\.2\.1:8080"), MjpegSink("192.0.2.1", 8080, lambda: STATS):
        pass


def test_malformed_name_is_refused() -> None:
    with pytest.raises(SinkError, match=r"a\.\.b:8080"), MjpegSink("a..b", 8080, lambda: STATS):
        pass


def test_error_that_prevents_the_start_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("no loop")

    monkeypatch.setattr(server, "make_application", fail)
    with pytest.raises(OSError, match="no loop"), MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS):
        pass


def test_error_of_the_server_is_raised_by_the_next_show(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Exception):
        """The server's end."""

    sink = MjpegSink("127.0.0.1", 0, read_stats=lambda: STATS)
    monkeypatch.setattr(WebResources, "close", raise_of(Broken()))
    with pytest.raises(Broken), sink:
        thread = sink._server
        assert thread is not None
        thread.call(thread._stop.set)
        until(lambda: thread.error is not None)
        sink.show(make_result())


def raise_of(error: Exception) -> Callable[..., None]:
    def fail(*arguments: object) -> None:
        raise error

    return fail


@pytest.mark.usefixtures("feed")
def test_viewers_that_leave_before_the_response_are_no_error(
    sink: MjpegSink, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(sink.url.rpartition(":")[2])
    # At any moment between the request and the response.
    for wait in range(150):
        with socket.create_connection(("127.0.0.1", port)) as viewer:
            viewer.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )  # Reset, not closed.
            viewer.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            time.sleep(wait * 2e-5)
    with get(sink, "/healthz") as answer:
        assert answer.status == 200
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
