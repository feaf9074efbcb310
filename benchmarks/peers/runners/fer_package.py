"""The package fer as its README uses it: Haar over every whole frame and a TFLite model, with its own defaults."""

from typing import Any

from fer.fer import FER

from benchmarks.peers.runners import play


def main() -> None:
    """Run it."""
    chosen = play.parser().parse_args()
    reader = FER()

    def read(picture: Any) -> int:
        found = reader.detect_emotions(picture)
        for face in found:
            expressions = face["emotions"]
            play.mark(
                picture, [int(side) for side in face["box"]], max(expressions, key=expressions.__getitem__)
            )
        return len(found)

    play.play(chosen, read)


if __name__ == "__main__":
    main()
