"""Network cameras of the kinds that people have, and what is said of those that give no pictures."""

import errno
import itertools
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import cv2
import pytest

from edge.cameras.reconnecting import ReconnectingCamera
from edge.cameras.stream_session import Timeouts
from edge.cameras.video import VideoCamera
from edge.errors import CameraError, CameraNotFound
from tests.cameras.standins import make_picture

JPEG = cv2.imencode(".jpg", make_picture(0, 64, 48))[1].tobytes()
HEADER = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
PART = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(JPEG), JPEG)

# A slow camera's time from picture to picture.
PERIOD_S = 1.0
Answer = Callable[[socket.socket, Event], None]


@contextmanager
def serve(answer: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one client at a time; yields the URL, and the requests that came, empty ones included."""
    requests: list[bytes] = []
    is_over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            while not is_over.is_set():
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    try:
                        requests.append(client.recv(4096))
                        answer(client, is_over)
                    except OSError:
                        continue

        thread = Thread(target=run)
        thread.start()
        try:
            yield f"http://user:secret@127.0.0.1:{listener.getsockname()[1]}/x", requests
        finally:
            is_over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def send_slowly(client: socket.socket, is_over: Event) -> None:
    client.sendall(HEADER)
    while not is_over.is_set():
        client.sendall(PART)
        is_over.wait(PERIOD_S)


def test_camera_of_a_picture_per_time_out_is_read_without_an_outage() -> None:
    with (
        serve(send_slowly) as (url, requests),
        # The pictures are just later than the time-out.
        ReconnectingCamera(VideoCamera(url, timeouts=Timeouts(read_s=PERIOD_S - 0.05)), 64, 48) as camera,
    ):
        frames = list(itertools.islice(camera, 4))
    assert [frame.notice for frame in frames] == [None] * 4
    assert len(requests) == 1


def test_server_that_takes_one_client_is_asked_once_and_with_a_request() -> None:
    with serve(send_slowly) as (url, requests), VideoCamera(url) as camera:
        assert next(camera).width == 64
    assert len(requests) == 1 and requests[0].startswith(b"GET /x ")


def test_url_of_a_single_picture_is_asked_again_and_again() -> None:
    def answer(client: socket.socket, _: Event) -> None:
        client.sendall(
            b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(JPEG)
        )
        client.sendall(JPEG)

    with serve(answer) as (url, requests), VideoCamera(url + ".jpg", fps=50) as camera:
        numbers = [next(camera).number for _ in range(5)]
    assert numbers == [0, 1, 2, 3, 4] and len(requests) >= 5


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("401 Unauthorized", "found 401, wrong user or password.*%23"),
        ("403 Forbidden", "found 403"),
        ("404 Not Found", "found 404.*path"),
        ("500 Internal Server Error", "expected a stream at"),
    ],
)
def test_refusal_is_said_in_words_that_lead_somewhere(status: str, words: str) -> None:
    def answer(client: socket.socket, _: Event) -> None:
        client.sendall(f"HTTP/1.0 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    with serve(answer) as (url, _), pytest.raises(CameraError, match=words) as raised, VideoCamera(url):
        pass
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://user:se#cret@127.0.0.1/x",
        "rtsp://user:se/cret@127.0.0.1/x",
        "http://user:se?cret@127.0.0.1/x",
    ],
)
def test_password_that_is_not_encoded_is_recognized(url: str) -> None:
    with pytest.raises(CameraNotFound, match="# of its password as %23") as raised, VideoCamera(url):
        pass
    assert "cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("number", "words"), [(socket.EAI_NONAME, "no such name"), (socket.EAI_AGAIN, "no name server")]
)
def test_name_that_does_not_resolve(number: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> Sequence[object]:
        raise socket.gaierror(number, "resolver's words")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(CameraNotFound, match=words), VideoCamera("rtsp://camera.example/x"):
        pass


def test_name_server_that_is_silent_has_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = Event()

    def resolve(*_: object, **__: object) -> Sequence[object]:
        is_over.wait()
        raise OSError(errno.EIO, "over")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    try:
        with (
            pytest.raises(CameraNotFound, match="name server within"),
            VideoCamera("rtsp://camera.example/x", timeouts=Timeouts(open_s=0.1)),
        ):
            pass
    finally:
        is_over.set()


def test_wait_for_a_picture_and_for_the_opening_ends_when_the_program_stops() -> None:
    def answer(client: socket.socket, is_over: Event) -> None:
        # FFmpeg examines the first 2 KB, to which such small pictures add up slowly.
        client.sendall(HEADER + 10 * PART)
        is_over.wait()

    is_stopping = Event()
    patient = Timeouts(open_s=600, read_s=600)
    with (
        serve(answer) as (url, _),
        VideoCamera(url, timeouts=patient, is_stopping=is_stopping.is_set) as camera,
    ):
        assert [next(camera).number for _ in range(9)] == list(range(9))
        is_stopping.set()
        assert len(list(camera)) <= 1
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(CameraError, match="program stops"),
        VideoCamera(
            f"http://127.0.0.1:{silent.getsockname()[1]}/", timeouts=patient, is_stopping=is_stopping.is_set
        ),
    ):
        pass
