"""Passes of made checkouts with the workers of several versions."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.passes import any_checkout
from benchmarks.passes.process import make_checkout_launcher

OLD_WORKER = """
import sys
class overlay:
    @staticmethod
    def draw(result, corner): print("drawn")
class Order:
    __struct_fields__ = ("clip",)
class Watching:
    wanted = True
def main():
    overlay.draw(None, corner="")
    print(Watching.wanted, sys.argv[1])
"""
NEW_WORKER = """
import sys
class PassRequest:
    __struct_fields__ = ("clip", "is_drawn")
class TimingSink:
    needs_picture = "as the request says"
def main():
    print(TimingSink.needs_picture, sys.argv[1])
"""


def make_checkout(root: Path, module: str, content: str) -> Path:
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True)
    for folder in path.relative_to(root).parents[:-1]:
        (root / folder / "__init__.py").touch()
    path.write_text(content)
    return root


def run(checkout: Path, request: str) -> "subprocess.CompletedProcess[str]":
    launcher = make_checkout_launcher(checkout, checkout / "bytecode")
    command = [sys.executable, *launcher.arguments, request]
    return subprocess.run(command, capture_output=True, text=True, cwd=checkout.parent)


@pytest.mark.parametrize(
    ("request_", "output"),
    [
        ('{"is_drawn": true}', 'drawn\nTrue {"is_drawn": true}\n'),
        ('{"is_drawn": false}', 'False {"is_drawn": false}\n'),
    ],
)
def test_worker_of_version_0_1_draws_only_where_that_is_asked_for(
    request_: str, output: str, tmp_path: Path
) -> None:
    ended = run(make_checkout(tmp_path / "old", "benchmarks.worker", OLD_WORKER), request_)
    assert (ended.stdout, ended.stderr, ended.returncode) == (output, "", 0)


def test_worker_that_knows_the_request_is_left_alone(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "new", "benchmarks.passes.worker", NEW_WORKER)
    assert run(checkout, '{"is_drawn": false}').stdout == 'as the request says {"is_drawn": false}\n'


def test_checkout_without_a_worker_is_refused(tmp_path: Path) -> None:
    ended = run(make_checkout(tmp_path / "none", "benchmarks.other", ""), '{"is_drawn": true}')
    assert ended.returncode == 1
    assert ended.stderr.startswith("expected benchmarks.passes.worker or benchmarks.worker in that checkout")


def test_it_imports_nothing_of_its_own_checkout() -> None:
    source = Path(any_checkout.__file__).read_text()
    assert not any(
        f"{word} {package}" in source for word in ("import", "from") for package in ("edge", "bench")
    )
