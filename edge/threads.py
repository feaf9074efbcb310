"""The stages' threads and what stands between them; nobody else makes a thread."""

import ctypes
import select
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


# Of glibc's malloc.h.
_M_ARENA_MAX = -8


def share_heap() -> None:
    """Let all threads, none of which may have been started yet, take memory from one heap.

    With heaps of their own, which is glibc's default, none gets what another has given back.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, 1)


class LatestSlot(Generic[T]):
    """Room for one value between two stages, one thread each: the newest wins, so nothing queues up.

    With `wait`, publishing blocks until the last value was taken: every value is handed over.
    """

    def __init__(self, *, wait: bool = False) -> None:
        self._wait = wait
        self._closed = False
        # Bare locks as signals, and a deque that forgets: a Condition costs several times as much for each frame.
        self._value: deque[T] = deque(maxlen=1)
        self._filled, self._emptied = threading.Lock(), threading.Lock()

    @property
    def is_closed(self) -> bool:
        """Nothing can be published any more."""
        return self._closed

    def publish(self, value: T) -> bool:
        """Replace what is there; False, and nothing is replaced, once the slot is closed."""
        while self._wait and self._value and not self._closed:
            self._emptied.acquire()
        if self._closed:
            return False
        self._value.append(value)
        _signal(self._filled)
        return True

    def follow(self) -> Iterator[T]:
        """The newest value each time there is one, until the slot is closed and its last value taken."""
        while True:
            # Looked at before the value: what was published before the end is still handed over.
            is_last = self._closed
            try:
                value = self._value.popleft()
            except IndexError:
                if is_last:
                    return
                self._filled.acquire()
                continue
            if self._wait:
                _signal(self._emptied)
            yield value

    def close(self) -> None:
        """End follow() after the value that is there, and publish() that waits; publishing fails from now on."""
        self._closed = True
        _signal(self._filled)
        _signal(self._emptied)


def _signal(lock: threading.Lock) -> None:
    """Let through who waits for `lock`, or comes next."""
    try:
        lock.release()
    except RuntimeError:
        return  # It was signalled before.


class WorkerGroup:
    """Threads that start, stop and fail as one.

    `on_end` is called in a worker's thread when it ends, by itself or by an error.
    """

    def __init__(self, on_end: Callable[[], None] = lambda: None) -> None:
        self._on_end = on_end
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []
        self._ended: list[str] = []

    def start(self, name: str, target: Callable[[], None]) -> None:
        """Run `target` in a thread called `name`."""
        # A daemon: a thread that a library never gives back must not keep the process alive.
        thread = threading.Thread(target=self._work, args=(target,), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    @property
    def failed(self) -> BaseException | None:
        """The first error that ended a worker."""
        return self._errors[0] if self._errors else None

    @property
    def is_running(self) -> bool:
        """Some worker is still at work; false by the time of the last `on_end`."""
        return len(self._ended) < len(self._threads)

    def join(self, timeout_s: float) -> None:
        """Wait for all workers, `timeout_s` in all, and raise the first error of any, unchanged.

        Raises RuntimeError, naming them, when workers are still at work then.
        """
        deadline_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        if self._errors:
            raise self._errors[0]
        stuck = [thread.name for thread in self._threads if thread.is_alive()]
        if stuck:
            raise RuntimeError(
                f"expected all workers to end within {timeout_s:g} s, found at work: {', '.join(stuck)}"
            )

    def _work(self, target: Callable[[], None]) -> None:
        try:
            target()
        except BaseException as error:  # The thread ends here; join() raises it in the caller's.
            self._errors.append(error)
        finally:
            self._ended.append(threading.current_thread().name)
            self._on_end()


def make_executor(name: str) -> ThreadPoolExecutor:
    """An executor with a single thread, whose name begins with `name` and which starts with the first task.

    Whoever makes it shuts it down; asyncio.run() does so with the default executor of its event loop.
    """
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


class SignalWaiter:
    """Lets the main thread sleep until a worker ends, a signal comes, or time is up.

    A signal handler must not touch a lock, so signals and workers alike write a byte to a
    socket, and the main thread waits for it to become readable.
    """

    def __init__(
        self, *, signals: tuple[signal.Signals, ...] = (), reload_signals: tuple[signal.Signals, ...] = ()
    ) -> None:
        """`signals` ask the program to stop, `reload_signals` to read its settings again.

        Only the main thread may name any.
        """
        self._handlers = {**dict.fromkeys(signals, self._stop), **dict.fromkeys(reload_signals, self._reload)}
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self.is_asked_to_stop = False
        self._is_asked_to_reload = False

    def __enter__(self) -> Self:
        self._old_handlers = {
            number: signal.signal(number, handler) for number, handler in self._handlers.items()
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def stop(self) -> None:
        """Ask the program to stop; any thread, and a signal handler, may call it."""
        self.is_asked_to_stop = True
        self.wake()

    def wake(self) -> None:
        """End the wait() that runs now or comes next; any thread may call it."""
        try:
            self._writer.send(b"\0")
        except OSError:
            return  # Full: the next wait() ends at once.  Closed: nobody waits any more.

    def wait(self, timeout_s: float) -> None:
        """Sleep until woken, `timeout_s` at the most."""
        ready, _, _ = select.select([self._reader], [], [], max(0.0, timeout_s))
        if ready:
            self._reader.recv(4096)

    def take_reload(self) -> bool:
        """Whether a signal has asked for the settings to be read again since this was last called."""
        # Several signals are one: the settings are read after the last.
        asked, self._is_asked_to_reload = self._is_asked_to_reload, False
        return asked

    def _stop(self, number: int, frame: object) -> None:
        self.stop()

    def _reload(self, number: int, frame: object) -> None:
        self._is_asked_to_reload = True
        self.wake()
