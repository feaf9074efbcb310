"""What a process takes of the machine: threads, descriptors, memory and CPU time.

psutil is imported on first use, so that the start of a process that measures itself is not slower for it.
"""

import os
from dataclasses import dataclass
from pathlib import Path

MB = 1e6


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What a process holds at one moment."""

    threads: int
    descriptors: int
    """Open files, sockets and pipes."""
    rss_mb: float
    """Resident memory, MB of 10^6 bytes."""


def read_usage(pid: int | None = None) -> ProcessUsage:
    """Read what the process `pid` holds, by default this one."""
    import psutil

    process = psutil.Process(pid)
    with process.oneshot():
        return ProcessUsage(process.num_threads(), process.num_fds(), process.memory_info().rss / MB)


def read_rss_mb() -> float:
    """Read this process's resident memory, MB of 10^6 bytes.

    It does without psutil, whose import alone takes 1 MB.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def read_cpu_s(pid: int) -> float:
    """Read the CPU time of all threads of the process `pid` since its start, user and kernel mode, s."""
    import psutil

    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
