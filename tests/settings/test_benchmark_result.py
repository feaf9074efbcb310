"""The benchmark's result is used only on its own machine and with its own files."""

import logging
from pathlib import Path

import msgspec
import pytest

from edge import files
from edge.build import choose_model
from edge.models import locate_classifier
from edge.settings import benchmark_result
from edge.settings.benchmark_result import BenchmarkResult
from edge.settings.config import Config

FORMS = ("fer.int8.onnx", "fer.float.onnx")


def result_of(folder: Path, **changed: object) -> BenchmarkResult:
    """The float form on three threads, as a benchmark of this machine would say."""
    compared = {name: files.sha256(folder / name) for name in FORMS}
    whole = BenchmarkResult(
        machine=benchmark_result.describe_machine(),
        compared=compared,
        model="fer.float.onnx",
        threads=3,
        why="it is faster",
    )
    return msgspec.structs.replace(whole, **changed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FORMS:
        (tmp_path / name).write_text(name)
    return tmp_path


def write_and_read(folder: Path, result: BenchmarkResult) -> BenchmarkResult | None:
    path = folder / "tuning.json"
    path.write_bytes(msgspec.json.encode(result))
    return benchmark_result.read(folder, path)


def test_result_of_this_machine_and_these_files_is_used(folder: Path) -> None:
    assert write_and_read(folder, result_of(folder)) == result_of(folder)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"machine": "Raspberry Pi 3"}, "it is of Raspberry Pi 3"),
        ({"model": "other.onnx"}, "never timed other.onnx"),
        ({"compared": {"fer.float.onnx": "0"}}, "fer.float.onnx has changed"),
        ({"compared": {"fer.float.onnx": "0", "none.onnx": "0"}}, "has changed"),
        ({"compared": {"none.onnx": "0"}, "model": "none.onnx"}, "none.onnx cannot be read"),
    ],
)
def test_other_result_is_ignored_and_the_log_says_why(
    folder: Path, caplog: pytest.LogCaptureFixture, changed: dict[str, object], reason: str
) -> None:
    caplog.set_level(logging.INFO)
    assert write_and_read(folder, result_of(folder, **changed)) is None
    assert reason in caplog.text and "run python -m benchmarks again" in caplog.text


@pytest.mark.parametrize("content", [b"", b"[]", b'{"machine": 1}', b"\xff"])
def test_damaged_result_is_ignored(folder: Path, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    path = folder / "tuning.json"
    path.write_bytes(content)
    assert benchmark_result.read(folder, path) is None
    assert str(path) in caplog.text


def test_without_a_result_the_log_says_how_to_get_one(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert benchmark_result.read(folder, folder / "none.json") is None
    assert "python -m benchmarks" in caplog.text


def test_app_uses_the_result_unless_the_settings_say_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = locate_classifier()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert choose_model(Config()) == (shipped, 1, "the default")
    benchmark_result.locate().parent.mkdir()
    benchmark_result.locate().write_bytes(msgspec.json.encode(result_of(shipped.parent)))
    assert choose_model(Config()) == (shipped.with_name("fer.float.onnx"), 3, "it is faster")
    assert choose_model(Config(threads=2))[:2] == (shipped.with_name("fer.float.onnx"), 2)
    assert choose_model(Config(model=str(shipped)))[:2] == (shipped, 1)
