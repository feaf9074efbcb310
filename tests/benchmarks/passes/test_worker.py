"""Passes of the real pipeline in this process, and the process of a pass."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import msgspec
import pytest

from benchmarks.clip import load_clip, write_clip
from benchmarks.passes.process import PassError, finish_pass, run_pass_process, start_pass
from benchmarks.passes.protocol import PassRequest, PassResult
from benchmarks.passes.worker import run_pass
from edge.errors import SinkError
from edge.settings.config import Config

FRAMES = 12


@pytest.fixture
def clip_file(face_clip: Path, tmp_path: Path) -> Path:
    """The clip as the process of a pass reads it."""
    write_clip(load_clip(face_clip), tmp_path / "clip")
    return tmp_path / "clip"


def make_request(clip: Path, **changes: object) -> PassRequest:
    request = PassRequest(
        config=Config(detector="haar", listen="127.0.0.1:0"),
        clip=str(clip),
        frames=FRAMES,
        live_fps=None,
        viewer=False,
        time_libraries=False,
    )
    return msgspec.structs.replace(request, **changes)


def test_every_frame_of_a_clip_is_drawn_with_its_face(clip_file: Path) -> None:
    result = run_pass(make_request(clip_file))
    assert result.numbers == list(range(FRAMES))
    assert result.faces[-1] == 1
    assert all(
        captured <= drawn for captured, drawn in zip(result.captured_at_s, result.drawn_at_s, strict=True)
    )
    assert result.drawn_at_s == sorted(result.drawn_at_s)
    assert result.cpu_s > 0 and result.rss_bytes > 10e6 and result.threads >= 1
    assert result.calls_s == {} and result.timer_s == 0


def test_calls_of_libraries_are_timed_where_that_is_asked_for(clip_file: Path) -> None:
    result = run_pass(make_request(clip_file, time_libraries=True))
    # The calls for the first frame are not counted.
    assert FRAMES - 2 <= len(result.calls_s["imdecode"]) <= 2 * FRAMES
    assert all(time_s >= 0 for times_s in result.calls_s.values() for time_s in times_s)
    assert result.timer_s >= 0


def test_nothing_is_drawn_where_nobody_looks(clip_file: Path) -> None:
    drawn = run_pass(make_request(clip_file, time_libraries=True)).calls_s
    result = run_pass(make_request(clip_file, time_libraries=True, is_drawn=False))
    assert "putText" in drawn and "putText" not in result.calls_s
    assert result.numbers == list(range(FRAMES)) and result.faces[-1] == 1


def test_only_the_newest_results_are_kept_where_that_is_asked_for(clip_file: Path) -> None:
    assert run_pass(make_request(clip_file, kept=3)).numbers == [FRAMES - 3, FRAMES - 2, FRAMES - 1]


def test_live_clip_is_captured_at_its_rate(clip_file: Path) -> None:
    result = run_pass(make_request(clip_file, live_fps=100.0))
    first_s, first = result.captured_at_s[0], result.numbers[0]
    expected_s = [first_s + (number - first) / 100 for number in result.numbers]
    assert result.captured_at_s == pytest.approx(expected_s)


def test_pass_without_a_frame_fails(clip_file: Path) -> None:
    with pytest.raises(SinkError, match="expected frames, found none"):
        run_pass(make_request(clip_file, frames=0))


def test_process_prints_its_result_as_json(clip_file: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.passes.worker"]
    command.append(msgspec.json.encode(make_request(clip_file)).decode())
    ended = subprocess.run(command, capture_output=True, check=True)
    assert msgspec.json.decode(ended.stdout, type=PassResult).numbers == list(range(FRAMES))


def test_process_that_fails_is_reported_by_its_message_and_code(tmp_path: Path, clip_file: Path) -> None:
    config = Config(detector="haar", model=str(tmp_path / "none.onnx"))
    with pytest.raises(PassError, match=r"none\.onnx") as failed:
        run_pass_process(make_request(clip_file, config=config))
    assert failed.value.exit_code == 65


def test_process_with_a_viewer_gives_its_address_and_ends_when_it_is_told_to(clip_file: Path) -> None:
    request = make_request(clip_file, viewer=True, live_fps=50.0, frames=100_000)
    with (
        start_pass(request) as (process, url),
        urllib.request.urlopen(f"{url}/stream") as stream,
    ):
        assert stream.read(1000)
        process.terminate()
        completed = finish_pass(process, 0.0)
    assert completed.result.numbers and completed.cold_start_s == completed.result.drawn_at_s[0]
