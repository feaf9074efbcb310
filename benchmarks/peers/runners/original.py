"""The project's script of 2023: Haar on every whole frame, a Keras run per face, enlarged for a window."""

import json

import cv2
import keras
import numpy as np

from benchmarks.peers.runners import shared_loop

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
SCALE_STEP = 1.32
MIN_NEIGHBOURS = 5
WINDOW = (1000, 700)


def main() -> None:
    """Run it over the clip, by model.predict or by a plain call of the model."""
    options = shared_loop.make_parser()
    options.add_argument("--architecture", required=True)
    options.add_argument("--weights", required=True)
    options.add_argument("--call", action="store_true", help="model(x) in place of model.predict(x)")
    chosen = options.parse_args()
    with open(chosen.architecture, encoding="utf-8") as file:
        model = keras.Sequential.from_config(json.load(file)["config"])
    model.load_weights(chosen.weights)
    cascade = shared_loop.load_frontal_cascade()

    def analyse(picture: np.ndarray) -> int:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        faces = cascade.detectMultiScale(grey, SCALE_STEP, MIN_NEIGHBOURS)
        for left, top, width, height in faces:
            crop = cv2.resize(grey[top : top + height, left : left + width], (48, 48))
            batch = crop[np.newaxis, ..., np.newaxis].astype(np.float32) / 255
            probabilities = np.asarray(model(batch) if chosen.call else model.predict(batch, verbose=0))
            shared_loop.draw_face(picture, (left, top, width, height), LABELS[int(probabilities[0].argmax())])
        cv2.resize(picture, WINDOW)
        return len(faces)

    shared_loop.run_over_clip(chosen, analyse)


if __name__ == "__main__":
    main()
