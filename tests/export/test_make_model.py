"""`make model`: the whole recipe, from the data to the card, in its short version."""

import os
import subprocess
from pathlib import Path

from edge.faces.classifier import OnnxClassifier
from tests.conftest import ROOT
from tests.export.conftest import Toy, save_npz


def test_recipe_runs_from_the_data_to_the_card(toy: Toy, tmp_path: Path) -> None:
    few = save_npz(
        tmp_path / "few.npz",
        {
            "Training": toy.splits["Training"].take(slice(0, 210)),
            "PublicTest": toy.splits["PublicTest"].take(slice(0, 70)),
        },
    )
    # Without what this make, if it is one, tells its children.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ended = subprocess.run(
        [
            "make",
            "model",
            f"DATA={few}",
            f"RUNS={tmp_path / 'runs'}",
            f"MODEL={tmp_path / 'models' / 'fer'}",
            "TRAIN=--epochs 2 --batch-size 32",
            "GATE=--tolerance 100 --recall-tolerance 101 --same-top 0.01",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [
        "fer.float.md",
        "fer.float.onnx",
        "fer.int8.md",
        "fer.int8.onnx",
    ]
    made_from = OnnxClassifier(tmp_path / "models" / "fer.int8.onnx", "haar").metadata.made_from
    assert made_from["folding"] == "python -m export fold --run fer --original-share 0.4 --balance 0.3"
    assert made_from["training"].startswith("210 images of Training in few.npz")
    assert made_from["training_command"] in (tmp_path / "models" / "fer.int8.md").read_text()
