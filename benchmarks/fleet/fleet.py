"""The benchmark fleet: what many devices cost their broker, and whether one device's outage affects others.

A Mosquitto of its own runs on this machine, and as many devices as asked for, each the app's real MqttSink
with scripted faces.  Then one device's process is killed, another's is stopped, and at last the broker is
killed.
"""

import multiprocessing
import os
import signal
import subprocess
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks.fleet.broker import Broker, MessageListener, find_free_port, find_mosquitto
from benchmarks.fleet.delivery import ReceivedMessage, find_offline, find_silent, summarise
from benchmarks.fleet.simulated_device import report_forever
from benchmarks.fleet.waiting import wait_until
from edge.errors import ConfigError

PREFIX = "fleet"
# The processes that share the devices which keep running.
WORKERS = 4
# Each of these devices has a process of its own: the first is killed, the second stopped.
VICTIMS = ("killed", "stalled")
# From the moment when the last device is online until it has sent its description and the broker has counted
# its bytes.
SETTLE_S = 3.0


def run(chosen: Namespace) -> int:
    """Simulate the fleet and print what happened.

    Return 0 when no outage affected another device, 1 otherwise.
    """
    if chosen.devices <= len(VICTIMS):
        raise ConfigError(f"expected at least 3 for --devices, found {chosen.devices}; change it")
    return 0 if simulate(chosen.devices, chosen.seconds, find_mosquitto()) else 1


def simulate(devices: int, seconds: float, executable: str) -> bool:
    """Simulate the fleet and print what happened.

    Return whether all devices but the victims reported throughout.
    """
    others = [f"pi-{number:03}" for number in range(devices - len(VICTIMS))]
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        broker = Broker(executable, folder, find_free_port())
        server = broker.start()
        opened.callback(_kill, server)
        listener = opened.enter_context(MessageListener(broker.port, PREFIX).listen())
        groups = [others[worker::WORKERS] for worker in range(WORKERS)] + [[name] for name in VICTIMS]
        *_, killed, stalled = [
            opened.enter_context(_start_devices(broker.port, names)) for names in groups if names
        ]
        wait_until(lambda: len(listener.online) == devices, f"{devices} devices are online")
        time.sleep(SETTLE_S)
        print(
            f"{devices} devices, each the app's own MqttSink; {len(os.sched_getaffinity(0))} cores, "
            f"which the devices' processes share with the broker"
        )
        print(summarise("all at work", listener.record_phase(seconds, server.pid), devices))
        affected = _cause_outages(
            listener, server.pid, seconds, killed=killed, stalled=stalled, others=others
        )
        if affected:
            return False
        _kill(server)
        _restart(broker, listener, others, opened)
    return True


def _cause_outages(
    listener: MessageListener,
    broker_pid: int,
    seconds: float,
    *,
    killed: BaseProcess,
    stalled: BaseProcess,
    others: Sequence[str],
) -> set[str]:
    """Kill one device, stop another for `seconds`, print the effects, return which others were affected."""
    struck_s, first = time.monotonic(), len(listener.messages)
    os.kill(_get_pid(killed), signal.SIGKILL)
    os.kill(_get_pid(stalled), signal.SIGSTOP)
    outage = listener.record_phase(seconds, broker_pid)
    print(summarise("one killed, one stalled", outage, len(others)))
    for name in VICTIMS:
        print(f"  {name}: {_describe_absence(listener.messages[first:], name, struck_s)}")
    affected = (find_silent(outage, others) | find_offline(outage)) - set(VICTIMS)
    print(f"  others affected: {', '.join(sorted(affected)) or 'none'}")
    os.kill(_get_pid(stalled), signal.SIGCONT)
    return affected


def _describe_absence(messages: Sequence[ReceivedMessage], device: str, struck_s: float) -> str:
    for message in messages:
        if message.device == device and message.presence == "offline":
            return f"offline after {message.at_s - struck_s:.1f} s"
    return "not yet reported to be offline"


def _restart(broker: Broker, listener: MessageListener, others: Sequence[str], opened: ExitStack) -> None:
    """Start the broker, which was killed, again, and print when all of `others` are back."""
    listener.forget_online()
    opened.callback(_kill, broker.start())
    started_s = time.monotonic()
    wait_until(lambda: set(others) <= listener.online, "all devices are online again")
    print(
        f"broker killed and started again: all {len(others)} back after {time.monotonic() - started_s:.1f} s"
    )


@contextmanager
def _start_devices(port: int, names: Sequence[str]) -> Iterator[BaseProcess]:
    process = multiprocessing.get_context("spawn").Process(
        target=report_forever, args=(f"mqtt://127.0.0.1:{port}/{PREFIX}", list(names)), daemon=True
    )
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def _get_pid(process: BaseProcess) -> int:
    assert process.pid is not None
    return process.pid
