"""Samples from outside what the process of a pass holds."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks.passes.process import PassError, finish_pass
from benchmarks.process_usage import ProcessUsage, read_usage

SAMPLE_EVERY_S = 5.0
# A quiet sample: nobody watches for this long, so that connections can end; then this many samples, a second
# apart.
SETTLE_S, QUIET_SAMPLES = 5.0, 5


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds `at_s` seconds after its start."""

    at_s: float
    usage: ProcessUsage


class ProcessSampler:
    """Samples the process of a pass."""

    def __init__(
        self, process: "subprocess.Popen[str]", started_s: float, report: Callable[[Sample], None]
    ) -> None:
        """`report` is called with every sample that is kept; `started_s` is the start by time.monotonic()."""
        self._process, self._started_s, self._report = process, started_s, report
        self.samples: list[Sample] = []
        """What sample_until took."""

    def measure_elapsed_s(self) -> float:
        """Measure the time since the start."""
        return time.monotonic() - self._started_s

    def sample_until(self, at_s: float) -> None:
        """Take a sample every SAMPLE_EVERY_S until `at_s` after the start."""
        while (left_s := at_s - self.measure_elapsed_s()) > 0:
            time.sleep(min(SAMPLE_EVERY_S, left_s))
            self.samples.append(self._take_sample())
            self._report(self.samples[-1])

    def sample_quiet(self) -> Sample:
        """Combine samples taken while nobody watches: median memory, most threads, most descriptors."""
        time.sleep(SETTLE_S)
        taken = []
        for _ in range(QUIET_SAMPLES):
            taken.append(self._take_sample())
            time.sleep(1)
        usages = [sample.usage for sample in taken]
        usage = ProcessUsage(
            threads=max(usage.threads for usage in usages),
            descriptors=max(usage.descriptors for usage in usages),
            rss_mb=median(usage.rss_mb for usage in usages),
        )
        self._report(combined := Sample(taken[-1].at_s, usage))
        return combined

    def _take_sample(self) -> Sample:
        if self._process.poll() is not None:
            # If the process failed, this raises PassError with its own message.
            finish_pass(self._process, self._started_s)
            raise PassError(
                "expected the pipeline to run until it is stopped, found that it ended; run this again"
            )
        return Sample(self.measure_elapsed_s(), read_usage(self._process.pid))
