"""The contest's arithmetic, peers that fail, environments; the loops around real detectors.  No peer is installed."""

import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.peers import __main__ as command
from benchmarks.peers import catalogue, contest, environments, ranking
from benchmarks.peers.catalogue import Material
from benchmarks.peers.contest import Entrant, Run
from benchmarks.peers.environments import Environment, Unavailable
from benchmarks.peers.runners import bare, play, resize_yunet, standin


def figures_of(frames_per_s: float, cpu_ms: float) -> Run:
    return {
        "frames": 10,
        "frames_with_face": 9,
        "frames_per_s": frames_per_s,
        "cpu_ms_per_frame": cpu_ms,
        "first_result_s": 0.5,
        "rss_mb": 100.0,
    }


def program(text: str) -> tuple[str, ...]:
    return sys.executable, "-c", text


WORKING = f"print('hello'); print('''{json.dumps(figures_of(50, 20))}''')"


def test_stopwatch_leaves_the_first_frame_out_of_the_rates() -> None:
    seconds, cpu = iter([13.0, 13.5, 14.0]), iter([2.0, 2.25, 2.5])
    stopwatch = play.Stopwatch(10.0, lambda: next(seconds), lambda: next(cpu))
    for faces in (1, 0, 2):
        stopwatch.drawn(faces)
    told = stopwatch.report()
    assert told["first_result_s"] == 3.0
    assert told["frames_per_s"] == 2.0
    assert told["cpu_ms_per_frame"] == 250.0
    assert (told["frames"], told["frames_with_face"]) == (3, 2)
    assert told["rss_mb"] > 1


def test_stopwatch_cannot_time_one_frame() -> None:
    stopwatch = play.Stopwatch(0.0)
    stopwatch.drawn(1)
    with pytest.raises(ValueError, match="two frames"):
        stopwatch.report()


def test_clip_starts_again_at_its_end(face_clip: Path) -> None:
    seen = list(play.pictures(face_clip, 23))
    assert len(seen) == 23
    assert np.array_equal(seen[0], seen[20])


def test_ratio_is_that_within_a_pass() -> None:
    # The machine is half as fast in the second pass, for both.
    ours = [figures_of(200, 2), figures_of(100, 4), figures_of(200, 2)]
    theirs = [figures_of(20, 40), figures_of(10, 80), figures_of(25, 40)]
    assert ranking.ratio(ours, theirs, "frames_per_s") == 10
    assert ranking.medians(theirs)["frames_per_s"] == 20


def test_one_that_fails_does_not_stop_the_others() -> None:
    entrants = [
        Entrant("ours", program(WORKING)),
        Entrant("broken", program("import sys; print('one'); sys.exit('no weights')")),
        Entrant("silent", program("print('done')")),
        Entrant("missing", ("/no/such/python",)),
        Entrant("skipped", out="no network"),
        Entrant("last", program(WORKING)),
    ]
    said: list[str] = []
    contest.hold(entrants, 2, say=said.append)
    assert [len(entrant.runs) for entrant in entrants] == [2, 0, 0, 0, 0, 2]
    assert [entrant.out for entrant in entrants[1:3]] == ["no weights", "expected its figures, found: done"]
    assert "/no/such/python" in str(entrants[3].out)
    # Whoever is out is not called again.
    assert sum("broken" in line for line in said) == 1


def test_passes_go_round() -> None:
    order: list[str] = []

    def run(called: tuple[str, ...]) -> Run:
        order.append(called[0])
        if called[0] == "b" and len(order) > 3:
            raise Unavailable("died in the second pass")
        return figures_of(1, 1)

    entrants = [Entrant(name, (name,)) for name in "abc"]
    contest.hold(entrants, 3, run)
    assert "".join(order) == "abcabcac"
    assert entrants[1].out == "died in the second pass" and len(entrants[1].runs) == 1


def test_table_and_json_tell_figures_and_reasons() -> None:
    entrants = [
        Entrant("ours", runs=[figures_of(200, 2)] * 2),
        Entrant("slow", runs=[figures_of(20, 50)] * 2),
        Entrant("gone", out="no weights"),
        Entrant("gone too", out="no weights"),
    ]
    lines = ranking.table(entrants).splitlines()
    assert lines[3] == "| slow | 20 | 10.0 | 50.0 | 25.0 | 100 | 0.50 | 90% |"
    assert lines[-1] == "- gone; gone too: no weights"
    told: list[dict[str, Any]] = json.loads(json.dumps(ranking.as_json(entrants)))
    assert told[1]["ours_faster"] == 10 and told[1]["ours_cpu_less"] == 25
    assert told[1]["median"] == figures_of(20, 50) and len(told[1]["runs"]) == 2
    assert told[2] == {"name": "gone", "out": "no weights", "runs": []}


class Pip:
    """Makes what venv would, and notes what pip is told."""

    def __init__(self, fails_at: str = "never") -> None:
        self.commands: list[list[str]] = []
        self._fails_at = fails_at

    def __call__(self, told: list[str]) -> None:
        self.commands.append(told)
        if "venv" in told:
            Path(told[-1]).mkdir()
        if self._fails_at in told:
            raise Unavailable("no such release")


def test_environment_is_made_once_per_set_of_requirements(tmp_path: Path) -> None:
    pip = Pip()
    python = environments.interpreter(Environment("x", ("a==1", "b")), tmp_path, pip)
    assert python == tmp_path / "x/bin/python"
    environments.interpreter(Environment("x", ("a==1", "b")), tmp_path, pip)
    assert len(pip.commands) == 2 and pip.commands[1][-2:] == ["a==1", "b"]
    environments.interpreter(Environment("x", ("a==2",), without_dependencies=("c",)), tmp_path, pip)
    assert pip.commands[-1][-2:] == ["--no-deps", "c"]
    assert len(pip.commands) == 5


def test_environment_that_cannot_be_installed_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="could not be installed: no such release"):
        environments.interpreter(Environment("x", ("a==9",)), tmp_path, Pip(fails_at="a==9"))
    assert not list(tmp_path.iterdir())


def test_failing_command_is_told_by_its_last_line() -> None:
    with pytest.raises(Unavailable, match="^the end$"):
        environments.run([sys.executable, "-c", "import sys; sys.exit('first\\nthe end\\n')"])


def test_peers_without_their_material_say_what_is_missing(tmp_path: Path) -> None:
    material = Material(None, None, tmp_path / "yunet.onnx", tmp_path / "zoo.onnx", tmp_path)
    reasons = {}
    for peer in catalogue.PEERS:
        try:
            peer.arguments(material, Path(sys.executable))
        except Unavailable as error:
            reasons[peer.name] = str(error)
    assert "--keras-json" in reasons["the same with model(x)"]
    assert reasons["HSEmotion (ONNX) + YuNet"] == f"{tmp_path}/yunet.onnx is not there"
    assert "fer-edge, Haar" not in reasons and "fer 25.10.3" not in reasons
    assert len({peer.name for peer in catalogue.PEERS}) == len(catalogue.PEERS)


def test_real_line_runs_as_a_peer(face_clip: Path) -> None:
    told = contest.run_once(
        contest.command(Path(sys.executable), "ours", face_clip, 25, ("--detector", "haar"))
    )
    assert told["frames"] == 25 and told["frames_with_face"] >= 20
    assert told["cpu_ms_per_frame"] > 0 and told["first_result_s"] > 0 and 30 < told["rss_mb"] < 1000


def test_bare_haar_runs_as_a_peer(face_clip: Path) -> None:
    material = Material(None, None, Path("none"), None, Path("none"))
    peer = next(peer for peer in catalogue.PEERS if "Haar at 320" in peer.name)
    own = peer.arguments(material, Path(sys.executable))
    told = contest.run_once(contest.command(Path(sys.executable), peer.runner, face_clip, 5, own))
    assert told["frames_with_face"] == 5


def test_bare_yunet_finds_what_opencv_finds(
    material: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yunet, small = material("models/yunet_s_320_320.onnx"), tmp_path / "small.onnx"
    monkeypatch.setattr(
        sys, "argv", ["", "--yunet", str(yunet), "--width", "160", "--height", "96", "--output", str(small)]
    )
    resize_yunet.main()
    find = bare.yunet(str(small), 1)
    theirs = cv2.FaceDetectorYN.create(str(yunet), "", (160, 96), bare.LEAST_SCORE, bare.MOST_IOU)
    compared = 0
    for picture in itertools.islice(play.pictures(material("data/faces.mp4"), 40), 0, None, 8):
        shrink = 160 / picture.shape[1]
        shrunk = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        padded = cv2.copyMakeBorder(shrunk, 0, 96 - shrunk.shape[0], 0, 0, cv2.BORDER_CONSTANT)
        _, rows = theirs.detect(padded)
        expected = [] if rows is None else [[side / shrink for side in row[:4]] for row in rows]
        found = find(picture, None)
        assert np.allclose(sorted(map(list, found)), sorted(expected), atol=1)
        compared += len(found)
    assert compared > 0


def test_standin_takes_what_the_network_it_stands_for_takes(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(standin.network().SerializeToString())
    network = cv2.dnn.readNet(str(path))
    network.setInput(np.zeros((1, 3, standin.SIDE_PX, standin.SIDE_PX), np.float32))
    assert network.forward().shape == (1, standin.CLASSES)


def test_command_refuses_what_it_cannot_run(face_clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--clip", "/no/such/clip.mp4"]) == 69
    assert command.main(["--clip", str(face_clip), "--passes", "0"]) == 78
    assert "expected --passes" in capsys.readouterr().err


def test_command_prints_the_table_and_writes_json(
    face_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    out = tmp_path / "peers.json"
    assert (
        command.main(
            [
                "--clip",
                str(face_clip),
                "--yunet",
                "/no/yunet.onnx",
                "--passes",
                "1",
                "--frames",
                "5",
                "--only",
                "nobody",
                "--json",
                str(out),
            ]
        )
        == 0
    )
    told = json.loads(out.read_text())
    assert [peer["name"] for peer in told["peers"] if peer["runs"]] == ["fer-edge, Haar"]
    assert told["machine"]["cores"] > 0 and told["frames"] == 5
    assert "- fer-edge, YuNet: /no/yunet.onnx is not there" in capsys.readouterr().out
