"""Threads, the slots between them, and the main thread's wait for signals.

No other module of edge makes a thread.
"""

import ctypes
import select
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


# The options' numbers in glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def share_heap() -> None:
    """Make all threads allocate memory from one heap.  Call it before any thread is started.

    By default glibc gives each thread a heap of its own, and no thread can reuse what another has freed.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, 1)


def keep_freed_memory(size: int) -> None:
    """Let the heap keep up to `size` bytes that were freed, at most 32 MiB, for what is allocated next.

    glibc may otherwise return the memory of each picture to the system and ask for it again for the next one,
    whose pages are then cleared.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, size)
        library.mallopt(_M_TRIM_THRESHOLD, size)


class LatestSlot(Generic[T]):
    """Holds one value between two threads.  A newer value replaces an older one, so no queue builds up.

    With `wait`, publish() blocks until the previous value was taken, so no value is lost.
    """

    def __init__(self, *, wait: bool = False) -> None:
        self._wait = wait
        self._closed = False
        # Two locks that serve as signals, and a deque of length 1: a threading.Condition takes several times
        # as long per frame.
        self._value: deque[T] = deque(maxlen=1)
        self._filled, self._emptied = threading.Lock(), threading.Lock()

    @property
    def is_closed(self) -> bool:
        """Whether close() was called, so that nothing can be published any more."""
        return self._closed

    def publish(self, value: T) -> bool:
        """Put `value` in place of the one that is there; after close(), do nothing and return False."""
        while self._wait and self._value and not self._closed:
            self._emptied.acquire()
        if self._closed:
            return False
        self._value.append(value)
        _signal(self._filled)
        return True

    def follow(self) -> Iterator[T]:
        """Yields the newest value each time there is a new one; ends after the last one of a closed slot."""
        while True:
            # This is read before the value, so that a value published just before close() is still yielded.
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
        """Take no more values: follow() ends after the one that is there, and a waiting publish() returns."""
        self._closed = True
        _signal(self._filled)
        _signal(self._emptied)


def _signal(lock: threading.Lock) -> None:
    """Release `lock`, so that the thread that waits for it, or the next one that acquires it, goes on."""
    try:
        lock.release()
    except RuntimeError:
        return  # It is released already: no thread has waited since the last signal.


class WorkerGroup:
    """Starts threads and joins them against one deadline.

    `on_end` is called in each thread when that thread ends, whether by itself or by an error.
    """

    def __init__(self, on_end: Callable[[], None] = lambda: None) -> None:
        self._on_end = on_end
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []
        self._ended: list[str] = []

    def start(self, name: str, target: Callable[[], None]) -> None:
        """Run `target` in a thread called `name`."""
        # A daemon: a thread that hangs in a library must not keep the process alive.
        thread = threading.Thread(target=self._work, args=(target,), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    @property
    def error(self) -> BaseException | None:
        """The first error that ended a thread; None if there was none."""
        return self._errors[0] if self._errors else None

    @property
    def is_running(self) -> bool:
        """Whether a thread has not ended yet; already False when `on_end` is called for the last one."""
        return len(self._ended) < len(self._threads)

    def join(self, timeout_s: float) -> None:
        """Wait at most `timeout_s` for all threads together, then raise the first error of any, unchanged.

        Raises RuntimeError, which names them, when threads are still running.
        """
        deadline_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        if self._errors:
            raise self._errors[0]
        stuck = [thread.name for thread in self._threads if thread.is_alive()]
        if stuck:
            raise RuntimeError(
                f"expected all threads to end within {timeout_s:g} s, found still running: {', '.join(stuck)}"
            )

    def _work(self, target: Callable[[], None]) -> None:
        try:
            target()
        except BaseException as error:
            # The thread ends here; join() raises the error in the caller's thread.
            self._errors.append(error)
        finally:
            self._ended.append(threading.current_thread().name)
            self._on_end()


def make_executor(name: str) -> ThreadPoolExecutor:
    """An executor with a single thread, which starts with the first task, and whose name begins with `name`.

    The caller must shut it down; asyncio.run() does so with the default executor of its event loop.
    """
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


class SignalWaiter:
    """Lets the main thread sleep until a thread ends, a signal arrives or a time-out is over.

    A signal handler must not acquire a lock.  So signal handlers and threads write a byte to a socket, and
    the main thread waits until that socket can be read.
    """

    def __init__(
        self, *, signals: tuple[signal.Signals, ...] = (), reload_signals: tuple[signal.Signals, ...] = ()
    ) -> None:
        """`signals` ask the program to stop, `reload_signals` ask it to read its settings again.

        Only the main thread may handle signals.
        """
        self._handlers = {**dict.fromkeys(signals, self._stop), **dict.fromkeys(reload_signals, self._reload)}
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._old_handlers = ExitStack()
        self.is_asked_to_stop = False
        self._is_asked_to_reload = False

    def __enter__(self) -> Self:
        for number, handler in self._handlers.items():
            self._old_handlers.callback(signal.signal, number, signal.signal(number, handler))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._old_handlers.close()
        self._reader.close()
        self._writer.close()

    def stop(self) -> None:
        """Ask the program to stop; any thread, and a signal handler, may call it."""
        self.is_asked_to_stop = True
        self.wake()

    def wake(self) -> None:
        """End the wait() that is running, or else the next one; any thread may call it."""
        try:
            self._writer.send(b"\0")
        except OSError:
            return  # The socket is full, so the next wait() ends at once; or closed, so nobody waits.

    def wait(self, timeout_s: float) -> None:
        """Sleep until woken, at most `timeout_s`."""
        ready, _, _ = select.select([self._reader], [], [], max(0.0, timeout_s))
        if ready:
            self._reader.recv(4096)

    def take_reload(self) -> bool:
        """Whether a signal has asked since the last call to read the settings again; several count as one."""
        asked, self._is_asked_to_reload = self._is_asked_to_reload, False
        return asked

    def _stop(self, number: int, frame: object) -> None:
        self.stop()

    def _reload(self, number: int, frame: object) -> None:
        self._is_asked_to_reload = True
        self.wake()
