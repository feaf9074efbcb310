"""OpenCV Zoo's pair: YuNet over every whole frame, and MobileFaceNet on each aligned face."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from benchmarks.peers.runners import shared_loop

LABELS = ("angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised")
MIN_SCORE = 0.7
SIDE_PX = 112
# The places of the eyes, the nose and the corners of the mouth in an aligned face of 112 × 112 px: the usual
# template of ArcFace (Deng et al., 2019), with which the network was trained.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float32,
)


def _load_network(path: str, runtime: str) -> Callable[[Any], Any]:
    """Load the network as a function from an input (1, 3, 112, 112) to scores (1, classes)."""
    if runtime == "dnn":
        network = cv2.dnn.readNet(path)

        def forward(batch: Any) -> Any:
            network.setInput(batch)
            return network.forward()

        return forward
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda batch: session.run(None, {session.get_inputs()[0].name: batch})[0]


def main() -> None:
    """Run it over the clip; the frame is shrunk to `--width` for YuNet."""
    options = shared_loop.make_parser()
    options.add_argument("--yunet", required=True)
    options.add_argument("--model", required=True)
    options.add_argument("--width", type=int, default=320)
    options.add_argument(
        "--runtime", choices=("dnn", "onnxruntime"), default="dnn", help="the Zoo itself uses dnn"
    )
    chosen = options.parse_args()
    detector = cv2.FaceDetectorYN.create(chosen.yunet, "", (320, 320), MIN_SCORE)
    forward = _load_network(chosen.model, chosen.runtime)

    def recognise(picture: Any, landmarks: Any) -> str:
        transform, _ = cv2.estimateAffinePartial2D(landmarks, TEMPLATE)
        aligned = cv2.warpAffine(picture, transform, (SIDE_PX, SIDE_PX))
        batch = cv2.dnn.blobFromImage(aligned, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True)
        return LABELS[int(forward(batch)[0].argmax())]

    def analyse(picture: Any) -> int:
        shrink = chosen.width / picture.shape[1]
        small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        detector.setInputSize((small.shape[1], small.shape[0]))
        _, found = detector.detect(small)
        for row in () if found is None else found / shrink:
            left, top, width, height = map(int, row[:4])
            label = recognise(picture, row[4:14].reshape(5, 2))
            shared_loop.draw_face(picture, (left, top, width, height), label)
        return 0 if found is None else len(found)

    shared_loop.run_over_clip(chosen, analyse)


if __name__ == "__main__":
    main()
