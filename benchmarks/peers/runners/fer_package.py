"""The package fer as its README uses it, with its own defaults: Haar over whole frames and a TFLite model."""

from typing import Any

from fer.fer import FER

from benchmarks.peers.runners import shared_loop


def main() -> None:
    """Run it over the clip."""
    chosen = shared_loop.make_parser().parse_args()
    detector = FER()

    def analyse(picture: Any) -> int:
        faces = detector.detect_emotions(picture)
        for face in faces:
            scores = face["emotions"]
            label = max(scores, key=scores.__getitem__)
            shared_loop.draw_face(picture, [int(side) for side in face["box"]], label)
        return len(faces)

    shared_loop.run_over_clip(chosen, analyse)


if __name__ == "__main__":
    main()
