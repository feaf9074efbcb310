"""Fetching a model from a real server, and everything that can be wrong with what it sends."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from edge import models
from edge.errors import ModelError
from edge.models import Download

CONTENT = b"a model " * 1000


class Handler(BaseHTTPRequestHandler):
    """Serves /good, a /short and a /changed copy; everything else is not found."""

    def do_GET(self) -> None:
        answers = {"/good": CONTENT, "/short": CONTENT[:-1], "/changed": b"b" + CONTENT[1:]}
        self.send_response(200 if self.path in answers else 404)
        self.end_headers()
        self.wfile.write(answers.get(self.path, b""))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def download_from(url: str) -> Download:
    return Download("model.onnx", url, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "MIT")


def test_fetches_into_a_folder_that_is_not_there_yet(server: str, tmp_path: Path) -> None:
    path = tmp_path / "share" / "model.onnx"
    models.fetch(download_from(f"{server}/good"), path)
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("address", "message"),
    [("/short", "expected model.onnx with sha256"), ("/changed", "nothing was kept"), ("/missing", "404")],
)
def test_keeps_nothing_that_differs_from_the_published_file(
    server: str, tmp_path: Path, address: str, message: str
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"the old one")
    with pytest.raises(ModelError, match=message) as raised:
        models.fetch(download_from(server + address), path)
    assert "\n" not in str(raised.value)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_network_it_explains_how_to_copy_the_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="by hand"):
        models.fetch(download_from("http://127.0.0.1:9/none"), tmp_path / "model.onnx")


def test_place_that_cannot_be_written_is_one_line(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="--output"):
        models.fetch(download_from(f"{server}/good"), tmp_path / "file" / "model.onnx")


def test_yunet_is_expected_where_it_is_put(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert models.locate_yunet() == tmp_path / "fer-edge" / models.YUNET.name


def test_classifier_of_the_project_exists() -> None:
    assert models.locate_classifier().is_file()


def test_help_gives_source_hash_and_licence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        models.main(["--help"])
    text = "".join(capsys.readouterr().out.split())
    assert models.YUNET.sha256 in text and "MIT" in text and "opencv_zoo" in text
