"""The benchmark recall: the share of new, small faces that the app finds at first sight."""

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from benchmarks import options
from benchmarks.clip import MAX_FRAMES, load_pictures
from benchmarks.output_file import write_json
from benchmarks.recall.conditions import CONDITIONS
from benchmarks.recall.face_recall import Recall
from benchmarks.recall.measurement import make_find, measure_recall
from benchmarks.recall.reference import ReferenceDetector
from benchmarks.tables import format_table
from edge import build, models
from edge.errors import CameraError

HEIGHTS_PX = (24, 36, 48)
# The least that the app's settings allow, so that the pictures are searched at their full size.
MIN_FACE_PX = 20
AIM = 0.98


def run(chosen: Namespace) -> None:
    """Print the share of each condition and height; write JSON where --json asks for it."""
    config = options.make_config(chosen, min_face_px=MIN_FACE_PX)
    reference = ReferenceDetector(Path(config.yunet) if config.yunet else models.locate_yunet())
    pictures = load_pictures(chosen.clip, MAX_FRAMES)[0][:: chosen.every]
    recalls = measure_recall(
        tqdm(pictures, desc="pictures", leave=False), HEIGHTS_PX, CONDITIONS, make_find(config), reference
    )
    if not any(recall.expected for recall in recalls.values()):
        raise CameraError(f"expected faces in {chosen.clip}, found none; name another with --clip")
    name = build.make_detector(config).name
    print(
        f"{chosen.clip}, {len(pictures)} pictures: of the faces that YuNet finds in colour over the whole "
        f"picture,\nthe share that the app finds by {name} in its first frame; aim ≥ {AIM:.2f}"
    )
    print(format_recalls(recalls))
    if chosen.json:
        stats = {
            "command": "recall",
            "clip": chosen.clip.name,
            "detector": name,
            "pictures": len(pictures),
            "recall": [
                {"condition": condition, "face_px": height_px, "share": recall.share, **asdict(recall)}
                for (condition, height_px), recall in recalls.items()
            ],
        }
        write_json(chosen.json, stats)


def format_recalls(recalls: Mapping[tuple[str, int], Recall]) -> str:
    """Format a row for each condition with the share, found of expected and +others for each height."""
    names, heights_px = (list(dict.fromkeys(keys)) for keys in zip(*recalls, strict=True))
    rows = [[name, *(_format_recall(recalls[name, height_px]) for height_px in heights_px)] for name in names]
    return format_table(["", *(f"{height_px} px" for height_px in heights_px)], rows)


def _format_recall(recall: Recall) -> str:
    others = f" +{recall.others}" if recall.others else ""
    return f"{recall.share:.2f} ({recall.found} of {recall.expected}{others})"
