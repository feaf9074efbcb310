"""Writes a YuNet for pictures of another size: its file fixes one, but its graph fits any multiple of 32."""

import argparse
from pathlib import Path

import onnx


def main() -> None:
    """Read --yunet and write --output for pictures of --width × --height."""
    options = argparse.ArgumentParser()
    options.add_argument("--yunet", type=Path, required=True)
    options.add_argument("--width", type=int, required=True)
    options.add_argument("--height", type=int, required=True)
    options.add_argument("--output", type=Path, required=True)
    chosen = options.parse_args()
    model = onnx.load(chosen.yunet)
    rows, columns = model.graph.input[0].type.tensor_type.shape.dim[2:]
    rows.dim_value, columns.dim_value = chosen.height, chosen.width
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = f"cells_of_{output.name}"
    del model.graph.value_info[:]
    onnx.save(model, chosen.output)


if __name__ == "__main__":
    main()
