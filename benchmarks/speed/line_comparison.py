"""The benchmark line for another commit and for this checkout in turn: the ratios of their stats."""

import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import msgspec
from tqdm import tqdm

from benchmarks import options
from benchmarks.arithmetic import Spread, compute_ratio_spread
from benchmarks.clip import Clip, write_clip
from benchmarks.footer import describe_run, print_footer
from benchmarks.machine_info import ConditionRecorder
from benchmarks.passes.process import CompletedPass, make_checkout_launcher, run_pass_process
from benchmarks.speed.line_passes import Kind, describe_tiles, make_request
from benchmarks.speed.line_stats import collect_stats, compute_spreads, nest_medians
from benchmarks.speed.worktree import ROOT, open_worktree
from benchmarks.tables import format_number, format_table
from edge import build, models
from edge.errors import ConfigError
from edge.settings.config import Config

# Timed passes, which compare a checkout with the calls of the libraries that it makes, are left out.
KINDS: tuple[Kind, ...] = ("unpaced", "live")
# Enough to run, and so to compile, every module.
WARM_UP_FRAMES = 10

Passes = dict[Kind, list[CompletedPass]]


def run(chosen: Namespace, config: Config, clip: Clip | None) -> None:
    """Print the medians of both and the spread of their ratios; compare and write JSON as the options say."""
    if clip is None:
        raise ConfigError(
            "expected --clip with --against, found --camera, which shows each pass other pictures; "
            "name a clip"
        )
    config = choose_files(config)
    with ConditionRecorder() as recorder, open_worktree(chosen.against) as other:
        old, new = run_in_turn(chosen, config, clip, (other.path, ROOT))
    old_spreads, new_spreads, ratios = compute_spreads(old), compute_spreads(new), compute_ratios(old, new)
    stats = {
        "command": "line",
        **options.describe_source(chosen, config),
        "tiles": describe_tiles(chosen),
        "frames": chosen.frames,
        "viewer": chosen.viewer,
        "is_drawn": not chosen.not_drawn,
        "against": other.commit,
        "old": nest_medians(old_spreads),
        "new": nest_medians(new_spreads),
        "ratio": nest_medians(ratios),
        **describe_run(config, recorder.condition),
    }
    print(f"{'not drawn' if chosen.not_drawn else 'drawn'}, {chosen.rounds} passes of each kind, in turn")
    print(format_comparison(other.commit[:7], old_spreads, new_spreads, ratios))
    print_footer(
        chosen, stats, {f"ratio.{name}": ratio for name, ratio in ratios.items()}, recorder.condition
    )


def choose_files(config: Config) -> Config:
    """Name the model, its threads and the detector that this checkout takes, for the other to take them."""
    model, threads, _ = build.choose_model(config)
    detector = build.make_detector(config)
    yunet = str(Path(config.yunet or models.locate_yunet()).absolute()) if detector.name == "yunet" else None
    return msgspec.structs.replace(
        config, model=str(model.absolute()), threads=threads, detector=detector.name, yunet=yunet
    )


def run_in_turn(
    chosen: Namespace, config: Config, clip: Clip, checkouts: tuple[Path, Path]
) -> tuple[Passes, Passes]:
    """Run passes of both checkouts over `clip` in turn; which of them begins changes from round to round."""
    with tempfile.TemporaryDirectory() as folder:
        clip_file = Path(folder, "clip")
        write_clip(clip, clip_file)
        launchers = [make_checkout_launcher(path, Path(folder, "bytecode")) for path in checkouts]
        warm_up = msgspec.structs.replace(
            make_request(chosen, config, clip_file, "unpaced"), frames=WARM_UP_FRAMES
        )
        for launcher in launchers:
            run_pass_process(warm_up, launcher)
        passes: tuple[Passes, Passes] = {kind: [] for kind in KINDS}, {kind: [] for kind in KINDS}
        for number in tqdm(range(chosen.rounds), desc="rounds", leave=False, file=sys.stderr):
            order = (0, 1) if number % 2 == 0 else (1, 0)
            for kind, which in product(KINDS, order):
                request = make_request(chosen, config, clip_file, kind)
                passes[which][kind].append(run_pass_process(request, launchers[which]))
    return passes


def compute_ratios(
    old: Mapping[Kind, Sequence[CompletedPass]], new: Mapping[Kind, Sequence[CompletedPass]]
) -> dict[str, Spread]:
    """Compute the spread of new / old of every stat that is above 0 in each of the old passes."""
    before, after = collect_stats(old), collect_stats(new)
    return {
        name: compute_ratio_spread(values, after[name]) for name, values in before.items() if min(values) > 0
    }


def format_comparison(
    commit: str, old: Mapping[str, Spread], new: Mapping[str, Spread], ratios: Mapping[str, Spread]
) -> str:
    """Format the medians of both, and the median and the quartiles of the ratios, where there are ratios."""
    rows = []
    for name, spread in new.items():
        row = [name, format_number(old[name].median), format_number(spread.median)]
        ratio = ratios.get(name)
        row += [f"× {ratio.median:.2f}", f"{ratio.low:.2f} – {ratio.high:.2f}"] if ratio else ["", ""]
        rows.append(row)
    return format_table(["", commit, "this checkout", "ratio", "quartiles"], rows)
