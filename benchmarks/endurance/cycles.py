"""The benchmark cycles: unplugs a camera and plugs it in, again and again; what grows, and what is late?

The pipeline is the real one, from a USB camera's handle to the drawn frame.  The handle is a stand-in that
fails as OpenCV's does and opens at once: the time that a real camera takes to open and settle comes on top.
"""

import logging
import tempfile
from argparse import Namespace
from pathlib import Path

from benchmarks.arithmetic import compute_percentiles
from benchmarks.clip import DEMO, load_clip
from benchmarks.endurance.growth import list_growth
from benchmarks.endurance.unplugging import FPS, FakeCapture, UnpluggingSink, UsbSocket
from benchmarks.process_usage import ProcessUsage, read_usage
from edge.build import build
from edge.cameras.reconnecting import ReconnectingCamera
from edge.cameras.usb import UsbCamera
from edge.settings.config import Config
from edge.telemetry import Telemetry
from edge.threads import SignalWaiter

# What the process holds in the end is compared with what it held after this many cycles.
SETTLED_AFTER = 100
BACK_WITHIN_S = 2.0


def run(chosen: Namespace) -> int:
    """Run the cycles and print the result; return 1 when something grew or a frame came late, 0 otherwise."""
    # The pipeline warns of every absence.
    logging.getLogger().setLevel(logging.ERROR)
    telemetry = Telemetry()
    settled_after = min(SETTLED_AFTER, chosen.cycles)
    sink, usages = run_cycles(chosen.cycles, settled_after, telemetry)
    settled, last = usages[settled_after], usages[chosen.cycles]
    for count, usage in ((settled_after, settled), (chosen.cycles, last)):
        print(
            f"cycle {count}: {usage.threads} threads, {usage.descriptors} descriptors, "
            f"{usage.rss_mb:.1f} MB resident"
        )
    back_s, latest_s = compute_percentiles(sink.back_s), max(sink.back_s)
    print(
        f"from plugged in to the first drawn frame: p50 {back_s['p50']:.2f} s, p99 {back_s['p99']:.2f} s, "
        f"max {latest_s:.2f} s (reconnects {telemetry.read_stats().reconnects})"
    )
    faults = list_growth(settled, last)
    if latest_s > BACK_WITHIN_S:
        faults.append(f"the camera was back for {latest_s:.2f} s before a frame was drawn")
    print(
        "\n".join(f"GROWN or LATE: {text}" for text in faults)
        or "nothing grew, and the pipeline went on in time"
    )
    return int(bool(faults))


def run_cycles(
    cycles: int, settled_after: int, telemetry: Telemetry
) -> tuple[UnpluggingSink, dict[int, ProcessUsage]]:
    """Run the pipeline for `cycles` cycles; return its sink, and what the process held after which cycle."""
    usages: dict[int, ProcessUsage] = {}
    config = Config()
    with tempfile.TemporaryDirectory() as folder, SignalWaiter() as waiter:

        def finish_cycle(count: int) -> None:
            if count in (settled_after, cycles):
                usages[count] = read_usage()
            if count == cycles:
                waiter.stop()

        socket = UsbSocket(Path(folder), load_clip(DEMO).jpegs)
        usb = UsbCamera(
            socket.name,
            config.width,
            config.height,
            FPS,
            root=Path(folder),
            capture=lambda *_: FakeCapture(socket),  # type: ignore[arg-type]
        )
        camera = ReconnectingCamera(usb, config.width, config.height, on_reconnect=telemetry.count_reconnect)
        sink = UnpluggingSink(socket, finish_cycle)
        build(config, camera=camera, telemetry=telemetry, change_outputs=lambda _: [sink]).run(waiter)
    return sink, usages
