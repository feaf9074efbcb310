"""Runs a pass by the worker of any checkout since version 0.1, so that two checkouts can be compared.

    python -P any_checkout.py CHECKOUT REQUEST

CHECKOUT is the root of the checkout, REQUEST a PassRequest as JSON.  It imports nothing of its own checkout.
"""

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

# Where the worker is: now, and in version 0.1.  Both take the same request and print the same result, but in
# version 0.1 some classes had other names.
WORKERS = ("benchmarks.passes.worker", "benchmarks.worker")
REQUESTS = ("PassRequest", "Order")
SINKS = ("TimingSink", "Watching")
# What a sink calls it that somebody looks at drawn pictures.
NEEDS_PICTURE = ("needs_picture", "wanted")


def main(arguments: Sequence[str]) -> Any:
    """Run the pass; return what the worker's own `main` returns."""
    checkout, request = arguments
    sys.path.insert(0, checkout)
    worker = import_worker(Path(checkout))
    if not json.loads(request)["is_drawn"] and "is_drawn" not in _find(worker, REQUESTS).__struct_fields__:
        stop_drawing(worker)
    sys.argv = [str(worker.__file__), request]
    return worker.main()


def import_worker(checkout: Path) -> ModuleType:
    """Import the worker of `checkout`, which stands in sys.path; exit with a message where it has none."""
    for name in WORKERS:
        # An editable install of another checkout would give its own module for one that is missing here.
        if checkout.joinpath(*name.split(".")).with_suffix(".py").is_file():
            return importlib.import_module(name)
    sys.exit(f"expected {' or '.join(WORKERS)} in that checkout, found neither; name a commit since 0dd6e5c")


def stop_drawing(worker: ModuleType) -> None:
    """Change a worker that draws every frame so that nobody looks at pictures, and none is drawn."""
    sink = _find(worker, SINKS)
    for attribute in NEEDS_PICTURE:
        setattr(sink, attribute, False)
    worker.overlay = SimpleNamespace(draw=lambda *_, **__: None)  # type: ignore[attr-defined]


def _find(worker: ModuleType, names: Sequence[str]) -> Any:
    for name in names:
        if hasattr(worker, name):
            return getattr(worker, name)
    sys.exit(f"expected {' or '.join(names)} in {worker.__file__}, found neither; name another commit")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
