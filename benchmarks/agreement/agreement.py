"""The benchmark agreement: compares faces that are followed with a search of every whole frame."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from benchmarks import options
from benchmarks.agreement.measurement import measure_scenes
from benchmarks.agreement.scene_stats import combine, format_scenes
from benchmarks.clip import load_clip
from benchmarks.output_file import write_json
from edge import models
from edge.build import make_detector
from edge.faces.classifier import OnnxClassifier


def run(chosen: Namespace) -> None:
    """Print a table of all scenes; write JSON where --json asks for it."""
    config = options.make_config(chosen)
    detector, model = make_detector(config), Path(config.model or models.locate_classifier())
    classifier = OnnxClassifier(model, detector.name)
    scenes = measure_scenes(load_clip(chosen.clip), config, classifier, chosen.seconds)
    print(
        f"{chosen.clip} by {detector.name}, {chosen.seconds:g} s a scene\n"
        "delays: ms of media time, median (longest) ×events !those that never came\n"
        "extra: the pipeline shows a face that the full search does not find there\n"
        "known: the face came 0.3 s ago or earlier"
    )
    print(format_scenes(scenes))
    if chosen.json:
        stats = {
            "command": "agreement",
            "clip": chosen.clip.name,
            "detector": detector.name,
            "all": asdict(combine(scenes)),
            "scenes": {name: asdict(scene) for name, scene in scenes.items()},
        }
        write_json(chosen.json, stats)
