"""What a real process takes: one of our own, which does what the test wants."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.process_usage import read_cpu_s, read_rss_mb, read_usage

GROWN_MB = 64


@contextmanager
def run_program(text: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Python at work on `text`, which prints a line when it is ready; it is killed in the end."""
    process = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    assert process.stdout is not None and process.stdin is not None
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


WAIT = "print(flush=True); import sys; sys.stdin.read()"


def test_thread_and_open_file_are_counted(tmp_path: Path) -> None:
    before, end = read_usage(), threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    with (tmp_path / "file").open("w"):
        during = read_usage()
    end.set()
    thread.join()
    assert (during.threads, during.descriptors) == (before.threads + 1, before.descriptors + 1)
    assert (read_usage().threads, read_usage().descriptors) == (before.threads, before.descriptors)


def test_memory_is_in_mb_and_that_of_the_process_asked_for() -> None:
    with run_program(WAIT) as small, run_program(f"held = b'x' * {GROWN_MB * 10**6}; {WAIT}") as large:
        grown_mb = read_usage(large.pid).rss_mb - read_usage(small.pid).rss_mb
    assert grown_mb == pytest.approx(GROWN_MB, rel=0.1)


@pytest.mark.parametrize(
    ("work", "is_work"),
    [("sum(number * number for number in range(3_000_000))", True), ("pass", False)],
    ids=["works", "idles"],
)
def test_cpu_time_grows_with_work_alone(work: str, *, is_work: bool) -> None:
    loop = f"print(flush=True); import sys; sys.stdin.readline(); {work}; print(flush=True); sys.stdin.read()"
    with run_program(loop) as process:
        before_s = read_cpu_s(process.pid)
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        # A tick of the kernel's clock is 10 ms.
        assert (read_cpu_s(process.pid) - before_s > 0.03) is is_work


def test_usage_agrees_with_what_the_kernel_writes(read_status: Callable[[], dict[str, str]]) -> None:
    status, usage = read_status(), read_usage()
    assert usage.threads == int(status["Threads"])
    assert usage.rss_mb == pytest.approx(int(status["VmRSS"].split()[0]) * 1024 / 1e6, rel=0.05)
    assert read_rss_mb() == pytest.approx(usage.rss_mb, rel=0.05)


@pytest.fixture
def read_status() -> Callable[[], dict[str, str]]:
    """What reads the fields of proc(5)'s status of this process."""

    def read() -> dict[str, str]:
        rows = Path("/proc/self/status").read_text().splitlines()
        return dict(row.split(":\t", 1) for row in rows if ":\t" in row)

    return read
