"""The bare loop around our own int8 network: a whole-frame search on each shrunken frame, and no tracking."""

import json
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort

from benchmarks.peers.runners import play

METADATA_KEY = "fer_edge"
LEAST_SCORE = 0.7
MOST_IOU = 0.3
STRIDES = (8, 16, 32)

Box = tuple[int, int, int, int]
Find = Callable[[Any, Any], list[Box]]


def _session(path: str, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def haar(width: int) -> Find:
    """Haar's cascade over the frame shrunk to `width`."""
    cascade = play.haar()

    def find(picture: Any, grey: Any) -> list[Box]:
        shrink = width / grey.shape[1]
        small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        found = cascade.detectMultiScale(small, 1.2, 5, minSize=(24, 24))
        return [_scaled(box, shrink) for box in found]

    return find


def yunet(path: str, threads: int) -> Find:
    """YuNet in ONNX Runtime over the frame shrunk to the network's own size."""
    network = _session(path, threads)
    _, _, rows, columns = network.get_inputs()[0].shape

    def find(picture: Any, grey: Any) -> list[Box]:
        shrink = min(columns / picture.shape[1], rows / picture.shape[0])
        small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        padded = cv2.copyMakeBorder(
            small, 0, rows - small.shape[0], 0, columns - small.shape[1], cv2.BORDER_CONSTANT
        )
        outputs = network.run(None, {"input": padded.astype(np.float32).transpose(2, 0, 1)[np.newaxis]})
        return [_scaled(box, shrink) for box in decoded(outputs, columns)]

    return find


def decoded(outputs: list[Any], columns: int) -> list[Any]:
    """The boxes in YuNet's twelve outputs: classes, objects, boxes and landmarks, each for the three strides."""
    boxes, scores = [], []
    for level, stride in enumerate(STRIDES):
        seen = np.sqrt(outputs[level][0, :, 0] * outputs[level + 3][0, :, 0])
        for cell in np.flatnonzero(seen >= LEAST_SCORE):
            right, down, width, height = outputs[level + 6][0, cell]
            row, column = divmod(int(cell), columns // stride)
            wide, high = np.exp(width) * stride, np.exp(height) * stride
            boxes.append([(column + right) * stride - wide / 2, (row + down) * stride - high / 2, wide, high])
            scores.append(float(seen[cell]))
    return [boxes[index] for index in cv2.dnn.NMSBoxes(boxes, scores, LEAST_SCORE, MOST_IOU)] if boxes else []


def _scaled(box: Any, shrink: float) -> Box:
    left, top, width, height = (round(float(side) / shrink) for side in box)
    return left, top, width, height


def main() -> None:
    """Run it with one detector or the other."""
    options = play.parser()
    options.add_argument("--model", required=True)
    options.add_argument("--detector", choices=("haar", "yunet"), required=True)
    options.add_argument("--yunet", help="a YuNet of fixed size")
    options.add_argument("--width", type=int, default=320)
    options.add_argument("--threads", type=int, required=True)
    chosen = options.parse_args()
    cv2.setNumThreads(chosen.threads)
    find = haar(chosen.width) if chosen.detector == "haar" else yunet(chosen.yunet, chosen.threads)
    network = _session(chosen.model, 1)
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

    def read(picture: Any) -> int:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        boxes = find(picture, grey)
        if boxes:
            batch = np.stack([crop(grey, box) for box in boxes])[..., np.newaxis].astype(np.float32)
            batch = batch * np.float32(contract["scale"]) + np.float32(contract.get("offset", 0))
            probabilities = network.run(None, {network.get_inputs()[0].name: batch})[0]
            for box, row in zip(boxes, probabilities):
                play.mark(picture, box, contract["labels"][int(row.argmax())])
        return len(boxes)

    play.play(chosen, read)


if __name__ == "__main__":
    main()
