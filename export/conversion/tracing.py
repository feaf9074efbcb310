"""A Keras model traced to ONNX by tf2onnx."""

import logging
from pathlib import Path

import keras
import onnx
import tensorflow as tf
import tf2onnx
from onnx import ModelProto

from edge.errors import ModelError
from export.conversion import onnx_graph
from export.error_text import shorten

# tf2onnx refuses 19 and above; 17 runs on every ONNX Runtime since 1.12.
OPSET = 17


def trace(model: keras.Model, height: int, width: int, source: Path) -> ModelProto:
    """The ONNX model as tf2onnx makes it: `crops` (n, height, width, 1) in, `probabilities` (n, classes) out.

    Raises ModelError, naming `source`, if ONNX lacks an operation of the network.
    """
    # Otherwise tf2onnx logs each pass.  An operation that it does not know is no error for it: it logs
    # the operation and leaves it in the model, where the checker finds it.
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    signature = [tf.TensorSpec((None, height, width, 1), tf.float32, name="crops")]
    function = tf.function(
        lambda crops: {"probabilities": model(crops, training=False)}, input_signature=signature
    )
    converted: ModelProto
    try:
        converted, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
        onnx_graph.replace_erfc(converted)
        onnx.checker.check_model(converted)
    except Exception as error:  # Theirs have no narrower base class.
        raise ModelError(
            f"expected a network of operations that ONNX has in {source}, found: {shorten(error)}; "
            "replace that layer"
        ) from error
    return converted
