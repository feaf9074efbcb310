"""Shows results to a sink as the pipeline does: from one thread, one after the other."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge.contracts import Result, Sink

EVERY_S = 0.005


@contextmanager
def show_results(sink: Sink, make: Callable[[int], Result]) -> Iterator[None]:
    """`sink` shows the results of `make` for 0, 1, 2, …; it has been shown the first when this is entered."""
    sink.show(make(0))
    stop = threading.Event()

    def show() -> None:
        number = 1
        while not stop.wait(EVERY_S):
            sink.show(make(number))
            number += 1

    thread = threading.Thread(target=show)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
