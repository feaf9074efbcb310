"""The classifier: an ONNX model that reads expressions from crops of faces."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from edge.contracts import Expression, Face
from edge.errors import ModelError
from edge.faces import metadata, preprocess
from edge.faces.ort_session import open_session, summarise_error
from edge.frames import Frame, Image

# How far the sum of the probabilities may be from 1: an int8 softmax rounds each to a 255th.
MAX_SUM_ERROR = 0.02


class OnnxClassifier:
    """A Classifier that runs an ONNX file as the file's own metadata describes."""

    def __init__(self, path: Path, detector: str, threads: int = 1) -> None:
        """Load `path` for boxes of the detector named `detector`, to run on `threads` threads.

        Raises ModelError when the file is missing or damaged, lacks the metadata, or has no framing for
        `detector`.
        """
        self.path = path
        self._session = _open(path, threads)
        self.metadata = _read_metadata(self._session, path)
        self.labels = self.metadata.labels
        self._input, self._output = _check_shapes(self._session, self.metadata, path)
        if detector not in self.metadata.framing:
            raise ModelError(
                f"expected a framing for the detector {detector} in {path}, found "
                f"{', '.join(self.metadata.framing) or 'none'}; choose one of these detectors"
            )
        self._framing = self.metadata.framing[detector]
        # A damaged file may load and then fail when it runs.  Let that happen now rather than during the
        # night.
        [blank] = self.classify([np.zeros((self.metadata.height, self.metadata.width), np.uint8)])
        if not np.isclose(blank.probabilities.sum(), 1, atol=MAX_SUM_ERROR):
            raise ModelError(
                f"expected probabilities from {path}, found {blank.probabilities}; copy or convert it again"
            )

    def crop(self, frame: Frame, face: Face) -> Image:
        """The square around `face`, resized to the model's input: uint8 (height, width)."""
        width, height = self.metadata.width, self.metadata.height
        if face.square is not None:
            exact = preprocess.frame_square(face.square, self._framing)
            return preprocess.crop_exactly(frame.grey, exact, width, height)
        square = preprocess.make_square(face.box, self._framing)
        return preprocess.crop(frame.grey, square, width, height)

    def classify(self, crops: Sequence[Image]) -> list[Expression]:
        """An Expression for each crop, uint8 (height, width), from one run of the model; [] for [].

        Raises ModelError when the model fails, which a damaged one may do.
        """
        if not len(crops):
            return []
        batch = preprocess.make_batch(crops, self.metadata)
        try:
            probabilities = self._session.run([self._output], {self._input: batch})[0]
        except Exception as error:  # ONNX Runtime's own exceptions share no narrower base.
            raise ModelError(
                f"expected {self.path} to run, found that it fails ({summarise_error(error)}); "
                "copy or convert it again"
            ) from error
        calibrated = preprocess.calibrate(probabilities, self.metadata.temperature)
        return [Expression(row, self.labels) for row in calibrated]


def _open(path: Path, threads: int) -> ort.InferenceSession:
    try:
        return open_session(path.read_bytes(), threads)
    except OSError as error:
        raise ModelError(
            f"expected a model at {path}, found no file that can be read; make one with "
            "python -m export convert, or name another with --model"
        ) from error
    except ValueError as error:
        raise ModelError(
            f"expected an ONNX model in {path}, found a file that ONNX Runtime refuses ({error}); "
            "copy or convert it again"
        ) from error


def _read_metadata(session: ort.InferenceSession, path: Path) -> metadata.Metadata:
    try:
        text = session.get_modelmeta().custom_metadata_map.get(metadata.KEY)
    except UnicodeDecodeError as error:
        raise ModelError(
            f"expected the metadata {metadata.KEY} in {path}, found: {error}; copy or convert it again"
        ) from error
    if text is None:
        raise ModelError(
            f"expected the metadata {metadata.KEY} in {path}, found none: this model's labels and "
            "input are unknown; convert it with python -m export convert"
        )
    return metadata.decode(text, str(path))


def _check_shapes(session: ort.InferenceSession, meta: metadata.Metadata, path: Path) -> tuple[str, str]:
    """Return the names of the input and the output; ModelError when their shapes are not those of `meta`."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    expected = f"float32 [n, {meta.height}, {meta.width}, 1] in and [n, {len(meta.labels)}] out"
    fits = (
        len(inputs) == len(outputs) == 1
        and inputs[0].type == outputs[0].type == "tensor(float)"
        and inputs[0].shape[1:] == [meta.height, meta.width, 1]
        and outputs[0].shape[1:] == [len(meta.labels)]
        and not isinstance(inputs[0].shape[0], int)
    )
    if not fits:
        found = "; ".join(f"{value.name} {value.type} {value.shape}" for value in [*inputs, *outputs])
        raise ModelError(
            f"expected {expected} in {path}, found {found}; convert it again with python -m export convert"
        )
    return inputs[0].name, outputs[0].name
