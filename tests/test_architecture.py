"""The arrows between modules, read from the source: who may import whom, and which library where."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path for package in ("edge", "export", "benchmarks") for path in ROOT.glob(f"{package}/**/*.py")
)

# Programs of other people, each run by an interpreter that has their libraries.
PEERS = ROOT / "benchmarks" / "peers" / "runners"

LAYER_0 = {"edge.errors", "edge.contracts"}
LAYER_1 = {
    f"edge.{name}"
    for name in (
        "batch",
        "board",
        "broker",
        "changes",
        "config",
        "credentials",
        "homeassistant",
        "metadata",
        "models",
        "outbox",
        "overlay",
        "placeholder",
        "preprocess",
        "privacy",
        "reloading",
        "rotation",
        "sample",
        "searching",
        "service",
        "sessions",
        "smoothing",
        "telemetry",
        "threads",
        "tracking",
        "tuning",
    )
}
REPORTING = {f"edge.reporting.{name}" for name in ("figures", "page", "plots", "rows")}
EXPORT_MAY = LAYER_0 | {
    "edge.metadata",
    "edge.models",
    "edge.preprocess",
    "edge.classifier",
    "edge.detectors.haar",
    "edge.detectors.yunet",
}

# Within layer 1 a module stands alone but for these.
WITHIN_LAYER_1 = {
    "edge.batch": {"edge.config", "edge.credentials"},
    "edge.config": {"edge.broker", "edge.credentials"},
    "edge.homeassistant": {"edge.broker", "edge.changes"},
    "edge.preprocess": {"edge.metadata"},
    "edge.reloading": {"edge.config"},
    "edge.sample": {"edge.config"},
    "edge.service": {"edge.telemetry"},
    "edge.smoothing": {"edge.preprocess"},
    "edge.tracking": {"edge.searching"},
    "edge.telemetry": {"edge.board"},
    "edge.tuning": {"edge.board"},
}

# And within layer 2.
WITHIN_LAYER_2 = {
    "edge.cameras.reconnecting": {"edge.cameras.outages"},
    "edge.cameras.usb": {"edge.cameras.nodes", "edge.cameras.v4l2"},
    "edge.detectors.yunet": {"edge.detectors.onnx_file"},
}

# What serves the stream is split; any sink may be served by it.
SERVER = {
    f"edge.sinks.{name}"
    for name in (
        "http",
        "access",
        "connections",
        "limits",
        "messages",
        "multipart",
        "newest",
        "origins",
        "sessions",
    )
}

# The doctor's checks look at what is behind them through its own eyes.
CHECKS = {
    f"edge.checks.{name}"
    for name in (
        "camera",
        "findings",
        "health",
        "machine",
        "model",
        "outputs",
        "privacy",
        "processes",
        "system",
    )
}
CHECKED = {"edge.cameras.nodes", "edge.cameras.v4l2", "edge.sinks.tls"}

# A library is imported by as few modules as can be.
LIBRARIES = {
    "onnxruntime": {
        "edge.classifier",
        "edge.sessions",
        "export.quantize",
        "export.convert",
        "benchmarks.bare",
    },
    "picamera2": {"edge.cameras.picamera"},
    "av": {"edge.sinks.recorder"},
    "aiohttp": {
        "edge.sinks.mjpeg",
        "edge.sinks.http",
        "edge.sinks.access",
        "edge.sinks.connections",
        "edge.sinks.origins",
        "benchmarks.viewers",
    },
    "pygame": {"edge.screens.window"},
    "paho": {"edge.sinks.mqtt_connection", "benchmarks.fleet"},
    "prometheus_client": {"edge.sinks.metrics"},
    "tqdm": {
        "edge.report",
        "edge.sinks.progress",
        "export.evaluate",
        "export.framing",
        "benchmarks.agreement",
        "benchmarks.line",
        "benchmarks.load",
        "benchmarks.stages",
    },
    "cv2": {
        "edge.run",
        "edge.contracts",
        "edge.preprocess",
        "edge.overlay",
        "edge.placeholder",
        "edge.privacy",
        "edge.sinks.hdmi",
        "edge.sinks.mjpeg",
        "edge.sinks.recorder",
        "edge.screens.kms",
        "edge.cameras.usb",
        "edge.cameras.video",
        "edge.cameras.demo",
        "edge.detectors.haar",
        "edge.detectors.yunet",
        "export.augment",
        "export.dataset",
        "export.framing",
        "benchmarks.__main__",
        "benchmarks.bare",
        "benchmarks.clip",
        "benchmarks.cycles",
        "benchmarks.scenes",
        "benchmarks.stages",
        "benchmarks.worker",
        "benchmarks.arm64.work",
    },
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that `path` imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            yield from (
                f"{module}.{alias.name}" if is_module(f"{module}.{alias.name}") else module
                for alias in node.names
            )


def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def allowed(name: str) -> set[str]:
    """The modules of ours that `name` may import."""
    if name in LAYER_0 or name == "edge":
        return set()
    if name in LAYER_1:
        return LAYER_0 | WITHIN_LAYER_1.get(name, set())
    if name == "edge.pipeline":
        return LAYER_0 | {"edge.threads", "edge.telemetry"}
    if name.startswith("edge.reporting"):
        return LAYER_0 | REPORTING
    if name == "edge.report":
        return LAYER_0 | REPORTING | {"edge.rotation"}
    if name in ("edge.run", "edge.outputs", "edge.doctor", "edge.checks.trial"):
        return {name_of(path) for path in MODULES if path.is_relative_to(ROOT / "edge")}
    if name.startswith("export"):
        return EXPORT_MAY | {name_of(path) for path in MODULES if path.is_relative_to(ROOT / "export")}
    if name.startswith("benchmarks"):
        return {name_of(path) for path in MODULES if not path.is_relative_to(ROOT / "export")}
    if name.startswith("edge.checks"):
        return LAYER_0 | LAYER_1 | CHECKS | CHECKED
    if name.startswith("edge.screens"):
        return LAYER_0 | {"edge.screens.drm", "edge.screens.modes"}
    # Layer 2: cameras, detectors, sinks, the classifier; a package's own files may be split.
    return (
        LAYER_0
        | LAYER_1
        | WITHIN_LAYER_2.get(name, set())
        | {f"{name}_connection"}
        | (SERVER if name.startswith("edge.sinks") else set())
    )


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_imports_only_what_its_layer_may(path: Path) -> None:
    name = name_of(path)
    ours = {
        module
        for module in imports(path)
        if module.split(".")[0] in ("edge", "export", "benchmarks", "tests")
    }
    assert ours - {"edge"} <= allowed(name), f"{name} may not import {sorted(ours - allowed(name))}"


@pytest.mark.parametrize("library", LIBRARIES)
def test_library_is_imported_only_where_it_belongs(library: str) -> None:
    importers = {
        name_of(path)
        for path in MODULES
        if not path.is_relative_to(PEERS)
        if any(module.split(".")[0] == library for module in imports(path))
    }
    assert importers <= LIBRARIES[library]


def test_edge_module_is_known_to_a_layer() -> None:
    layered = (
        LAYER_0
        | LAYER_1
        | {f"edge.{name}" for name in ("classifier", "doctor", "outputs", "pipeline", "report", "run")}
        | {"edge"}
    )
    files = {name_of(path) for path in ROOT.glob("edge/*.py")}
    assert files <= layered, f"not in the table: {sorted(files - layered)}"


def test_walker_sees_an_import_inside_a_function(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def f() -> None:\n    from edge import pipeline\n")
    assert list(imports(module)) == ["edge.pipeline"]
