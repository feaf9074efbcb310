"""The model files, and what comes out when they are used."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge import files, models
from edge.checks.findings import Finding, ok, problem, skipped, warning
from edge.checks.machine import Machine
from edge.command import DISTRIBUTION
from edge.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from edge.settings.config import Config

TRIAL_WITHIN_S = 60.0
HASH_SHOWN = 16


def yunet(machine: Machine, config: "Config") -> Iterator[Finding]:
    """YuNet's file, which is not ours to ship."""
    path = Path(config.yunet) if config.yunet else models.yunet_path()
    if config.detector == "haar":
        yield skipped("the settings ask for haar")
    elif path.is_file():
        yield ok(f"{path}, {_hash(path)}")
    elif config.detector == "yunet" or config.yunet:
        yield problem(f"no YuNet at {path}", "python -m edge.models")
    else:
        yield warning(f"no YuNet at {path}: Haar misses more faces", "python -m edge.models")


def _hash(path: Path) -> str:
    found = files.sha256(path)
    known = "as published" if found == models.YUNET.sha256 else "another file than the published one"
    return f"sha256 {found[:HASH_SHOWN]}…, {known}"


def model(machine: Machine, config: "Config") -> Iterator[Finding]:
    """The classifier: its contract, and a trial on the demo's face."""
    ran = machine.run([sys.executable, "-m", "edge.checks.trial", *machine.arguments], TRIAL_WITHIN_S)
    if ran is None:
        yield skipped("this Python cannot be started again")
    elif ran.code < 0:
        yield problem(
            f"the trial dies of {signal.Signals(-ran.code).name}",
            "pip install --upgrade onnxruntime, and see libraries above",
        )
    elif ran.code == ConfigError.exit_code:
        yield skipped("no trial before the settings are right")
    elif ran.code == ModelError.exit_code:
        found, _, remedy = _last_line(ran.err).rpartition("; ")
        yield problem(found, remedy)
    elif ran.code:
        yield problem(
            f"the trial fails: {_last_line(ran.err) or 'no reason'}",
            "python -m edge.checks.trial shows where; report that",
        )
    else:
        yield from _judged(json.loads(ran.out.splitlines()[-1]))


def _last_line(text: str) -> str:
    """The last line, without the name that a command's error begins with."""
    lines = text.strip().splitlines()
    return lines[-1].removeprefix(f"{DISTRIBUTION}: ") if lines else ""


def _judged(said: dict[str, Any]) -> Iterator[Finding]:
    yield ok(
        f"{said['file']}, sha256 {said['sha256'][:HASH_SHOWN]}…, {said['precision']}, {said['input']}, "
        f"{', '.join(said['labels'])}; for {', '.join(said['detectors'])}"
    )
    trial = f"{said['detector']} and the model on the demo's face: {said['label'] or 'no face'}, {said['took_ms']:g} ms"
    if said["label"] is None:
        yield problem(trial, "python -m edge.models fetches a detector that is whole; or use --detector haar")
    elif said["expected"] in said["labels"] and said["label"] != said["expected"]:
        yield warning(
            f"{trial}, where {said['expected']} is expected", "copy the model again, or convert it again"
        )
    else:
        yield ok(trial)


def benchmark(machine: Machine, config: "Config") -> Iterator[Finding]:
    """What the benchmark of this device found best, unless the settings say all of it."""
    import msgspec

    from edge.settings import benchmark_result

    if config.model is not None:
        yield skipped("the settings name the model")
        return
    at = benchmark_result.locate()
    try:
        found = msgspec.json.decode(at.read_bytes(), type=benchmark_result.BenchmarkResult)
    except FileNotFoundError:
        yield skipped("this device was not benchmarked yet: python -m benchmarks finds what serves it best")
        return
    except (OSError, msgspec.DecodeError) as error:
        yield warning(f"{at} is no benchmark's result: {error}", "python -m benchmarks")
        return
    reason = benchmark_result.explain_mismatch(found, models.classifier_path().parent)
    if reason:
        yield warning(f"the result in {at} is not used: {reason}", "python -m benchmarks")
    else:
        yield ok(f"{found.model} on {found.threads} thread(s): {found.why}")
