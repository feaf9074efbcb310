"""HSEmotion's and EmotiEffLib's networks by their own packages, on the faces that YuNet finds in whole frames."""

import sys
from collections.abc import Callable
from typing import Any

import cv2

from benchmarks.peers.runners import play

LEAST_SCORE = 0.7


def _recogniser(package: str, model: str) -> Callable[[Any], str]:
    """What tells the label of a crop, red first; the package fetches its weights itself."""
    if package == "hsemotion-onnx":
        # As of 0.3.1 it uses urllib.request without importing it.
        import urllib.request  # noqa: F401

        from hsemotion_onnx.facial_emotions import HSEmotionRecognizer

        recogniser = HSEmotionRecognizer(model_name=model)
        return lambda crop: recogniser.predict_emotions(crop, logits=True)[0]
    from emotiefflib.facial_analysis import EmotiEffLibRecognizer

    recogniser = EmotiEffLibRecognizer(engine="onnx", model_name=model)
    return lambda crop: recogniser.predict_emotions(crop, logits=True)[0][0]


def main() -> None:
    """Run it."""
    options = play.parser()
    options.add_argument("--package", choices=("hsemotion-onnx", "emotiefflib"), required=True)
    options.add_argument("--model", default="enet_b0_8_best_vgaf")
    options.add_argument("--yunet", required=True)
    chosen = options.parse_args()
    try:
        label = _recogniser(chosen.package, chosen.model)
    except OSError as error:
        sys.exit(f"{chosen.package} could not fetch its weights: {error}")
    detector = cv2.FaceDetectorYN.create(chosen.yunet, "", (320, 320), LEAST_SCORE)

    def read(picture: Any) -> int:
        rows, columns = picture.shape[:2]
        detector.setInputSize((columns, rows))
        _, found = detector.detect(picture)
        boxes = [] if found is None else [tuple(map(int, row[:4])) for row in found]
        for left, top, width, height in boxes:
            crop = picture[max(0, top) : top + height, max(0, left) : left + width]
            play.mark(picture, (left, top, width, height), label(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)))
        return len(boxes)

    play.play(chosen, read)


if __name__ == "__main__":
    main()
