"""What each command of the benchmarks does with its options."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from benchmarks import arithmetic, clip, files, machine_info, tables
from benchmarks.arithmetic import Spread
from benchmarks.machine_info import Condition
from edge import models
from edge.build import choose_model, make_detector
from edge.errors import ConfigError
from edge.faces.classifier import OnnxClassifier
from edge.files import sha256
from edge.settings import benchmark_result
from edge.settings.config import Config

if TYPE_CHECKING:
    from benchmarks.endurance.soak import Sample

# Options that are settings of the app as well.
_SETTINGS = ("camera", "detector", "yunet", "model", "fps")


def agreement(chosen: Namespace) -> None:
    """Print a table of all scenes; write JSON where it is asked for."""
    from benchmarks.agreement import agreement as scenes

    config = _config(chosen)
    detector, model = make_detector(config), Path(config.model or models.classifier_path())
    found = scenes.measured(
        clip.load(chosen.clip), config, OnnxClassifier(model, detector.name), chosen.seconds
    )
    print(
        f"{chosen.clip} by {detector.name}, {chosen.seconds:g} s a scene; delays: ms of media time, median (most) "
        "×events !never;\nextra: the line shows a face that the full search does not find; "
        "known: the face came 0.3 s ago or earlier"
    )
    print(scenes.table(found))
    if chosen.json:
        files.write_json(
            chosen.json,
            {
                "command": "agreement",
                "clip": chosen.clip.name,
                "detector": detector.name,
                "all": asdict(scenes.together(found)),
                "scenes": {name: asdict(scene) for name, scene in found.items()},
            },
        )


# With one face, on a quiet machine.
_AIMS = {
    "rss_mb": "≤ 120",
    "latency_ms.p50": "≤ 8",
    "latency_ms.p95": "≤ 20",
    "latency_ms.p99": "≤ 2 × p95",
    "overhead_ratio": "≤ 1.3",
    "cold_start_s": "≤ 0.6",
    "dropped": "0",
}


def line(chosen: Namespace) -> None:
    """Print the figures over the rounds and the library calls; write JSON and compare where it is asked for."""
    from benchmarks.speed import line as passes

    config = _config(chosen)
    video = clip.load(chosen.clip) if chosen.clip else None
    with machine_info.Watched() as watched:
        found = passes.measured(
            video, config, frames=chosen.frames, fps=chosen.fps, rounds=chosen.rounds, viewer=chosen.viewer
        )
    spreads, calls = passes.spreads(found), passes.calls(found)
    figures = {
        "command": "line",
        **_source(chosen, config),
        "frames": chosen.frames,
        "viewer": chosen.viewer,
        **passes.nested(spreads),
        "calls_per_frame": calls,
        **_where(config, watched.condition),
    }
    rows = [tables.spread_row(name, spread, _AIMS.get(name, "")) for name, spread in spreads.items()]
    print(tables.table(["", "median", "quartiles", "aim"], rows))
    print()
    print(
        tables.table(
            ["library call", "a frame", "CPU ms a frame"],
            [[name, f"{count:.2f}", f"{cpu_ms:.3f}"] for name, (count, cpu_ms) in calls.items()],
        )
    )
    _tell(chosen, figures, spreads, watched.condition)


def stages(chosen: Namespace) -> None:
    """Print what each stage takes, draw it where it is asked for, and leave the app the form that serves best."""
    from benchmarks.speed import model_choice, stage_plot
    from benchmarks.speed import stages as parts

    if chosen.png:
        stage_plot.figure_type()  # Better told now than after a minute.
    config, video = _config(chosen), clip.load(chosen.clip)
    model = Path(config.model or models.classifier_path())
    forms = parts.forms(model)
    with machine_info.Watched() as watched:
        costs = parts.timed(parts.stages(video, config), chosen.rounds)
        runs = parts.timed(parts.inferences(video, config, forms), chosen.rounds)
    spreads = {f"{name}, ms": cost.wall_ms for name, cost in costs.items()}
    spreads |= {f"{run}, ms": cost.wall_ms for run, cost in runs.items()}
    figures = {
        "command": "stages",
        **_source(chosen, config),
        "rounds": chosen.rounds,
        "cpu_ms": {str(name): cost.cpu_ms.median for name, cost in [*costs.items(), *runs.items()]},
        **_where(config, watched.condition),
    }
    print(
        tables.table(
            ["", "ms", "quartiles", ""],
            [tables.spread_row(name, cost.wall_ms) for name, cost in costs.items()],
        )
    )
    print(f"\n{tables.runs(runs)}")
    _tell(chosen, figures, spreads, watched.condition)
    if chosen.png:
        stage_plot.stages(costs, runs, machine_info.headline(figures["machine"]), chosen.png)
    tuned = model_choice.tuned(runs, {form.name: sha256(form) for form in forms}, model.name)
    print(
        f"best here: {tuned.model} on {tuned.threads} thread{'s' if tuned.threads > 1 else ''}; {tuned.why}"
    )
    if not chosen.model:
        model_choice.keep(tuned, benchmark_result.locate())
        print(f"kept for the app in {benchmark_result.locate()}")


def soak(chosen: Namespace) -> int:
    """Print samples as they come and what has grown; 1 when anything has."""
    from benchmarks.agreement.agreement import first_face
    from benchmarks.endurance import soak as soaking

    config, video = _config(chosen), clip.load(chosen.clip)
    print(f"{'s':>6}{'MB':>9}{'threads':>9}{'descriptors':>13}")
    with machine_info.Watched() as watched:
        found = soaking.soaked(
            video,
            first_face(video, config),
            config,
            minutes=chosen.minutes,
            viewers=chosen.viewers,
            fps=chosen.fps,
            tell=_tell_sample,
        )
    grown, last = found.grown(), found.passed.passed
    fps, drops = arithmetic.rate_per_s(last.drawn_at_s), arithmetic.dropped(last.numbers)
    print(
        f"viewers {found.visits}, refused {found.refused or 'none'}\nthe last {len(last.numbers)} frames: "
        f"{fps:.1f} FPS, {drops} dropped; memory between {found.mb_per_hour():+.1f} MB an hour"
    )
    figures = {
        "command": "soak",
        **_source(chosen, config),
        "minutes": chosen.minutes,
        "grown": grown,
        "first": asdict(found.first),
        "last": asdict(found.last),
        "mb_per_hour": found.mb_per_hour(),
        "visits": found.visits,
        "refused": found.refused,
        "frames_per_s": fps,
        "dropped": drops,
        **_where(config, watched.condition),
    }
    _tell(chosen, figures, {}, watched.condition)
    print(
        "\n".join(f"GROWN: {line_}" for line_ in grown) or "steady: nothing has grown since the first minute"
    )
    return int(bool(grown))


def _tell_sample(sample: "Sample") -> None:
    print(f"{sample.at_s:6.0f}{sample.rss_mb:9.1f}{sample.threads:9}{sample.descriptors:13}", flush=True)


def _source(chosen: Namespace, config: Config) -> dict[str, Any]:
    return {"clip": chosen.clip.name if chosen.clip else None, "detector": make_detector(config).name}


def _where(config: Config, condition: Condition) -> dict[str, Any]:
    return {
        "machine": machine_info.described(choose_model(config)[0]),
        "condition": machine_info.condition(condition),
    }


def _tell(
    chosen: Namespace, figures: dict[str, Any], spreads: dict[str, Spread], condition: Condition
) -> None:
    """What stands below every table: the machine, doubts, the changes since an older run, and the JSON."""
    print(f"\n{machine_info.headline(figures['machine'])}")
    for warning in condition.warnings():
        print(f"DOUBTFUL: {warning}")
    if getattr(chosen, "compare", None):
        print(tables.comparison(chosen.compare, figures, spreads))
    if chosen.json:
        tables.write(chosen.json, figures, spreads)


def _config(chosen: Namespace) -> Config:
    given = {key: value for key, value in vars(chosen).items() if key in _SETTINGS and value is not None}
    if "camera" not in given:
        given.pop("fps", None)  # The rate of a clip is none of the app's settings.
    try:
        # A viewer's port is any that is free.
        return msgspec.convert({**given, "listen": "127.0.0.1:0"}, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"expected what python -m edge.run takes, found: {error}; its --help says the limits"
        ) from error
