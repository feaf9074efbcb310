"""A minimal loop around our own int8 model: it searches every whole frame, shrunk, and follows no face."""

import json
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort

from benchmarks.peers.runners import shared_loop

METADATA_KEY = "fer_edge"
MIN_SCORE = 0.7
MAX_IOU = 0.3
STRIDES = (8, 16, 32)

Box = tuple[int, int, int, int]
# Finds boxes in a picture, BGR, and the same picture in grey.
Find = Callable[[Any, Any], list[Box]]


def _make_session(path: str, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def make_haar_search(width: int) -> Find:
    """Make a search with Haar's cascade over the frame shrunk to `width`."""
    cascade = shared_loop.load_frontal_cascade()

    def find(picture: Any, grey: Any) -> list[Box]:
        shrink = width / grey.shape[1]
        small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        found = cascade.detectMultiScale(small, 1.2, 5, minSize=(24, 24))
        return [_scale_back(box, shrink) for box in found]

    return find


def make_yunet_search(path: str, threads: int) -> Find:
    """Make a search with YuNet in ONNX Runtime over the frame shrunk to the network's own size."""
    network = _make_session(path, threads)
    _, _, rows, columns = network.get_inputs()[0].shape

    def find(picture: Any, grey: Any) -> list[Box]:
        shrink = min(columns / picture.shape[1], rows / picture.shape[0])
        small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        padded = cv2.copyMakeBorder(
            small, 0, rows - small.shape[0], 0, columns - small.shape[1], cv2.BORDER_CONSTANT
        )
        outputs = network.run(None, {"input": padded.astype(np.float32).transpose(2, 0, 1)[np.newaxis]})
        return [_scale_back(box, shrink) for box in decode_boxes(outputs, columns)]

    return find


def decode_boxes(outputs: list[Any], columns: int) -> list[Any]:
    """Decode the boxes of YuNet's outputs: classes, objects, boxes and landmarks, each for three strides."""
    boxes, scores = [], []
    for level, stride in enumerate(STRIDES):
        cell_scores = np.sqrt(outputs[level][0, :, 0] * outputs[level + 3][0, :, 0])
        for cell in np.flatnonzero(cell_scores >= MIN_SCORE):
            right, down, width, height = outputs[level + 6][0, cell]
            row, column = divmod(int(cell), columns // stride)
            wide, high = np.exp(width) * stride, np.exp(height) * stride
            boxes.append([(column + right) * stride - wide / 2, (row + down) * stride - high / 2, wide, high])
            scores.append(float(cell_scores[cell]))
    return [boxes[index] for index in cv2.dnn.NMSBoxes(boxes, scores, MIN_SCORE, MAX_IOU)] if boxes else []


def _scale_back(box: Any, shrink: float) -> Box:
    left, top, width, height = (round(float(side) / shrink) for side in box)
    return left, top, width, height


def main() -> None:
    """Run it over the clip with one detector or the other."""
    options = shared_loop.make_parser()
    options.add_argument("--model", required=True)
    options.add_argument("--detector", choices=("haar", "yunet"), required=True)
    options.add_argument("--yunet", help="a YuNet of fixed size")
    options.add_argument("--width", type=int, default=320)
    options.add_argument("--threads", type=int, required=True)
    chosen = options.parse_args()
    cv2.setNumThreads(chosen.threads)
    if chosen.detector == "haar":
        find = make_haar_search(chosen.width)
    else:
        find = make_yunet_search(chosen.yunet, chosen.threads)
    network = _make_session(chosen.model, 1)
    contract = json.loads(network.get_modelmeta().custom_metadata_map[METADATA_KEY])
    framing, side_px = contract["framing"][chosen.detector], contract["width"]

    def crop(grey: Any, box: Box) -> Any:
        left, top, width, height = box
        size = (width + height) / 2
        reach = framing["scale"] * size / 2
        x, y = left + width / 2, top + height / 2 + framing["shift_down"] * size
        inside = grey[
            max(0, round(y - reach)) : round(y + reach), max(0, round(x - reach)) : round(x + reach)
        ]
        return cv2.resize(inside, (side_px, side_px), interpolation=cv2.INTER_AREA)

    def analyse(picture: Any) -> int:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        boxes = find(picture, grey)
        if boxes:
            batch = np.stack([crop(grey, box) for box in boxes])[..., np.newaxis].astype(np.float32)
            batch = batch * np.float32(contract["scale"]) + np.float32(contract.get("offset", 0))
            probabilities = network.run(None, {network.get_inputs()[0].name: batch})[0]
            for box, row in zip(boxes, probabilities, strict=True):
                shared_loop.draw_face(picture, box, contract["labels"][int(row.argmax())])
        return len(boxes)

    shared_loop.run_over_clip(chosen, analyse)


if __name__ == "__main__":
    main()
