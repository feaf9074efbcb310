"""Writes an int8 network with MobileFaceNet's layers and random weights: the real one's speed without its skill.

The layers are those of Chen et al., "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile
Devices" (2018), table 1, with seven classes at the end, and ReLU for PReLU, which is nowhere faster.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

SIDE_PX = 112
CLASSES = 7
OPSET = 13
# Expansion, channels out, how often, and the stride of the first.
BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


class _Layers:
    """The graph as it grows from its input."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def convolution(
        self,
        taken: str,
        channels: int,
        out: int,
        *,
        side: int = 1,
        stride: int = 1,
        groups: int = 1,
        padding: int = 0,
        is_linear: bool = False,
    ) -> str:
        """A convolution with its batch normalisation folded in, and ReLU unless it is linear."""
        fan_in = channels // groups * side * side
        shape = (out, channels // groups, side, side)
        kernel = self._weight(self._random.normal(0, (2 / fan_in) ** 0.5, shape))
        given = self._node(
            "Conv",
            [taken, kernel, self._weight(self._random.normal(0, 0.01, out))],
            group=groups,
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[padding] * 4,
        )
        return given if is_linear else self._node("Relu", [given])

    def bottleneck(self, taken: str, channels: int, expansion: int, out: int, stride: int) -> str:
        """Widen, filter each channel, narrow; with a shortcut where the shapes are equal."""
        wide = expansion * channels
        given = self.convolution(taken, channels, wide)
        given = self.convolution(given, wide, wide, side=3, stride=stride, groups=wide, padding=1)
        given = self.convolution(given, wide, out, is_linear=True)
        return self._node("Add", [taken, given]) if stride == 1 and channels == out else given

    def flat(self, taken: str) -> str:
        """(1, n) of (1, n, 1, 1)."""
        return self._node("Flatten", [taken], axis=1)

    def _weight(self, values: Any) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def _node(self, kind: str, taken: list[str], **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, taken, [name], name=f"n{len(self.nodes)}", **attributes))
        return name


def network() -> Any:
    """The float network as an ONNX model: data (1, 3, 112, 112) in, label (1, 7) out."""
    layers = _Layers()
    given = layers.convolution("data", 3, 64, side=3, stride=2, padding=1)
    given = layers.convolution(given, 64, 64, side=3, groups=64, padding=1)
    channels = 64
    for expansion, out, times, stride in BOTTLENECKS:
        for index in range(times):
            given = layers.bottleneck(given, channels, expansion, out, stride if index == 0 else 1)
            channels = out
    given = layers.convolution(given, channels, 512)
    given = layers.convolution(given, 512, 512, side=7, groups=512, is_linear=True)
    given = layers.flat(layers.convolution(given, 512, CLASSES, is_linear=True))
    layers.nodes[-1].output[0] = "label"
    graph = helper.make_graph(
        layers.nodes,
        "mobilefacenet",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])],
        [helper.make_tensor_value_info("label", TensorProto.FLOAT, [1, CLASSES])],
        layers.weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


class _Noise(CalibrationDataReader):  # type: ignore[misc]
    """A few inputs of noise, which is all that random weights can be calibrated with."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self._inputs = iter(
            [{"data": random.uniform(-1, 1, (1, 3, SIDE_PX, SIDE_PX)).astype(np.float32)} for _ in range(4)]
        )

    def get_next(self) -> dict[str, Any] | None:
        """The next input, or None after the last."""
        return next(self._inputs, None)


def main() -> None:
    """Write it to --output."""
    options = argparse.ArgumentParser()
    options.add_argument("--output", type=Path, required=True)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float.onnx"
        onnx.save(network(), whole)
        quantize_static(
            whole,
            chosen.output,
            _Noise(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


if __name__ == "__main__":
    main()
