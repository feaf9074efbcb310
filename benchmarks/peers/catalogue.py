"""The peers: the packages and the files that each needs, and the arguments of its runner."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.peers.environments import ROOT, Environment, PeerUnavailable, get_last_line
from edge import models
from edge.errors import ModelError
from edge.models import Download

OPENCV = "opencv-python-headless==4.14.0.94"
ONNXRUNTIME = "onnxruntime==1.32.0"
TENSORFLOW = "tensorflow==2.21.0"
# The shared loop measures memory with it.
PSUTIL = "psutil==7.2.2"

KERAS = Environment("keras", (TENSORFLOW, OPENCV, PSUTIL))
# fer without facenet-pytorch, whose PyTorch it imports only for mtcnn=True.  It imports pkg_resources, which
# setuptools 82 dropped.
FER = Environment(
    "fer",
    (TENSORFLOW, "opencv-contrib-python<5", "pandas", "requests", "tqdm", "Pillow", "setuptools<81", PSUTIL),
    without_dependencies=("fer==25.10.3",),
)
HSEMOTION = Environment(
    "hsemotion",
    ("onnx", ONNXRUNTIME, OPENCV, "pillow", PSUTIL),
    without_dependencies=("hsemotion-onnx==0.3.1", "emotiefflib==1.1.1"),
)
BARE = Environment("bare", (OPENCV, ONNXRUNTIME, "onnx", PSUTIL))

ZOO_FER = Download(
    name="facial_expression_recognition_mobilefacenet_2022july_int8.onnx",
    url="https://github.com/opencv/opencv_zoo/raw/7c18c21465a4017921f311f721e05b734da72986/models/"
    "facial_expression_recognition/facial_expression_recognition_mobilefacenet_2022july_int8.onnx",
    sha256="f0d7093aff10e2638c734c5f18a6a7eabd2b9239b20bdb9b8090865a6f69a1ed",
    size_bytes=1_364_007,
    licence="Apache 2.0, OpenCV Zoo",
)


@dataclass(frozen=True, slots=True)
class PeerFiles:
    """The files that only some peers need; where one is missing, its peers are excluded."""

    keras_json: Path | None
    keras_weights: Path | None
    yunet: Path
    zoo: Path | None
    cache: Path


# Makes the arguments of a runner from the files and the path of the peer's interpreter; raises
# PeerUnavailable.
MakeArguments = Callable[[PeerFiles, Path], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that takes part: its environment, the module that runs it, and the module's own arguments."""

    name: str
    environment: Environment | None
    """None for the interpreter that runs this benchmark."""
    runner: str
    make_arguments: MakeArguments


def _make_keras_arguments(
    files: PeerFiles, interpreter: Path, *, extra: tuple[str, ...] = ()
) -> tuple[str, ...]:
    if files.keras_json is None or files.keras_weights is None:
        raise PeerUnavailable(
            "the network of the script is missing: name its files with --keras-json and --keras-weights"
        )
    architecture, weights = _require_file(files.keras_json), _require_file(files.keras_weights)
    return ("--architecture", architecture, "--weights", weights, *extra)


def _make_hsemotion_arguments(files: PeerFiles, interpreter: Path, *, package: str) -> tuple[str, ...]:
    return ("--package", package, "--yunet", _require_file(files.yunet))


def _make_zoo_arguments(files: PeerFiles, interpreter: Path, *, runtime: str) -> tuple[str, ...]:
    model, yunet = _require_file(find_zoo_model(files)), _require_file(files.yunet)
    return ("--model", model, "--yunet", yunet, "--runtime", runtime)


def _make_stand_in_arguments(files: PeerFiles, interpreter: Path, *, runtime: str) -> tuple[str, ...]:
    yunet, model = _require_file(files.yunet), files.cache / "mobilefacenet-standin.int8.onnx"
    try:
        find_zoo_model(files)
    except PeerUnavailable:
        _make_file_with(interpreter, "make_stand_in", model)
        return ("--model", str(model), "--yunet", yunet, "--runtime", runtime)
    raise PeerUnavailable("the network that it stands in for takes part")


def find_zoo_model(files: PeerFiles) -> Path:
    """Find OpenCV Zoo's network, and download it if need be; raises PeerUnavailable."""
    path = files.zoo or files.cache / ZOO_FER.name
    if files.zoo is None and not path.is_file():
        try:
            models.fetch(ZOO_FER, path)
        except ModelError as error:
            raise PeerUnavailable(str(error)) from error
    return path


def _make_bare_haar_arguments(files: PeerFiles, interpreter: Path) -> tuple[str, ...]:
    return ("--model", str(models.locate_classifier()), "--detector", "haar", "--threads", "2")


def _make_bare_yunet_arguments(files: PeerFiles, interpreter: Path) -> tuple[str, ...]:
    small = files.cache / f"{files.yunet.stem}.160x96.onnx"
    size = ("--width", "160", "--height", "96")
    _make_file_with(interpreter, "resize_yunet", small, "--yunet", _require_file(files.yunet), *size)
    model = str(models.locate_classifier())
    return ("--model", model, "--detector", "yunet", "--yunet", str(small), "--threads", "1")


def _make_our_arguments(files: PeerFiles, interpreter: Path, *, detector: str) -> tuple[str, ...]:
    yunet = ("--yunet", _require_file(files.yunet)) if detector == "yunet" else ()
    return ("--detector", detector, *yunet)


def _require_file(path: Path) -> str:
    """Return `path` as text; raises PeerUnavailable where there is no such file."""
    if not path.is_file():
        raise PeerUnavailable(f"{path} is not there")
    return str(path)


def _make_file_with(interpreter: Path, module: str, output: Path, *arguments: str) -> None:
    """Let a peer's interpreter write `output` with the runner `module`, unless the file is there already."""
    if output.is_file():
        return
    partial = output.with_name(f".partial-{output.name}")
    made = subprocess.run(
        [interpreter, "-m", f"benchmarks.peers.runners.{module}", "--output", partial, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise PeerUnavailable(f"{output.name} could not be made: {get_last_line(made.stderr)}")
    partial.replace(output)


# All are compared with the first.  README.md's table has the names of these peers.
PEERS = (
    Peer("fer-edge, YuNet", None, "ours", partial(_make_our_arguments, detector="yunet")),
    Peer("fer-edge, Haar", None, "ours", partial(_make_our_arguments, detector="haar")),
    Peer(
        "this project's script of 2023 (Keras predict; Haar, scaleFactor 1.32)",
        KERAS,
        "original",
        _make_keras_arguments,
    ),
    Peer(
        "the same script, calling the model directly",
        KERAS,
        "original",
        partial(_make_keras_arguments, extra=("--call",)),
    ),
    Peer("fer 25.10.3", FER, "fer_package", lambda files, interpreter: ()),
    Peer(
        "HSEmotion (ONNX) + YuNet",
        HSEMOTION,
        "hsemotion",
        partial(_make_hsemotion_arguments, package="hsemotion-onnx"),
    ),
    Peer(
        "EmotiEffLib (ONNX) + YuNet",
        HSEMOTION,
        "hsemotion",
        partial(_make_hsemotion_arguments, package="emotiefflib"),
    ),
    Peer(
        "OpenCV Zoo: YuNet at 320 + int8 MobileFaceNet",
        BARE,
        "zoo",
        partial(_make_zoo_arguments, runtime="dnn"),
    ),
    Peer(
        "the same networks, MobileFaceNet in ONNX Runtime, one thread",
        BARE,
        "zoo",
        partial(_make_zoo_arguments, runtime="onnxruntime"),
    ),
    Peer(
        "stand-in for OpenCV Zoo's networks: YuNet at 320 + a MobileFaceNet with random weights",
        BARE,
        "zoo",
        partial(_make_stand_in_arguments, runtime="dnn"),
    ),
    Peer(
        "the same stand-in, MobileFaceNet in ONNX Runtime, one thread",
        BARE,
        "zoo",
        partial(_make_stand_in_arguments, runtime="onnxruntime"),
    ),
    Peer("minimal loop: Haar at 320, two threads + our int8 model", BARE, "bare", _make_bare_haar_arguments),
    Peer("minimal loop: YuNet at 160, one thread + our int8 model", BARE, "bare", _make_bare_yunet_arguments),
)
