"""Starts the process of a pass, plays its viewer, and takes its result."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks.passes.protocol import PassRequest, PassResult
from edge.errors import FerEdgeError
from edge.settings.config import Config
from edge.settings.credentials import PREFIX

PASS_WITHIN_S = 600.0
_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class CompletedPass:
    """What a process reported of its pass, and how long after its start the first frame was drawn."""

    result: PassResult
    cold_start_s: float


@dataclass(frozen=True, slots=True)
class Launcher:
    """How the interpreter is started for a pass: its arguments before the request, and what it needs set."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


OWN_WORKER = Launcher(("-m", "benchmarks.passes.worker"))


def make_checkout_launcher(checkout: Path, bytecode: Path) -> Launcher:
    """Make the launcher for a pass of any checkout since version 0.1, also of this one.

    Compiled modules are kept in the folder `bytecode`, so that no checkout has more of them than another.
    """
    arguments = ("-P", str(Path(__file__).with_name("any_checkout.py")), str(checkout))
    return Launcher(arguments, {"PYTHONPYCACHEPREFIX": str(bytecode), "PYTHONDONTWRITEBYTECODE": ""})


class PassError(FerEdgeError):
    """A pass ended without a result."""


def run_pass_process(request: PassRequest, launcher: Launcher = OWN_WORKER) -> CompletedPass:
    """Run a pass in a process of its own, with a viewer where it serves one; raises PassError."""
    started_s = time.monotonic()
    with start_pass(request, launcher) as (process, url):
        if url:
            threading.Thread(target=_watch_stream, args=(url,), daemon=True, name="viewer").start()
        return finish_pass(process, started_s)


@contextmanager
def start_pass(
    request: PassRequest, launcher: Launcher = OWN_WORKER
) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """Start a process that runs `request`, and kill it in the end if it still runs.

    Yields the process and the address of its stream, or an empty address where it serves none.
    """
    process = subprocess.Popen(
        [sys.executable, *launcher.arguments, encode_request(request)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**_make_environment(), **launcher.environment},
    )
    try:
        assert process.stdout is not None
        first_line = process.stdout.readline() if request.viewer else ""
        yield process, json.loads(first_line)["url"] if first_line else ""
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def finish_pass(process: "subprocess.Popen[str]", started_s: float) -> CompletedPass:
    """Wait for the process to end and take its result.

    Raises PassError with the process's own message and code.
    """
    output, messages = process.communicate(timeout=PASS_WITHIN_S)
    if process.returncode:
        last_line = messages.strip().splitlines()[-1] if messages.strip() else "it printed no error"
        error = PassError(last_line.removeprefix("fer-edge: "))
        error.exit_code = process.returncode
        raise error
    result = msgspec.json.decode(output, type=PassResult)
    return CompletedPass(result, result.drawn_at_s[0] - started_s)


def encode_request(request: PassRequest) -> str:
    """Encode `request` as JSON without the settings that have their default value.

    Another checkout may not know them, or may have other defaults.
    """
    content = msgspec.to_builtins(request)
    defaults = msgspec.to_builtins(Config())
    content["config"] = {
        name: value for name, value in content["config"].items() if value != defaults.get(name)
    }
    return msgspec.json.encode(content).decode()


def _make_environment() -> dict[str, str]:
    """Copy this process's environment without the app's settings: a token would shut the viewer out."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) and name != "CREDENTIALS_DIRECTORY"
    }


def _watch_stream(url: str) -> None:
    """Read the stream until it ends, as a viewer does."""
    with (
        suppress(OSError, http.client.HTTPException),
        urllib.request.urlopen(f"{url}/stream", timeout=PASS_WITHIN_S) as response,
    ):
        while response.read(_READ_BYTES):
            pass
