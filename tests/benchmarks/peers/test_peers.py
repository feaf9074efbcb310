"""The benchmark peers; no peer is installed."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main


def test_command_refuses_what_it_cannot_run(face_clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["peers", "--clip", "/no/such/clip.mp4"]) == 69
    assert main(["peers", "--clip", str(face_clip), "--passes", "0"]) == 78
    assert "expected --passes" in capsys.readouterr().err


def test_command_prints_the_table_and_writes_json(
    face_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    out = tmp_path / "peers.json"
    assert (
        main(
            [
                "peers",
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
    stats = json.loads(out.read_text())
    assert [peer["name"] for peer in stats["peers"] if peer["runs"]] == ["fer-edge, Haar"]
    assert stats["machine"]["cores"] > 0 and stats["frames"] == 5
    assert "- fer-edge, YuNet: /no/yunet.onnx is not there" in capsys.readouterr().out
