"""The scripts in findings/ have their form: pinned versions, nothing left behind, no use of the product."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FINDINGS = ROOT / "findings"
SCRIPTS = sorted(FINDINGS.glob("*.sh"))
# Options of pip install that take a value.
PIP_OPTIONS = {"--platform", "--python-version", "--target"}
OURS = "edge|export|benchmarks"

for_each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)


def output_of(*command: str | Path) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.stdout + ended.stderr + (f"exit code {ended.returncode}" if ended.returncode else "")


def read_pip_requirements(text: str) -> list[str]:
    """What the script hands to `pip install`, options left out and the array `packages` filled in."""
    packages = re.search(r"(?m)^packages=\(([^)]*)\)$", text)
    joined = text.replace("\\\n", " ").replace('"${packages[@]}"', packages[1] if packages else "")
    requirements: list[str] = []
    for arguments in re.findall(r'bin/pip" (?:\S+ )*?install ([^;\n]*)', joined):
        words = iter(shlex.split(arguments))
        for word in words:
            if word in PIP_OPTIONS:
                next(words)
            elif not word.startswith("--"):
                requirements.append(word)
    return requirements


def test_readme_lists_every_script_once_with_the_day_it_was_seen() -> None:
    rows = re.findall(
        r"(?m)^\| \[([\w.-]+)\]\(([\w.-]+)\) \| .+ \| .*\d.* \| \d{4}-\d\d-\d\d \|$",
        (FINDINGS / "README.md").read_text(),
    )
    assert [name for name, _ in rows] == [target for _, target in rows] == [script.name for script in SCRIPTS]
    assert len(rows) >= 10


@for_each_script
def test_script_is_executable_and_neither_bash_nor_shellcheck_complains(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    assert output_of("bash", "-n", script) == ""
    assert output_of(Path(sys.executable).with_name("shellcheck"), script) == ""


@for_each_script
def test_script_says_what_is_expected_and_what_is_seen(script: Path) -> None:
    head, _, body = script.read_text().partition("set -euo pipefail\n")
    assert re.search(r"(?m)^# Expected: .+$", head) and re.search(r"(?m)^# Seen: .+$", head)
    for word in ("version:", "expected:", "seen:", "changed:"):
        assert word in body, word


@for_each_script
def test_script_works_in_a_folder_that_it_removes(script: Path) -> None:
    text = script.read_text()
    assert "\nfolder=$(mktemp -d)\ntrap 'rm -rf \"$folder\"' EXIT\n" in text
    assert not re.search(r"/(?:tmp|home|root|work)/", text)


@for_each_script
def test_script_installs_exact_versions_alone(script: Path) -> None:
    text = script.read_text()
    requirements = read_pip_requirements(text)
    assert bool(requirements) == ("pip" in re.findall(r"\w+", text.replace("pipefail", "")))
    for requirement in requirements:
        assert re.fullmatch(r"[\w-]+==\d+(\.\d+)+", requirement), requirement


def test_unpinned_package_would_be_noticed() -> None:
    text = '"$folder/venv/bin/pip" install --quiet --target "$folder/x" \\\n    av numpy==2.4.6; }; then'
    assert read_pip_requirements(text) == ["av", "numpy==2.4.6"]


@for_each_script
def test_script_runs_nothing_of_this_project(script: Path) -> None:
    text = script.read_text()
    assert not re.search(rf"(?m)^\s*(?:from|import) (?:{OURS})\b|-m (?:{OURS})\b|fer[-_]edge", text)
