"""HSEmotion's and EmotiEffLib's networks in their own packages, on the faces that YuNet finds."""

import sys
from collections.abc import Callable
from typing import Any

import cv2

from benchmarks.peers.runners import shared_loop

MIN_SCORE = 0.7


def _make_recogniser(package: str, model: str) -> Callable[[Any], str]:
    """Make a function from a crop, RGB, to its label; the package downloads its weights itself."""
    if package == "hsemotion-onnx":
        # hsemotion-onnx 0.3.1 uses urllib.request without importing it.
        import urllib.request  # noqa: F401

        from hsemotion_onnx.facial_emotions import HSEmotionRecognizer

        recogniser = HSEmotionRecognizer(model_name=model)
        return lambda crop: recogniser.predict_emotions(crop, logits=True)[0]
    from emotiefflib.facial_analysis import EmotiEffLibRecognizer

    recogniser = EmotiEffLibRecognizer(engine="onnx", model_name=model)
    return lambda crop: recogniser.predict_emotions(crop, logits=True)[0][0]


def main() -> None:
    """Run it over the clip."""
    options = shared_loop.make_parser()
    options.add_argument("--package", choices=("hsemotion-onnx", "emotiefflib"), required=True)
    options.add_argument("--model", default="enet_b0_8_best_vgaf")
    options.add_argument("--yunet", required=True)
    chosen = options.parse_args()
    try:
        recognise = _make_recogniser(chosen.package, chosen.model)
    except OSError as error:
        sys.exit(f"{chosen.package} could not download its weights: {error}")
    detector = cv2.FaceDetectorYN.create(chosen.yunet, "", (320, 320), MIN_SCORE)

    def analyse(picture: Any) -> int:
        rows, columns = picture.shape[:2]
        detector.setInputSize((columns, rows))
        _, found = detector.detect(picture)
        boxes = [] if found is None else [tuple(map(int, row[:4])) for row in found]
        for left, top, width, height in boxes:
            crop = picture[max(0, top) : top + height, max(0, left) : left + width]
            label = recognise(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))
            shared_loop.draw_face(picture, (left, top, width, height), label)
        return len(boxes)

    shared_loop.run_over_clip(chosen, analyse)


if __name__ == "__main__":
    main()
