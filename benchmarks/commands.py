"""What each command of the benchmarks does with its options."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from benchmarks import clip, files
from edge import models
from edge.classifier import OnnxClassifier
from edge.config import Config
from edge.run import make_detector


def agreement(chosen: Namespace) -> None:
    """Print a table of all scenes; write JSON where it is asked for."""
    from benchmarks import agreement as scenes
    config = _config(chosen)
    detector, model = make_detector(config), Path(config.model or models.classifier_path())
    found = scenes.measured(clip.load(chosen.clip), config, OnnxClassifier(model, detector.name), chosen.seconds)
    print(f"{chosen.clip} by {detector.name}, {chosen.seconds:g} s a scene; delays in media time, ×events, !never")
    print(scenes.table(found))
    if chosen.json:
        files.write_json(chosen.json, {
            "command": "agreement", "clip": chosen.clip.name, "detector": detector.name,
            "all": asdict(scenes.together(found)), "scenes": {name: asdict(scene) for name, scene in found.items()}})


def _config(chosen: Namespace) -> Config:
    return Config(detector=chosen.detector, yunet=chosen.yunet, model=chosen.model)
