"""The workstation's side of fer-edge: train, evaluate, convert, quantize."""
