"""The arrows between modules, read from the source: who may import whom, and which library where."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import models
from edge.faces.classifier import OnnxClassifier

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path for package in ("edge", "export", "benchmarks") for path in ROOT.glob(f"{package}/**/*.py")
)

# Programs of other people, each run by an interpreter that has their libraries.
PEERS = ROOT / "benchmarks" / "peers" / "runners"

FOR_ALL = {"edge.contracts", "edge.errors", "edge.files", "edge.frames", "edge.orientation"}

# The modules of benchmarks/ that every folder in it may use.
SHARED_BY_BENCHMARKS = {
    f"benchmarks.{name}"
    for name in (
        "arithmetic",
        "clip",
        "footer",
        "machine_info",
        "options",
        "output_file",
        "process_usage",
        "scenes",
        "stats_file",
        "tables",
        "whole_frame",
    )
}

# What else a module may import of ours, a line for each folder; the entry with the longest prefix counts.
MAY_IMPORT = {
    "edge": set(),
    "edge.command": set(),
    "edge.errors": set(),
    "edge.files": set(),
    "edge.frames": {"edge.orientation"},
    "edge.orientation": set(),
    "edge.palette": set(),
    "edge.contracts": {"edge.frames"},
    "edge.liveness": set(),
    "edge.telemetry": {"edge.board"},
    "edge.pipeline": {"edge.telemetry", "edge.threads"},
    "edge.faces": {"edge.faces"},
    "edge.drawing": {"edge.drawing", "edge.palette"},
    "edge.settings": {
        "edge.settings",
        "edge.cameras.controls",
        "edge.cameras.spec",
        "edge.command",
        "edge.mqtt.address",
        "edge.board",
    },
    "edge.web": {"edge.web", "edge.palette", "edge.threads"},
    "edge.mqtt": {"edge.mqtt", "edge.liveness"},
    "edge.screens": {"edge.screens"},
    "edge.reporting": {"edge.reporting", "edge.palette"},
    "edge.cameras": {"edge.cameras", "edge.drawing", "edge.threads"},
    "edge.detectors": {"edge.detectors", "edge.faces", "edge.models"},
    "edge.sinks": {
        "edge.threads",
        "edge.drawing",
        "edge.liveness",
        "edge.mqtt",
        "edge.rotation",
        "edge.screens",
        "edge.telemetry",
        "edge.web",
    },
    "edge.checks": {
        "edge.checks",
        "edge.board",
        "edge.cameras",
        "edge.command",
        "edge.models",
        "edge.mqtt",
        "edge.settings",
        "edge.web",
    },
    "edge.checks.trial": {"edge"},
    "edge.models": {"edge.command"},
    "edge.report": {"edge.command", "edge.reporting", "edge.rotation"},
    "edge.build": {"edge"},
    "edge.build_sinks": {"edge"},
    "edge.run": {"edge"},
    "edge.doctor": {"edge"},
    "export": {"export", "edge.command", "edge.faces", "edge.models"},
    "export.data": {"export.data", "export.artifacts", "edge.faces", "edge.detectors"},
    "export.evaluation": {
        "export.evaluation",
        "export.artifacts",
        "export.data",
        "export.plotting",
        "edge.faces",
    },
    "export.training": {
        "export.training",
        "export.artifacts",
        "export.data",
        "export.error_text",
        "export.evaluation",
        "export.keras_models",
        "export.plotting",
    },
    "export.conversion": {
        "export.conversion",
        "export.artifacts",
        "export.data",
        "export.error_text",
        "export.evaluation",
        "export.keras_files",
        "export.keras_models",
        "export.training.run_folder",
        "edge.faces",
    },
    "benchmarks": {"benchmarks", "edge"},
    "benchmarks.passes": SHARED_BY_BENCHMARKS | {"benchmarks.passes", "edge"},
    "benchmarks.speed": SHARED_BY_BENCHMARKS | {"benchmarks.speed", "benchmarks.passes", "edge"},
    "benchmarks.agreement": SHARED_BY_BENCHMARKS | {"benchmarks.agreement", "edge"},
    "benchmarks.recall": SHARED_BY_BENCHMARKS | {"benchmarks.recall", "edge"},
    "benchmarks.steadiness": SHARED_BY_BENCHMARKS | {"benchmarks.steadiness", "edge"},
    "benchmarks.endurance": SHARED_BY_BENCHMARKS | {"benchmarks.endurance", "benchmarks.passes", "edge"},
    "benchmarks.fleet": SHARED_BY_BENCHMARKS | {"benchmarks.fleet", "edge"},
    "benchmarks.peers": SHARED_BY_BENCHMARKS | {"benchmarks.peers", "edge"},
    "benchmarks.arm64": SHARED_BY_BENCHMARKS | {"benchmarks.arm64", "edge"},
    "benchmarks.peers.__main__": {"benchmarks.__main__"},
    "benchmarks.arm64.__main__": {"benchmarks.__main__"},
}

# A third-party library is imported by as few modules as can be.
LIBRARIES = {
    "onnxruntime": {
        "edge.faces.classifier",
        "edge.faces.ort_session",
        "export.conversion.quantize",
        "export.conversion.origin",
        "benchmarks.passes.library_timing",
    },
    "picamera2": {"edge.cameras.picamera"},
    "libcamera": {"edge.cameras.picamera"},
    "av": {
        "edge.cameras.decoder",
        "edge.cameras.file_reader",
        "edge.cameras.pictures",
        "edge.cameras.stream_faults",
        "edge.cameras.stream_session",
        "edge.sinks.recorder",
    },
    "aiohttp": {
        "edge.web.access",
        "edge.web.connections",
        "edge.web.login",
        "edge.web.origins",
        "edge.web.server",
        "edge.web.server_thread",
        "benchmarks.endurance.viewers",
    },
    "jinja2": {"edge.reporting.page"},
    "pygame": {"edge.screens.window"},
    "paho": {"edge.mqtt.connection", "benchmarks.fleet.broker"},
    "psutil": {"benchmarks.process_usage"},
    "prometheus_client": {"edge.sinks.metrics"},
    "tqdm": {
        "edge.report",
        "edge.sinks.progress",
        "export.evaluation.predictions",
        "export.data.framing",
        "benchmarks.agreement.measurement",
        "benchmarks.speed.line",
        "benchmarks.speed.line_comparison",
        "benchmarks.speed.load",
        "benchmarks.speed.stage_timing",
        "benchmarks.recall.recall",
        "benchmarks.steadiness.steadiness",
    },
    "cv2": {
        "edge.build",
        "edge.frames",
        "edge.orientation",
        "edge.faces.preprocess",
        "edge.drawing.overlay",
        "edge.drawing.placeholder",
        "edge.drawing.blur",
        "edge.sinks.hdmi",
        "edge.sinks.mjpeg",
        "edge.sinks.recorder",
        "edge.screens.kms",
        "edge.cameras.usb",
        "edge.cameras.geometry",
        "edge.cameras.demo",
        "edge.detectors.haar",
        "edge.detectors.yunet",
        "export.data.augmentation",
        "export.data.framing",
        "export.data.image_folder",
        "export.data.npz_file",
        "benchmarks.__main__",
        "benchmarks.passes.library_timing",
        "benchmarks.clip",
        "benchmarks.recall.conditions",
        "benchmarks.recall.measurement",
        "benchmarks.recall.reference",
        "benchmarks.scenes",
        "benchmarks.speed.stage_timing",
        "benchmarks.speed.tiling",
        "benchmarks.arm64.workload",
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


def is_in(name: str, packages: set[str]) -> bool:
    """`name` is one of `packages` or in one of them."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def may_import(name: str) -> set[str]:
    """The modules and packages of ours that `name` may import."""
    entry = max((key for key in MAY_IMPORT if is_in(name, {key})), key=len)
    return MAY_IMPORT[entry] if name in FOR_ALL else FOR_ALL | MAY_IMPORT[entry]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_imports_only_what_the_table_allows(path: Path) -> None:
    name = name_of(path)
    ours = {
        module
        for module in imports(path)
        if module.split(".")[0] in ("edge", "export", "benchmarks", "tests")
    }
    forbidden = sorted(module for module in ours - {"edge"} if not is_in(module, may_import(name)))
    assert not forbidden, f"{name} may not import {forbidden}"


@pytest.mark.parametrize("path", [path for path in MODULES if name_of(path).startswith("edge")], ids=name_of)
def test_nobody_but_threads_makes_a_thread(path: Path) -> None:
    made = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func)
        in ("threading.Thread", "Thread", "ThreadPoolExecutor", "Timer", "threading.Timer")
    ]
    assert not made or name_of(path) == "edge.threads", f"a thread is made in lines {made}"


def test_no_two_public_classes_of_edge_have_the_same_name() -> None:
    modules_by_class: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and name_of(path).startswith("edge"):
                modules_by_class.setdefault(node.name, []).append(name_of(path))
    public = {name: modules for name, modules in modules_by_class.items() if not name.startswith("_")}
    assert not {name: modules for name, modules in public.items() if len(modules) > 1}


def test_no_two_folders_of_edge_import_each_other() -> None:
    def folder_of(module: str) -> str:
        return ".".join(module.split(".")[:2])

    arrows = {
        (folder_of(name_of(path)), folder_of(module))
        for path in MODULES
        for module in imports(path)
        if name_of(path).startswith("edge.") and module.startswith("edge.")
    }
    assert not [(one, other) for one, other in arrows if one < other and (other, one) in arrows]


@pytest.mark.parametrize("library", LIBRARIES)
def test_library_is_imported_only_where_it_belongs(library: str) -> None:
    importers = {
        name_of(path)
        for path in MODULES
        if not path.is_relative_to(PEERS)
        if any(module.split(".")[0] == library for module in imports(path))
    }
    assert importers <= LIBRARIES[library]


def test_walker_sees_an_import_inside_a_function(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def f() -> None:\n    from edge import pipeline\n")
    assert list(imports(module)) == ["edge.pipeline"]


def test_labels_of_the_model_stand_in_its_file_alone() -> None:
    labels = set(OnnxClassifier(models.locate_classifier(), "haar").labels)
    assert len(labels) == 7
    for path in (ROOT / "edge").glob("**/*"):
        if path.suffix in (".py", ".js", ".html", ".css"):
            assert not labels & set(re.findall(r"\w+", path.read_text())), path
