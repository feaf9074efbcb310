#!/usr/bin/env bash
# One hard_sigmoid switches off tf2onnx's transpose optimizer for the whole graph.
#
# Expected: a chain of Keras convolutions converts with two transposes, one on each side, whatever stands
# between.
# Seen: with Keras's hard_sigmoid between them the optimizer meets a bias without dimensions, raises max()
# of an empty sequence, and is skipped with a logged traceback: two transposes for every convolution stay.
# The model is right, and slower.
# Instead: sigmoid, or count the transposes of what was converted.
# About 300 MB are downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    tensorflow-cpu==2.21.0 keras==3.15.1 tf2onnx==1.17.0 onnx==1.23.2 numpy==2.4.6; }; then
    echo "not tried: the packages could not be installed"
    exit 2
fi

cat > "$folder/transposes.py" <<'END'
import logging
import os
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", KERAS_BACKEND="tensorflow")

import keras
import tensorflow as tf
import tf2onnx

errors = []


class Errors(logging.Handler):
    def emit(self, record):
        if record.exc_info:
            errors.append(f"{record.exc_info[0].__name__}: {record.exc_info[1]}")


logging.getLogger("tf2onnx").addHandler(Errors())


def count_transposes(activation):
    layers = [keras.Input((16, 16, 3))]
    for _ in range(3):
        layers += [keras.layers.Conv2D(4, 3), keras.layers.Activation(activation)]
    model = keras.Sequential(layers)
    signature = [tf.TensorSpec([None, 16, 16, 3], tf.float32, name="images")]
    function = tf.function(lambda images: model(images, training=False), input_signature=signature)
    converted = tf2onnx.convert.from_function(function, input_signature=signature, opset=17)[0]
    return sum(node.op_type == "Transpose" for node in converted.graph.node)


sigmoid, hard_sigmoid = count_transposes("sigmoid"), count_transposes("hard_sigmoid")
print(f"version:  tf2onnx {tf2onnx.__version__}, Keras {keras.__version__}, TensorFlow {tf.__version__}")
print(f"expected: as many transposes with hard_sigmoid as with sigmoid, {sigmoid}")
if hard_sigmoid <= sigmoid:
    sys.exit(f"changed: {hard_sigmoid}")
print(f"seen:     {hard_sigmoid}; logged: {sorted(set(errors))}")
END

"$folder/venv/bin/python" "$folder/transposes.py" "$folder"
