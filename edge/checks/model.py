"""Checks the model files, by their contents and by a trial run on a picture."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge import files, models
from edge.checks.check_result import CheckResult, ok, problem, skip, warning
from edge.checks.machine import Machine
from edge.command import DISTRIBUTION
from edge.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from edge.settings.config import Config

TRIAL_WITHIN_S = 60.0
# Characters of a sha256 that are enough to tell files apart.
DIGEST_SHOWN = 16


def check_yunet(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """YuNet's file, which this project does not ship."""
    path = Path(config.yunet) if config.yunet else models.locate_yunet()
    if config.detector == "haar":
        yield skip("the settings ask for haar")
    elif path.is_file():
        digest = files.sha256(path)
        known = "as published" if digest == models.YUNET.sha256 else "not the published file"
        yield ok(f"{path}, sha256 {digest[:DIGEST_SHOWN]}…, {known}")
    elif config.detector == "yunet" or config.yunet:
        yield problem(f"no YuNet at {path}", "python -m edge.models")
    else:
        yield warning(f"no YuNet at {path}: Haar misses more faces", "python -m edge.models")


def check_model(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """The classifier: its metadata, and a trial on the demo's face."""
    command = [sys.executable, "-m", "edge.checks.trial", *machine.arguments]
    result = machine.run(command, TRIAL_WITHIN_S)
    if result is None:
        yield skip("this Python cannot be started again")
    elif result.code < 0:
        yield problem(
            f"the trial dies of {signal.Signals(-result.code).name}",
            "pip install --upgrade onnxruntime, and see libraries above",
        )
    elif result.code == ConfigError.exit_code:
        yield skip("no trial before the settings are right")
    elif result.code == ModelError.exit_code:
        found, _, remedy = result.last_error.removeprefix(f"{DISTRIBUTION}: ").rpartition("; ")
        yield problem(found, remedy)
    elif result.code:
        yield problem(
            f"the trial fails: {result.last_error.removeprefix(f'{DISTRIBUTION}: ')}",
            "python -m edge.checks.trial shows where; report that",
        )
    else:
        yield from _judge_trial(json.loads(result.stdout.splitlines()[-1]))


def _judge_trial(trial: dict[str, Any]) -> Iterator[CheckResult]:
    """The results that follow from what edge.checks.trial printed."""
    yield ok(
        f"{trial['file']}, sha256 {trial['sha256'][:DIGEST_SHOWN]}…, {trial['precision']}, {trial['input']}, "
        f"{', '.join(trial['labels'])}; for {', '.join(trial['detectors'])}"
    )
    label, expected = trial["label"], trial["expected"]
    found = (
        f"{trial['detector']} and the model on the demo's face: {label or 'no face'}, {trial['took_ms']:g} ms"
    )
    if label is None:
        yield problem(found, "fetch the detector again with python -m edge.models, or use --detector haar")
    elif expected in trial["labels"] and label != expected:
        yield warning(f"{found}, where {expected} is expected", "copy the model again, or convert it again")
    else:
        yield ok(found)


def check_benchmark(machine: Machine, config: "Config") -> Iterator[CheckResult]:
    """The result of this device's benchmark, unless the settings name the model."""
    import msgspec

    from edge.settings import benchmark_result

    if config.model is not None:
        yield skip("the settings name the model")
        return
    path = benchmark_result.locate()
    try:
        result = msgspec.json.decode(path.read_bytes(), type=benchmark_result.BenchmarkResult)
    except FileNotFoundError:
        yield skip("this device was not benchmarked yet: python -m benchmarks finds what serves it best")
        return
    except (OSError, msgspec.DecodeError) as error:
        yield warning(f"{path} holds no benchmark's result: {error}", "python -m benchmarks")
        return
    reason = benchmark_result.explain_mismatch(result, models.locate_classifier().parent)
    if reason:
        yield warning(f"the result in {path} is not used: {reason}", "python -m benchmarks")
    else:
        yield ok(f"{result.model} on {result.threads} thread(s): {result.why}")
