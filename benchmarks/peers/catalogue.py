"""The peers: what each needs installed, what it needs besides, and how its runner is called."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.environments import ROOT, Environment, Unavailable, last_line
from edge import models
from edge.errors import ModelError
from edge.models import Download

OPENCV = "opencv-python-headless==4.14.0.94"
ONNXRUNTIME = "onnxruntime==1.32.0"
TENSORFLOW = "tensorflow==2.21.0"

KERAS = Environment("keras", (TENSORFLOW, OPENCV))
# Without facenet-pytorch, whose PyTorch fer imports only for mtcnn=True; pkg_resources left setuptools in version 82.
FER = Environment(
    "fer",
    (TENSORFLOW, "opencv-contrib-python<5", "pandas", "requests", "tqdm", "Pillow", "setuptools<81"),
    without_dependencies=("fer==25.10.3",),
)
HSEMOTION = Environment(
    "hsemotion",
    ("onnx", ONNXRUNTIME, OPENCV, "pillow"),
    without_dependencies=("hsemotion-onnx==0.3.1", "emotiefflib==1.1.1"),
)
BARE = Environment("bare", (OPENCV, ONNXRUNTIME, "onnx"))

ZOO_FER = Download(
    name="facial_expression_recognition_mobilefacenet_2022july_int8.onnx",
    url="https://github.com/opencv/opencv_zoo/raw/7c18c21465a4017921f311f721e05b734da72986/models/"
    "facial_expression_recognition/facial_expression_recognition_mobilefacenet_2022july_int8.onnx",
    sha256="f0d7093aff10e2638c734c5f18a6a7eabd2b9239b20bdb9b8090865a6f69a1ed",
    size_bytes=1_364_007,
    licence="Apache 2.0, OpenCV Zoo",
)


@dataclass(frozen=True, slots=True)
class Material:
    """The files that only some peers need; what is not there skips its peers."""

    keras_json: Path | None
    keras_weights: Path | None
    yunet: Path
    zoo: Path | None
    cache: Path


Arguments = Callable[[Material, Path], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that takes part: its runner's module, and the arguments that are this peer's own."""

    name: str
    environment: Environment | None
    """None is the interpreter that runs this."""
    runner: str
    arguments: Arguments
    """Given the material and the peer's interpreter, which makes what must be made first; raises Unavailable."""


def _keras(*extra: str) -> Arguments:
    def arguments(material: Material, interpreter: Path) -> tuple[str, ...]:
        if material.keras_json is None or material.keras_weights is None:
            raise Unavailable("no network of 2023: name its files with --keras-json and --keras-weights")
        return (
            "--architecture",
            _there(material.keras_json),
            "--weights",
            _there(material.keras_weights),
            *extra,
        )

    return arguments


def _hsemotion(package: str) -> Arguments:
    return lambda material, interpreter: ("--package", package, "--yunet", _there(material.yunet))


def _zoo(runtime: str) -> Arguments:
    def arguments(material: Material, interpreter: Path) -> tuple[str, ...]:
        return (
            "--model",
            _there(zoo_model(material)),
            "--yunet",
            _there(material.yunet),
            "--runtime",
            runtime,
        )

    return arguments


def _standin(runtime: str) -> Arguments:
    def arguments(material: Material, interpreter: Path) -> tuple[str, ...]:
        yunet, model = _there(material.yunet), material.cache / "mobilefacenet-standin.int8.onnx"
        try:
            zoo_model(material)
        except Unavailable:
            _make(interpreter, "standin", model)
            return "--model", str(model), "--yunet", yunet, "--runtime", runtime
        raise Unavailable("the network that it stands for takes part")

    return arguments


def zoo_model(material: Material) -> Path:
    """OpenCV Zoo's network, fetched where need be; raises Unavailable."""
    path = material.zoo or material.cache / ZOO_FER.name
    if material.zoo is None and not path.is_file():
        try:
            models.fetch(ZOO_FER, path)
        except ModelError as error:
            raise Unavailable(str(error)) from error
    return path


def _bare_haar(material: Material, interpreter: Path) -> tuple[str, ...]:
    return "--model", str(models.classifier_path()), "--detector", "haar", "--threads", "2"


def _bare_yunet(material: Material, interpreter: Path) -> tuple[str, ...]:
    small = material.cache / f"{material.yunet.stem}.160x96.onnx"
    _make(
        interpreter,
        "resize_yunet",
        small,
        "--yunet",
        _there(material.yunet),
        "--width",
        "160",
        "--height",
        "96",
    )
    return (
        "--model",
        str(models.classifier_path()),
        "--detector",
        "yunet",
        "--yunet",
        str(small),
        "--threads",
        "1",
    )


def _ours(detector: str) -> Arguments:
    def arguments(material: Material, interpreter: Path) -> tuple[str, ...]:
        return "--detector", detector, *(("--yunet", _there(material.yunet)) if detector == "yunet" else ())

    return arguments


def _there(path: Path) -> str:
    if not path.is_file():
        raise Unavailable(f"{path} is not there")
    return str(path)


def _make(interpreter: Path, module: str, output: Path, *arguments: str) -> None:
    """Let a peer's interpreter write `output`, unless it has."""
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
        raise Unavailable(f"{output.name} could not be made: {last_line(made.stderr)}")
    partial.replace(output)


# The first is what the others are compared with.
PEERS = (
    Peer("fer-edge, YuNet", None, "ours", _ours("yunet")),
    Peer("fer-edge, Haar", None, "ours", _ours("haar")),
    Peer("the loop of 2023: Keras predict, Haar at 1.32", KERAS, "original", _keras()),
    Peer("the same with model(x)", KERAS, "original", _keras("--call")),
    Peer("fer 25.10.3", FER, "fer_package", lambda material, interpreter: ()),
    Peer("HSEmotion (ONNX) + YuNet", HSEMOTION, "hsemotion", _hsemotion("hsemotion-onnx")),
    Peer("EmotiEffLib (ONNX) + YuNet", HSEMOTION, "hsemotion", _hsemotion("emotiefflib")),
    Peer("OpenCV Zoo: YuNet at 320 + int8 MobileFaceNet", BARE, "zoo", _zoo("dnn")),
    Peer("the same, MobileFaceNet in ONNX Runtime, one thread", BARE, "zoo", _zoo("onnxruntime")),
    Peer(
        "stand-in for the Zoo's: YuNet at 320 + a MobileFaceNet of random weights",
        BARE,
        "zoo",
        _standin("dnn"),
    ),
    Peer("the same stand-in in ONNX Runtime, one thread", BARE, "zoo", _standin("onnxruntime")),
    Peer("bare: Haar at 320, two threads + our int8", BARE, "bare", _bare_haar),
    Peer("bare: YuNet at 160, one thread + our int8", BARE, "bare", _bare_yunet),
)
