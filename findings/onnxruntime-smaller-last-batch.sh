#!/usr/bin/env bash
# ONNX Runtime's histogram calibrations fail where the last batch is smaller.
#
# Expected: a CalibrationDataReader whose last batch is what is left of the images, as in any training loop,
# works with every calibration method of quantize_static, as it does with the default one.
# Seen: MinMax takes batches of 4, 4 and 3; Entropy, Percentile and Distribution raise NumPy's ValueError
# "setting an array element with a sequence", which names neither the batch nor the tensor.
# Instead: leave the rest out, or feed images one by one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/calibrate.py" <<'END'
import contextlib
import io
import logging
import os
import sys

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, quantize_static

# quantize_static recommends a preprocessing that changes nothing here.
logging.disable(logging.WARNING)
os.chdir(sys.argv[1])
random = np.random.default_rng(0)
weights = numpy_helper.from_array(random.normal(size=(4, 3, 3, 3)).astype(np.float32), "weights")
graph = helper.make_graph(
    [helper.make_node("Conv", ["images", "weights"], ["features"])],
    "convolution",
    [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, 8, 8])],
    [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 4, 6, 6])],
    [weights],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "float.onnx")


class Batches(CalibrationDataReader):
    def __init__(self, sizes):
        self.batches = iter([{"images": random.normal(size=(n, 3, 8, 8)).astype(np.float32)} for n in sizes])

    def get_next(self):
        return next(self.batches, None)


def quantize(method, sizes):
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            quantize_static("float.onnx", "int8.onnx", Batches(sizes), calibrate_method=method)
        return "works"
    except ValueError as error:
        return f"ValueError: {str(error)[:40]}..."


equal = {method.name: quantize(method, [4, 4, 4]) for method in CalibrationMethod}
outcomes = {method.name: quantize(method, [4, 4, 3]) for method in CalibrationMethod}
print(f"version:  onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}, NumPy {np.__version__}")
print(f"expected: with batches of 4, 4, 3 as with 4, 4, 4: {equal}")
working = {name for name, outcome in outcomes.items() if outcome == "works"}
if working != {"MinMax"} or {*equal.values()} != {"works"}:
    sys.exit(f"changed: {outcomes}")
print(f"seen:     {outcomes}")
END

"$folder/venv/bin/python" "$folder/calibrate.py" "$folder"
