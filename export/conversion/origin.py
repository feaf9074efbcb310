"""The origin of a converted model, as its metadata says it: files, training, commands and versions."""

from importlib.metadata import version

from export.artifacts import describe_origin
from export.conversion.request import Request
from export.training.run_folder import read_description_beside

TOOLS = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime")


def describe(request: Request) -> dict[str, str]:
    """The origin by key: the source files, their training run, the command and the versions of the tools."""
    origin = {kind: describe_origin(path) for kind, path in request.sources.items()}
    origin |= read_description_beside(request.source)
    origin["conversion_command"] = _format_command(request)
    return origin | {tool: version(tool) for tool in TOOLS}


def _format_command(request: Request) -> str:
    """The command that repeats the conversion; it names files without the folders of this machine."""
    options, tolerances = request.options, request.options.tolerances
    sources = " ".join(f'--{kind} "{path.name}"' for kind, path in request.sources.items())
    chosen = {
        "--ferplus": options.votes and options.votes.name,
        "--output-name": options.output_name,
        "--side": options.side_px,
    }
    optional = "".join(f" {flag} {value}" for flag, value in chosen.items() if value is not None)
    optional += " --as-given" if options.is_as_given else ""
    optional += " --float-only" if options.is_float_only else ""
    return (
        f"python -m export convert {sources} --calibration {request.images.name} "
        f"--split-calibration {options.split} --output {request.output.name} "
        f"--labels {','.join(options.labels)} --scale {options.scale} --offset {options.offset} "
        f"--calibrate-by {options.calibrate_by} --difference {tolerances.probability} "
        f"--tolerance {tolerances.accuracy_points} --recall-tolerance {tolerances.recall_points} "
        f"--same-top {tolerances.same_top}{optional}"
    )
