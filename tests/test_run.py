"""The command as a user runs it: a process of its own, the real model, a real video."""

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge.cameras.demo import DemoCamera
from edge.cameras.video import VideoCamera
from edge.contracts import Box, Face, Search
from edge.detectors.haar import HaarDetector
from edge.frames import Frame, Image, PixelFormat
from edge.orientation import FLIPPED, MIRRORED, Orientation

TIMEOUT_S = 60


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "edge.run", *arguments]


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env={**os.environ, **(environment or {})},
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the demo's face."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (640, 480))
    with DemoCamera(640, 480, 30, sleep=lambda _: None) as camera:
        for _ in range(60):
            writer.write(next(camera).bgr)
    writer.release()
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_file_runs_to_its_end_with_every_frame_analysed(clip: Path, tmp_path: Path) -> None:
    events = tmp_path / "out.csv"
    ended = run("--camera", str(clip), "--events", str(events))
    assert ended.returncode == 0, ended.stderr
    assert "dropped 0" in ended.stderr.splitlines()[-1]
    assert "100%" in ended.stderr and "/2.0 s" in ended.stderr
    rows = rows_of(events)
    assert len({row["frame"] for row in rows}) >= 57
    assert {row["label"] for row in rows} == {"happy"}


def test_time_in_the_events_is_that_of_the_video(clip: Path, tmp_path: Path) -> None:
    events = tmp_path / "out.jsonl"
    assert run("--camera", str(clip), "--events", str(events)).returncode == 0
    for line in events.read_text().splitlines():
        row = json.loads(line)
        assert row["time_s"] == pytest.approx(row["frame"] / 30, abs=0.01)


def test_people_in_a_real_video_are_read(material: Callable[[str], Path], tmp_path: Path) -> None:
    events = tmp_path / "out.csv"
    video = material("data/faces.mp4")
    yunet = material("models/yunet_s_320_320.onnx")
    ended = run("--camera", str(video), "--events", str(events), "--yunet", str(yunet))
    assert ended.returncode == 0, ended.stderr
    assert "100%" in ended.stderr and "/4.6 s" in ended.stderr
    rows = rows_of(events)
    assert len({row["frame"] for row in rows}) == 115
    for row in rows:
        assert sum(float(value) for key, value in row.items() if key.startswith("p_")) == pytest.approx(
            1, abs=1e-3
        )


def write_lossless(path: Path, pictures: Sequence[Image]) -> None:
    """A video whose every luma value is that of `pictures`, (H, W)."""
    height, width = pictures[0].shape
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "gray"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray")))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def upright(clip: Path) -> list[Image]:
    """The grey pictures of 40 frames of the clip."""
    with VideoCamera(str(clip)) as camera:
        return [np.ascontiguousarray(frame.grey) for frame in islice(camera, 40)]


@pytest.fixture(scope="module")
def upright_rows(upright: list[Image], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The events of the pictures as they are."""
    folder = tmp_path_factory.mktemp("upright")
    write_lossless(folder / "upright.mkv", upright)
    ended = run("--camera", str(folder / "upright.mkv"), "--events", str(folder / "out.csv"))
    assert ended.returncode == 0, ended.stderr
    return (folder / "out.csv").read_text()


@pytest.mark.parametrize(
    ("filmed", "flags"),
    [
        (Orientation(180), ["--rotate", "180"]),
        (Orientation(90), ["--rotate", "270"]),
        (Orientation(270), ["--rotate", "90"]),
        (FLIPPED, ["--flip"]),
        (MIRRORED, ["--mirror"]),
        (Orientation(90, True), ["--rotate", "90", "--mirror"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_turned_film_gives_the_rows_of_the_upright_one_and_a_recording_that_is_upright(
    upright: list[Image], upright_rows: str, filmed: Orientation, flags: list[str], tmp_path: Path
) -> None:
    film, events, recording = tmp_path / "film.mkv", tmp_path / "out.csv", tmp_path / "out.mp4"
    write_lossless(film, [filmed.apply(picture) for picture in upright])
    ended = run("--camera", str(film), "--events", str(events), "--record", str(recording), "--clean", *flags)
    assert ended.returncode == 0, ended.stderr
    assert events.read_text() == upright_rows and upright_rows.count("\n") > 35
    with VideoCamera(str(recording)) as camera:
        shown = cv2.cvtColor(next(camera).bgr, cv2.COLOR_BGR2GRAY)
    assert shown.shape == upright[0].shape
    assert np.abs(shown.astype(int) - upright[0]).mean() < 8


def test_film_of_a_camera_on_its_side_is_turned_by_itself(clip: Path, tmp_path: Path) -> None:
    film, events = tmp_path / "film.mkv", tmp_path / "out.csv"
    with VideoCamera(str(clip)) as camera:
        frames = [frame.grey for frame in camera]
    write_lossless(film, [Orientation(90).apply(grey) for grey in frames * 2])
    ended = run("--camera", str(film), "--events", str(events), "--auto-rotate")
    assert ended.returncode == 0, ended.stderr
    assert "faces are upright when the pictures are turned by 270°" in ended.stderr
    seen = [int(row["frame"]) for row in rows_of(events)]
    assert 10 < seen[0] < 100 and len(seen) >= 0.9 * (120 - seen[0])


def test_frames_stops_early(clip: Path, tmp_path: Path) -> None:
    events = tmp_path / "out.csv"
    assert run("--camera", str(clip), "--events", str(events), "--frames", "10").returncode == 0
    assert {int(row["frame"]) for row in rows_of(events)} <= set(range(10))


def test_file_is_streamed_only_where_an_address_is_given(clip: Path) -> None:
    few = ["--camera", str(clip), "--frames", "5"]
    assert "stream at" in run(*few, "--stream", environment={"FER_EDGE_LISTEN": "127.0.0.1:0"}).stderr
    assert "stream at" not in run(*few).stderr
    assert "stream at http://127.0.0.1:" in run(*few, "--listen", "127.0.0.1:0").stderr


def frames_of(path: Path) -> list[float]:
    """When each frame of a video plays, s."""
    video, times_s = cv2.VideoCapture(str(path)), []
    while video.read()[0]:
        times_s.append(video.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    video.release()
    return times_s


def test_recording_of_a_file_has_its_frames_at_their_times(clip: Path, tmp_path: Path) -> None:
    record = tmp_path / "out.mp4"
    assert run("--camera", str(clip), "--record", str(record)).returncode == 0
    assert frames_of(record) == pytest.approx([number / 30 for number in range(60)], abs=1e-3)


def test_recording_of_a_live_camera_plays_as_long_as_it_ran(tmp_path: Path) -> None:
    record, events = tmp_path / "out.mp4", tmp_path / "out.jsonl"
    ended = run(
        "--camera", "demo", "--no-stream", "--frames", "60", "--record", str(record), "--events", str(events)
    )
    assert ended.returncode == 0, ended.stderr
    seen_s = [json.loads(line)["time_s"] for line in events.read_text().splitlines()]
    recorded_s = frames_of(record)
    # For some start of the recording, in camera time, every frame with a row plays at its own time.
    assert any(
        all(min(abs(time_s - began_s - played_s) for played_s in recorded_s) < 3e-3 for time_s in seen_s)
        for began_s in (seen_s[0] - played_s for played_s in recorded_s)
    )


def test_kill_in_the_middle_leaves_a_recording_that_plays(tmp_path: Path) -> None:
    record, events = tmp_path / "out.mp4", tmp_path / "out.jsonl"
    process = subprocess.Popen(
        command("--camera", "demo", "--no-stream", "--record", str(record), "--events", str(events)),
        stderr=subprocess.DEVNULL,
    )
    deadline_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline_s and (not events.exists() or events.read_bytes().count(b"\n") < 40):
        time.sleep(0.02)
    process.kill()
    process.wait()
    # A frame's row is written after its picture.
    rows = [json.loads(line) for line in events.read_text().splitlines()]
    assert len(rows) >= 40
    times_s = frames_of(record)
    assert len(times_s) >= len(rows) - 1
    assert times_s[-1] >= rows[-2]["time_s"] - rows[0]["time_s"] - 1e-3


def test_recording_that_fails_ends_alone_and_the_exit_code_says_so(clip: Path, tmp_path: Path) -> None:
    full, events = tmp_path / "full.mp4", tmp_path / "out.csv"
    full.symlink_to("/dev/full")
    assert "No space left" in read_refusal(
        ["--camera", str(clip), "--record", str(full), "--events", str(events)], 74
    )
    assert max(int(row["frame"]) for row in rows_of(events)) == 59


def test_recording_of_a_live_camera_that_fails_ends_alone(tmp_path: Path) -> None:
    full, events = tmp_path / "full.mp4", tmp_path / "out.csv"
    full.symlink_to("/dev/full")
    ended = run(
        "--camera", "demo", "--no-stream", "--frames", "30", "--record", str(full), "--events", str(events)
    )
    assert ended.returncode == 0
    assert ended.stderr.count("No space left") == 1 and "outputs lost 1" in ended.stderr.splitlines()[-1]
    assert len(rows_of(events)) > 3


def test_videos_of_a_folder_run_in_turn_and_a_broken_one_does_not_stop_the_others(
    clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a.mp4", "c.mp4"):
        (folder / name).write_bytes(clip.read_bytes())
    (folder / "b.mp4").write_bytes(b"no video" * 100)
    outputs = [
        word
        for key, suffix in (("record", "mp4"), ("events", "csv"), ("report", "html"))
        for word in (f"--{key}", str(tmp_path / f"{{name}}.{suffix}"))
    ]
    line = read_refusal(["--camera", str(folder), "--frames", "30", *outputs], 69)
    assert "found 1 that cannot" in line and "b.mp4" in line
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        f"{name}.{suffix}" for name in "ac" for suffix in ("csv", "html", "mp4")
    ]
    for name in "ac":
        assert len(frames_of(tmp_path / f"{name}.mp4")) == 30
        assert "happy" in (tmp_path / f"{name}.html").read_text()
        assert len({row["frame"] for row in rows_of(tmp_path / f"{name}.csv")}) >= 27


def test_recording_without_its_library_says_what_to_install(tmp_path: Path) -> None:
    without = "import sys; sys.modules['av'] = None; from edge import run; sys.exit(run.main(sys.argv[1:]))"
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            without,
            "--camera",
            "demo",
            "--no-stream",
            "--record",
            str(tmp_path / "out.mp4"),
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert ended.returncode == 74 and "pip install av" in ended.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_report_is_made_of_what_was_seen_when_the_recording_failed(clip: Path, tmp_path: Path) -> None:
    full = tmp_path / "full.mp4"
    full.symlink_to("/dev/full")
    read_refusal(
        [
            "--camera",
            str(clip),
            "--frames",
            "20",
            "--record",
            str(full),
            "--events",
            str(tmp_path / "out.csv"),
            "--report",
            str(tmp_path / "out.html"),
        ],
        74,
    )
    assert "Time in each expression" in (tmp_path / "out.html").read_text()


def test_recording_is_blurred_like_every_other_picture(clip: Path, tmp_path: Path) -> None:
    faces = {}
    for name, *blur in (("plain",), ("blurred", "--blur")):
        record = tmp_path / f"{name}.mp4"
        assert (
            run("--camera", str(clip), "--frames", "30", "--clean", "--record", str(record), *blur).returncode
            == 0
        )
        video = cv2.VideoCapture(str(record))
        found = [
            face for _ in range(30) for face in faces_in(cv2.imencode(".png", video.read()[1])[1].tobytes())
        ]
        video.release()
        # The face stays in the left half; at the right the detector now and then takes a rocket for one.
        faces[name] = sum(face.box.left + face.box.width // 2 < 320 for face in found)
    assert faces["plain"] >= 27 and faces["blurred"] == 0


@pytest.fixture
def live() -> Iterator[Callable[..., tuple["subprocess.Popen[str]", str]]]:
    """Starts the app on the demo camera, and gives the process and the stream's address once it serves."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple["subprocess.Popen[str]", str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            command("--camera", "demo", "--listen", f"127.0.0.1:{port}", *arguments),
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stderr is not None
        for line in process.stderr:
            if "http://" in line:
                break
        return process, f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_blurred_face_is_in_no_picture_that_leaves(
    live: Callable[..., tuple["subprocess.Popen[str]", str]],
) -> None:
    _, address = live("--blur")
    pictures: list[bytes] = []
    with urllib.request.urlopen(f"{address}/stream", timeout=TIMEOUT_S) as stream:
        while len(pictures) < 10:
            if line := re.match(rb"Content-Length: (\d+)", stream.readline()):
                stream.readline()
                pictures.append(stream.read(int(line[1])))
    with urllib.request.urlopen(f"{address}/snapshot", timeout=TIMEOUT_S) as response:
        pictures.append(response.read())
    with urllib.request.urlopen(f"{address}/state", timeout=TIMEOUT_S) as response:
        assert [reading["label"] for reading in json.load(response)["readings"]] == ["happy"]
    assert [face for encoded in pictures for face in faces_in(encoded)] == []


def faces_in(encoded: bytes) -> list[Face]:
    picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    frame = Frame(np.asarray(picture, np.uint8), PixelFormat.BGR, 640, 480, 0, 0.0, 0.0)
    return HaarDetector().detect(frame, Search(Box(0, 0, 640, 480), 80, 480))


def test_demo_shows_a_happy_face_in_the_stream(
    live: Callable[..., tuple["subprocess.Popen[str]", str]],
) -> None:
    _, address = live()
    with urllib.request.urlopen(f"{address}/snapshot", timeout=TIMEOUT_S) as response:
        assert response.headers["Content-Type"] == "image/jpeg"
        assert len(faces_in(response.read())) == 1
    labels: list[str] = []
    while not labels:
        with urllib.request.urlopen(f"{address}/state", timeout=TIMEOUT_S) as response:
            labels = [reading["label"] for reading in json.load(response)["readings"]]
    assert labels == ["happy"]


def test_token_is_required_and_appears_in_no_log_and_no_command_line(
    live: Callable[..., tuple["subprocess.Popen[str]", str]], tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("correct-horse-battery-staple\n")
    token.chmod(0o600)
    process, address = live("--token-file", str(token), "--verbose")
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{address}/state?token=correct-horse-battery-staple", timeout=TIMEOUT_S)
    raised.value.close()
    assert raised.value.code == 401
    bearer = {"Authorization": "Bearer correct-horse-battery-staple"}
    request = urllib.request.Request(f"{address}/state", headers=bearer)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        assert "readings" in json.load(response)
    assert b"correct-horse" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.terminate()
    assert "correct-horse" not in process.communicate(timeout=TIMEOUT_S)[1]


@pytest.mark.parametrize(
    ("token", "found"), [("", "found nothing"), ("hunter2", "found one of 7 characters")]
)
def test_invalid_token_is_refused_and_not_repeated(token: str, found: str) -> None:
    ended = run("--camera", "demo", "--listen", "0.0.0.0:0", environment={"FER_EDGE_TOKEN": token})
    assert ended.returncode == 78
    assert found in ended.stderr.splitlines()[-1] and "hunter2" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_app_in_order(
    live: Callable[..., tuple["subprocess.Popen[str]", str]], number: signal.Signals
) -> None:
    process, _ = live()
    process.send_signal(number)
    _, rest = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert "captured" in rest.splitlines()[-1]
    assert "Traceback" not in rest


def test_duration_ends_the_app() -> None:
    ended = run("--camera", "demo", "--no-stream", "--duration", "0.5", "--log-every", "0.2")
    assert ended.returncode == 0
    assert ended.stderr.count("captured") >= 3


def read_refusal(arguments: Sequence[str], exit_code: int) -> str:
    """The single line on stderr with which the command ends with `exit_code`."""
    ended = run(*arguments)
    assert ended.returncode == exit_code, ended.stderr
    assert "Traceback" not in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line.startswith("fer-edge: ")]
    assert len(lines) == 1
    return lines[0]


def test_missing_camera_names_those_that_exist() -> None:
    assert "/dev/video97" in read_refusal(["--camera", "97", "--no-stream"], 69)


def test_missing_camera_is_awaited_where_that_is_wanted_and_shown_as_a_notice(
    live: Callable[..., tuple["subprocess.Popen[str]", str]],
) -> None:
    process, address = live("--camera", "97", "--wait-for-camera")
    notices: set[str | None] = set()
    while None in notices or not notices:
        with urllib.request.urlopen(f"{address}/state", timeout=TIMEOUT_S) as response:
            notices = {json.load(response)["notice"]}
    assert "/dev/video97" in str(notices)
    with urllib.request.urlopen(f"{address}/snapshot", timeout=TIMEOUT_S) as response:
        assert response.headers["Content-Type"] == "image/jpeg"
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert rest.count("no camera") <= 1 and "Traceback" not in rest


def test_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no video" * 100)
    assert str(path) in read_refusal(["--camera", str(path)], 69)


def test_video_that_is_missing_is_refused(tmp_path: Path) -> None:
    assert "none.mp4" in read_refusal(["--camera", str(tmp_path / "none.mp4")], 69)


def test_video_cut_off_in_the_middle_keeps_what_was_decoded(clip: Path, tmp_path: Path) -> None:
    whole, cut, events = tmp_path / "whole.avi", tmp_path / "cut.avi", tmp_path / "out.csv"
    source = cv2.VideoCapture(str(clip))
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 480))
    while (read := source.read())[0]:
        writer.write(read[1])
    writer.release()
    source.release()
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    ended = run("--camera", str(cut), "--events", str(events))
    assert ended.returncode == 0, ended.stderr
    assert "cut off" in ended.stderr and "Traceback" not in ended.stderr
    assert 20 <= len({row["frame"] for row in rows_of(events)}) <= 40


def test_missing_model_is_refused(tmp_path: Path) -> None:
    assert "none.onnx" in read_refusal(
        ["--camera", "demo", "--no-stream", "--model", str(tmp_path / "none.onnx")], 65
    )


def test_missing_yunet_says_how_to_fetch_it(tmp_path: Path) -> None:
    arguments = ["--camera", "demo", "--detector", "yunet", "--yunet", str(tmp_path / "none.onnx")]
    assert "python -m edge.models" in read_refusal(arguments, 65)


def test_port_in_use_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert address in read_refusal(["--camera", "demo", "--listen", address], 74)


def test_unknown_setting_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "fer.toml"
    file.write_text("camra = 'demo'\n")
    assert "did you mean camera?" in read_refusal(["--config", str(file)], 78)


def test_events_of_the_last_run_survive_a_camera_that_is_missing(tmp_path: Path) -> None:
    events = tmp_path / "out.csv"
    events.write_text("the last run's")
    read_refusal(["--camera", str(tmp_path / "none.mp4"), "--events", str(events)], 69)
    assert events.read_text() == "the last run's"


@pytest.mark.parametrize("option", ["--camera", "--model"])
def test_name_that_no_file_can_have_is_refused(option: str) -> None:
    assert "can be read" in read_refusal(
        ["--no-stream", "--camera", "demo", option, "a" * 300], 69 if option == "--camera" else 65
    )


def test_user_without_a_home_gets_the_haar_detector() -> None:
    ended = run("--camera", "demo", "--no-stream", "--frames", "3", environment={"HOME": ""})
    assert ended.returncode == 0 and "detector haar" in ended.stderr


def test_events_in_a_folder_that_is_not_there_are_refused(tmp_path: Path) -> None:
    assert "none/out.csv" in read_refusal(
        ["--camera", "demo", "--no-stream", "--events", str(tmp_path / "none" / "out.csv")], 74
    )


def test_settings_in_force_are_printed_with_their_origin() -> None:
    ended = run("--print-config", "--width", "320", environment={"FER_EDGE_FPS": "15"})
    assert ended.returncode == 0
    assert "width = 320  # --width" in ended.stdout
    assert "fps = 15  # FER_EDGE_FPS" in ended.stdout


def test_run_leaves_no_file_in_the_home_of_its_user(tmp_path: Path) -> None:
    assert (
        run(
            "--camera", "demo", "--no-stream", "--frames", "5", environment={"HOME": str(tmp_path)}
        ).returncode
        == 0
    )
    assert list(tmp_path.rglob("*")) == []
