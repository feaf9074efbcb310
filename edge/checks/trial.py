"""Runs the detector and the model of the settings on the demo's face; the doctor does so in another process.

    python -m edge.checks.trial [the arguments of edge.run]

It prints JSON.
"""

import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from edge import files
from edge.build import make_classifier, make_detector
from edge.cameras.demo import PORTRAIT, DemoCamera
from edge.command import command
from edge.settings.parsing import parse_settings

MIN_FACE_PX = 80
# The comment in the portrait's JPEG names the expression that people see in it.
_EXPRESSION = re.compile(rb"expression: (\w+)")


def run_trial(arguments: Sequence[str]) -> dict[str, object]:
    """What the model's metadata says, and what the model says about the demo's face; raises FerEdgeError."""
    chosen = parse_settings(arguments, os.environ)[0].config
    detector = make_detector(chosen)
    classifier = make_classifier(chosen, detector)
    with DemoCamera(640, 480, 30, sleep=lambda _: None) as camera:
        frame = next(camera)
    faces = [
        face
        for part in detector.plan_searches(frame.width, frame.height, MIN_FACE_PX)
        for face in detector.detect(frame, part)
    ]
    crops = [classifier.crop(frame, face) for face in faces[:1]]
    classifier.classify(crops)
    started_s = time.perf_counter()
    expressions = classifier.classify(crops)
    took_ms = (time.perf_counter() - started_s) * 1000
    contract = classifier.metadata
    return {
        "detector": detector.name,
        "file": str(classifier.path),
        "sha256": files.sha256(classifier.path),
        "labels": contract.labels,
        "input": f"{contract.width}×{contract.height} {contract.channel}",
        "precision": contract.precision,
        "detectors": sorted(contract.framing),
        "expected": read_expression(PORTRAIT),
        "label": expressions[0].top_label if expressions else None,
        "took_ms": round(took_ms, 2),
    }


def read_expression(portrait: Path) -> str | None:
    """The expression that the comment in a JPEG names; None without such a comment."""
    comment = _EXPRESSION.search(portrait.read_bytes())
    return comment[1].decode() if comment else None


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    print(json.dumps(run_trial(sys.argv[1:] if arguments is None else arguments)))


if __name__ == "__main__":
    sys.exit(main())
