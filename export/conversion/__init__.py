"""From Keras to float and int8 ONNX files."""
