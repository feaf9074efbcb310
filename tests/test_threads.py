"""Slots, workers and the main thread's sleep."""

import os
import signal
import threading

import pytest

from edge.threads import LatestSlot, SignalWaiter, WorkerGroup, make_executor


def test_follower_sees_the_newest_value_and_not_those_it_was_too_slow_for() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for number in range(5):
        assert slot.publish(number)
    slot.close()
    assert list(slot.follow()) == [4]


def test_closing_an_empty_slot_ends_its_follower() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.close()
    assert list(slot.follow()) == []


def test_closed_slot_takes_nothing() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.close()
    assert not slot.publish(1)


def test_waiting_slot_hands_over_every_value() -> None:
    slot: LatestSlot[int] = LatestSlot(wait=True)
    workers = WorkerGroup()

    def publish() -> None:
        for number in range(100):
            assert slot.publish(number)
        slot.close()

    workers.start("publisher", publish)
    assert list(slot.follow()) == list(range(100))
    workers.join(5)


def test_closing_frees_a_publisher_that_waits() -> None:
    slot: LatestSlot[int] = LatestSlot(wait=True)
    assert slot.publish(1)
    outcome: list[bool] = []
    workers = WorkerGroup()
    workers.start("publisher", lambda: outcome.append(slot.publish(2)))
    slot.close()
    workers.join(5)
    assert outcome == [False]


def test_group_raises_the_first_error_of_any_worker_unchanged() -> None:
    error = ValueError("the first")
    failed = threading.Event()
    workers = WorkerGroup(on_end=failed.set)

    def fail() -> None:
        raise error

    def fail_later() -> None:
        assert failed.wait(5)
        raise ValueError("the second")

    workers.start("failing", fail)
    workers.start("failing later", fail_later)
    with pytest.raises(ValueError, match="the first") as raised:
        workers.join(5)
    assert raised.value is error


def test_group_names_the_worker_that_does_not_end() -> None:
    release = threading.Event()
    workers = WorkerGroup()
    workers.start("stuck", lambda: assert_true(release.wait(5)))
    with pytest.raises(RuntimeError, match="still running: stuck"):
        workers.join(0)
    release.set()
    workers.join(5)


def assert_true(value: bool) -> None:
    assert value


def test_group_no_longer_runs_when_its_last_on_end_is_called() -> None:
    seen: list[bool] = []
    workers = WorkerGroup(on_end=lambda: seen.append(workers.is_running))
    workers.start("short", lambda: None)
    workers.join(5)
    assert seen == [False]


def test_executor_runs_every_task_in_one_thread() -> None:
    with make_executor("health") as executor:
        names = set(executor.map(lambda _: threading.current_thread().name, range(10)))
    assert names == {"health_0"}


def test_wake_before_wait_is_not_lost() -> None:
    with SignalWaiter() as waiter:
        waiter.wake()
        waiter.wait(timeout_s=60)
        assert not waiter.is_asked_to_stop


def test_wake_a_million_times_blocks_nobody() -> None:
    with SignalWaiter() as waiter:
        for _ in range(1_000_000):
            waiter.wake()
        waiter.wait(timeout_s=60)


def test_stop_signal_ends_the_wait_and_the_old_handler_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with SignalWaiter(signals=(signal.SIGTERM,)) as waiter:
        os.kill(os.getpid(), signal.SIGTERM)
        waiter.wait(timeout_s=60)
        assert waiter.is_asked_to_stop
    assert signal.getsignal(signal.SIGTERM) is before


def test_signal_to_reload_wakes_and_is_taken_once() -> None:
    with SignalWaiter(reload_signals=(signal.SIGHUP,)) as waiter:
        assert not waiter.take_reload()
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        waiter.wait(timeout_s=60)
        assert waiter.take_reload() and not waiter.take_reload()
        assert not waiter.is_asked_to_stop
