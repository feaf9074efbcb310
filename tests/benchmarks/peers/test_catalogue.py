"""The peers, and their runners where nothing must be installed."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.peers import catalogue
from benchmarks.peers.catalogue import PeerFiles
from benchmarks.peers.environments import PeerUnavailable
from benchmarks.peers.ranking import HEADS
from benchmarks.peers.runners import bare, make_stand_in, resize_yunet
from benchmarks.peers.runners.shared_loop import read_pictures
from benchmarks.peers.turns import make_command, run_once
from tests.conftest import ROOT


def test_peers_without_their_files_name_what_is_missing(tmp_path: Path) -> None:
    material = PeerFiles(None, None, tmp_path / "yunet.onnx", tmp_path / "zoo.onnx", tmp_path)
    reasons = {}
    for peer in catalogue.PEERS:
        try:
            peer.make_arguments(material, Path(sys.executable))
        except PeerUnavailable as error:
            reasons[peer.name] = str(error)
    assert "--keras-json" in reasons["the same script, calling the model directly"]
    assert reasons["HSEmotion (ONNX) + YuNet"] == f"{tmp_path}/yunet.onnx is not there"
    assert "fer-edge, Haar" not in reasons and "fer 25.10.3" not in reasons
    assert len({peer.name for peer in catalogue.PEERS}) == len(catalogue.PEERS)


def test_table_in_the_readme_has_the_columns_and_the_names_that_are_printed() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    head, _, *rows = (line.strip("|").split("|") for line in lines if line.count("|") == len(HEADS) + 1)
    assert tuple(cell.strip() for cell in head) == HEADS
    assert rows and {row[0].strip() for row in rows} <= {peer.name for peer in catalogue.PEERS}


def test_real_pipeline_runs_as_a_peer(face_clip: Path) -> None:
    stats = run_once(make_command(Path(sys.executable), "ours", face_clip, 25, ("--detector", "haar")))
    assert stats["frames"] == 25 and stats["frames_with_face"] >= 20
    assert stats["cpu_ms_per_frame"] > 0 and stats["first_result_s"] > 0 and 30 < stats["rss_mb"] < 1000


def test_bare_haar_runs_as_a_peer(face_clip: Path) -> None:
    material = PeerFiles(None, None, Path("none"), None, Path("none"))
    peer = next(peer for peer in catalogue.PEERS if "Haar at 320" in peer.name)
    own = peer.make_arguments(material, Path(sys.executable))
    stats = run_once(make_command(Path(sys.executable), peer.runner, face_clip, 5, own))
    assert stats["frames_with_face"] == 5


def test_bare_yunet_finds_what_opencv_finds(
    material: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yunet, small = material("models/yunet_s_320_320.onnx"), tmp_path / "small.onnx"
    monkeypatch.setattr(
        sys, "argv", ["", "--yunet", str(yunet), "--width", "160", "--height", "96", "--output", str(small)]
    )
    resize_yunet.main()
    find = bare.make_yunet_search(str(small), 1)
    theirs = cv2.FaceDetectorYN.create(str(yunet), "", (160, 96), bare.MIN_SCORE, bare.MAX_IOU)
    compared = 0
    for picture in itertools.islice(read_pictures(material("data/faces.mp4"), 40), 0, None, 8):
        shrink = 160 / picture.shape[1]
        shrunk = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        padded = cv2.copyMakeBorder(shrunk, 0, 96 - shrunk.shape[0], 0, 0, cv2.BORDER_CONSTANT)
        _, rows = theirs.detect(padded)
        expected = [] if rows is None else [[side / shrink for side in row[:4]] for row in rows]
        found = find(picture, None)
        assert np.allclose(sorted(map(list, found)), sorted(expected), atol=1)
        compared += len(found)
    assert compared > 0


def test_stand_in_takes_the_input_of_the_network_it_stands_in_for(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(make_stand_in.make_network().SerializeToString())
    network = cv2.dnn.readNet(str(path))
    network.setInput(np.zeros((1, 3, make_stand_in.SIDE_PX, make_stand_in.SIDE_PX), np.float32))
    assert network.forward().shape == (1, make_stand_in.CLASSES)
