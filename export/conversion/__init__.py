"""The conversion of Keras models to float and int8 ONNX files."""
