"""Writes an int8 network with MobileFaceNet's layers and random weights: as fast as the real one.

The layers are those of Chen et al., "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification
on Mobile Devices" (2018), table 1, with seven classes at the end, and with ReLU in place of PReLU, which is
nowhere faster.  Its labels mean nothing.
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
# Expansion factor, output channels, number of repetitions, and the stride of the first one.
BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


class _GraphBuilder:
    """Builds the graph layer by layer.

    Each method adds a layer to a tensor and returns the name of its output.
    """

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add_convolution(
        self,
        source: str,
        channels: int,
        out: int,
        *,
        side: int = 1,
        stride: int = 1,
        groups: int = 1,
        padding: int = 0,
        is_linear: bool = False,
    ) -> str:
        """Add a convolution with its batch normalisation folded in, and a ReLU unless it is linear."""
        fan_in = channels // groups * side * side
        shape = (out, channels // groups, side, side)
        kernel = self._add_weight(self._random.normal(0, (2 / fan_in) ** 0.5, shape))
        output = self._add_node(
            "Conv",
            [source, kernel, self._add_weight(self._random.normal(0, 0.01, out))],
            group=groups,
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[padding] * 4,
        )
        return output if is_linear else self._add_node("Relu", [output])

    def add_bottleneck(self, source: str, channels: int, expansion: int, out: int, stride: int) -> str:
        """Add layers that widen, filter each channel and narrow; a shortcut joins equal shapes."""
        wide = expansion * channels
        output = self.add_convolution(source, channels, wide)
        output = self.add_convolution(output, wide, wide, side=3, stride=stride, groups=wide, padding=1)
        output = self.add_convolution(output, wide, out, is_linear=True)
        return self._add_node("Add", [source, output]) if stride == 1 and channels == out else output

    def add_flatten(self, source: str) -> str:
        """Add a layer from (1, n, 1, 1) to (1, n)."""
        return self._add_node("Flatten", [source], axis=1)

    def _add_weight(self, values: Any) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def _add_node(self, kind: str, sources: list[str], **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, sources, [name], name=f"n{len(self.nodes)}", **attributes))
        return name


def make_network() -> Any:
    """Make the float network as an ONNX model: input data (1, 3, 112, 112), output label (1, 7)."""
    builder = _GraphBuilder()
    output = builder.add_convolution("data", 3, 64, side=3, stride=2, padding=1)
    output = builder.add_convolution(output, 64, 64, side=3, groups=64, padding=1)
    channels = 64
    for expansion, out, times, stride in BOTTLENECKS:
        for index in range(times):
            output = builder.add_bottleneck(output, channels, expansion, out, stride if index == 0 else 1)
            channels = out
    output = builder.add_convolution(output, channels, 512)
    output = builder.add_convolution(output, 512, 512, side=7, groups=512, is_linear=True)
    output = builder.add_convolution(output, 512, CLASSES, is_linear=True)
    builder.add_flatten(output)
    builder.nodes[-1].output[0] = "label"
    graph = helper.make_graph(
        builder.nodes,
        "mobilefacenet",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])],
        [helper.make_tensor_value_info("label", TensorProto.FLOAT, [1, CLASSES])],
        builder.weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


class _NoiseReader(CalibrationDataReader):  # type: ignore[misc]
    """Yields a few inputs of noise: calibration has no better data for random weights."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self._inputs = iter(
            [{"data": random.uniform(-1, 1, (1, 3, SIDE_PX, SIDE_PX)).astype(np.float32)} for _ in range(4)]
        )

    def get_next(self) -> dict[str, Any] | None:
        """Return the next input, or None after the last."""
        return next(self._inputs, None)


def main() -> None:
    """Write the network to --output."""
    options = argparse.ArgumentParser()
    options.add_argument("--output", type=Path, required=True)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        float_file = Path(folder) / "float.onnx"
        onnx.save(make_network(), float_file)
        quantize_static(
            float_file,
            chosen.output,
            _NoiseReader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


if __name__ == "__main__":
    main()
