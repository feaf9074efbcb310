"""A stop ends the program in time, whatever the network camera that it waits for is doing then."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import cv2
import pytest

from tests.cameras.standins import picture_of

STOP_WITHIN_S = 2.0
REACHED_WITHIN_S = 60
# FFmpeg looks at some before it gives the first.
PICTURES = 60


class Silent:
    """A network camera that accepts; with `pictures`, so many come before it falls silent."""

    def __init__(self, listener: socket.socket, pictures: int) -> None:
        self._listener, self._pictures = listener, pictures
        self.is_waited_for = Event()

    def serve(self) -> None:
        """Until the listener is shut down; connections are kept open so long."""
        kept = []
        while True:
            try:
                kept.append(self._listener.accept()[0])
            except OSError:
                break
            # Whether anybody is there is asked with a connection of its own.
            if kept[-1].recv(4096):
                self._answer(kept[-1])
                self.is_waited_for.set()
        for connection in kept:
            connection.close()

    def _answer(self, connection: socket.socket) -> None:
        if self._pictures:
            jpeg = cv2.imencode(".jpg", picture_of(0, 64, 48))[1].tobytes()
            part = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg)
            connection.sendall(
                b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
                + self._pictures * part
            )


@contextmanager
def silent(pictures: int) -> Iterator[tuple[int, Event]]:
    """The port of such a camera, and what is set when somebody waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        camera = Silent(listener, pictures)
        thread = Thread(target=camera.serve)
        thread.start()
        try:
            yield listener.getsockname()[1], camera.is_waited_for
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def run(port: int) -> Iterator[subprocess.Popen[str]]:
    """The program with that network camera."""
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
    # It is the contract with the service, and no measure of speed: a camera is read for at most a second.
    _, said = process.communicate(timeout=STOP_WITHIN_S)
    assert process.returncode == 0, said


@pytest.mark.parametrize("pictures", [0, PICTURES], ids=["from the start", "in the middle"])
def test_camera_that_is_silent_holds_up_no_stop(pictures: int) -> None:
    with silent(pictures) as (port, is_waited_for), run(port) as process:
        assert process.stderr is not None
        # The second time it is the line's own thread that waits.
        assert any("no camera" in line for line in process.stderr)
        is_waited_for.clear()
        assert is_waited_for.wait(REACHED_WITHIN_S)
        stop(process)


def test_camera_that_refuses_holds_up_no_stop() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with run(bound.getsockname()[1]) as process:
            assert process.stderr is not None
            assert "Connection refused" in next(line for line in process.stderr if "no camera" in line)
            stop(process)
