"""The benchmark steadiness: compares a clip with the same clip with noise, frame by frame."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from tqdm import tqdm

from benchmarks import options
from benchmarks.clip import load_pictures
from benchmarks.output_file import write_json
from benchmarks.steadiness.face_steadiness import Steadiness, compare_runs, compute_jitter
from benchmarks.steadiness.measurement import add_noise, measure_run
from benchmarks.tables import format_table
from edge.build import make_detector
from edge.errors import CameraError
from edge.frames import Image

_SIDES = ("left", "top", "width", "height")
# What the project aims at, by the name of the detector: per cent of the face's width, and shares.
_AIMS: dict[str, dict[str, str]] = {
    "yunet": {
        **dict.fromkeys(_SIDES, "≤ 1.0"),
        **dict.fromkeys(("crop_centre", "crop_side"), "≤ 0.6"),
        "probability": "≤ 0.009",
        "same_label": "≥ 0.99",
    },
    "haar": dict.fromkeys(_SIDES, "≤ 2.0"),
}


def run(chosen: Namespace) -> None:
    """Print how far the runs are apart; write JSON where --json asks for it."""
    config = options.make_config(chosen)
    pictures, fps = load_pictures(chosen.clip, chosen.frames)
    pictures = list(play_to_and_fro(pictures, chosen.frames))
    clean = measure_run(pictures, fps, config)
    if not any(clean):
        raise CameraError(f"expected a face in {chosen.clip}, found none; name another with --clip")
    noisy = [
        measure_run(add_noise(pictures, chosen.noise, seed), fps, config)
        for seed in tqdm(range(chosen.rounds), desc="rounds", leave=False)
    ]
    steadiness, jitter = compare_runs(clean, noisy), compute_jitter(clean)
    name = make_detector(config).name
    print(
        f"{chosen.clip} by {name}, {chosen.frames} frames, {chosen.rounds} times with noise of "
        f"{chosen.noise:g} grey levels and once without\n"
        "places and sides: root mean square, % of the face's width"
    )
    print(format_steadiness(steadiness, jitter, _AIMS[name]))
    if chosen.json:
        stats = {
            "command": "steadiness",
            "clip": chosen.clip.name,
            "detector": name,
            "frames": chosen.frames,
            "rounds": chosen.rounds,
            "noise": chosen.noise,
            **asdict(steadiness),
            "frame_to_frame": jitter,
        }
        write_json(chosen.json, stats)


def play_to_and_fro(pictures: Sequence[Image], count: int) -> Iterator[Image]:
    """Play `count` pictures: to the end, back to the start, and so on."""
    order = [*pictures, *reversed(pictures)]
    return (order[index % len(order)] for index in range(count))


def format_steadiness(steadiness: Steadiness, jitter: dict[str, float], aims: dict[str, str]) -> str:
    """Format both as a table, with the aims."""
    rows = []
    for name, value in asdict(steadiness).items():
        text = f"{value:.{2 if name in jitter else 4}f}" if isinstance(value, float) else str(value)
        rows.append([name, text, f"{jitter[name]:.2f}" if name in jitter else "", aims.get(name, "")])
    return format_table(["", "noise", "frame to frame", "aim"], rows)
