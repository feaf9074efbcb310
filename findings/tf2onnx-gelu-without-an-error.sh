#!/usr/bin/env bash
# tf2onnx converts Keras's GELU into a node that ONNX does not have, and returns as if all were well.
#
# Expected: a conversion that cannot be done raises.
# Seen: Keras 3 computes the exact GELU with TensorFlow's Erfc. tf2onnx logs "not supported", leaves a node
# of that name in the default domain, and returns the model; onnx.checker and ONNX Runtime refuse it.
# Instead: onnx.checker.check_model after every conversion, and keras.activations.gelu(x, approximate=True).
# About 300 MB are downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    tensorflow-cpu==2.21.0 keras==3.15.1 tf2onnx==1.17.0 onnx==1.23.2 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/gelu.py" <<'END'
import os
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", KERAS_BACKEND="tensorflow")

import keras
import onnx
import tensorflow as tf
import tf2onnx


def convert(activation):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Activation(activation)])
    signature = [tf.TensorSpec([None, 4], tf.float32, name="inputs")]
    function = tf.function(lambda inputs: model(inputs, training=False), input_signature=signature)
    return tf2onnx.convert.from_function(function, input_signature=signature, opset=17)[0]


def check(model):
    try:
        onnx.checker.check_model(model)
        return "valid"
    except onnx.checker.ValidationError as error:
        return str(error).splitlines()[0]


approximate = check(convert(lambda inputs: keras.activations.gelu(inputs, approximate=True)))
print(f"version:  tf2onnx {tf2onnx.__version__}, Keras {keras.__version__}, TensorFlow {tf.__version__}")
print("expected: an exception, or a valid model")
try:
    exact = check(convert("gelu"))
except Exception as error:
    sys.exit(f"changed: {type(error).__name__}: {error}")
if "Erfc" not in exact or approximate != "valid":
    sys.exit(f"changed: exact GELU: {exact}; approximate: {approximate}")
print(f"seen:     no exception; onnx.checker: {exact} (approximate GELU: {approximate})")
END

"$folder/venv/bin/python" "$folder/gelu.py" "$folder"
