"""A stop ends the program in time, also while it waits for a network camera."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import cv2
import pytest

from tests.cameras.standins import make_picture

STOP_WITHIN_S = 2.0
REACHED_WITHIN_S = 60
# FFmpeg examines several pictures before it delivers the first.
PICTURES = 60


class SilentCamera:
    """A network camera that accepts connections, sends so many pictures and falls silent."""

    def __init__(self, listener: socket.socket, pictures: int) -> None:
        self._listener, self._pictures = listener, pictures
        self.has_client = Event()

    def serve(self) -> None:
        """Accept connections, and keep them open, until the listener is shut down."""
        kept = []
        while True:
            try:
                kept.append(self._listener.accept()[0])
            except OSError:
                break
            # The program first opens a connection without a request, to see whether anything answers.
            if kept[-1].recv(4096):
                self._answer(kept[-1])
                self.has_client.set()
        for connection in kept:
            connection.close()

    def _answer(self, connection: socket.socket) -> None:
        if self._pictures:
            jpeg = cv2.imencode(".jpg", make_picture(0, 64, 48))[1].tobytes()
            part = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg)
            connection.sendall(
                b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
                + self._pictures * part
            )


@contextmanager
def serve_silent_camera(pictures: int) -> Iterator[tuple[int, Event]]:
    """Run a SilentCamera; yields its port, and an event that is set once a client waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        camera = SilentCamera(listener, pictures)
        thread = Thread(target=camera.serve)
        thread.start()
        try:
            yield listener.getsockname()[1], camera.has_client
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def start_program(port: int) -> Iterator[subprocess.Popen[str]]:
    """Run the program with the network camera at `port`."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "edge.run",
            "--camera",
            f"http://127.0.0.1:{port}/stream",
            "--wait-for-camera",
            "--no-stream",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    # The time is a promise to the service, no measurement: a read of a camera takes at most a second.
    _, output = process.communicate(timeout=STOP_WITHIN_S)
    assert process.returncode == 0, output


@pytest.mark.parametrize("pictures", [0, PICTURES], ids=["from the start", "in the middle"])
def test_camera_that_is_silent_holds_up_no_stop(pictures: int) -> None:
    with serve_silent_camera(pictures) as (port, has_client), start_program(port) as process:
        assert process.stderr is not None
        # From the second time on, it is the capture thread that waits.
        assert any("no camera" in line for line in process.stderr)
        has_client.clear()
        assert has_client.wait(REACHED_WITHIN_S)
        stop(process)


def test_camera_that_refuses_holds_up_no_stop() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with start_program(bound.getsockname()[1]) as process:
            assert process.stderr is not None
            assert "Connection refused" in next(line for line in process.stderr if "no camera" in line)
            stop(process)
