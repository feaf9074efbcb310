"""Writes the tag of EXIF that says how a camera was held."""


def add_exif(jpeg: bytes, orientation: int, *, order: str = "big") -> bytes:
    """`jpeg` with an EXIF segment that holds the tag Orientation alone; `order` is "big" or "little"."""

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, order)  # type: ignore[arg-type]

    start = (b"MM" if order == "big" else b"II") + number(42, 2) + number(8, 4)
    entry = number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + b"\0\0"
    exif = b"Exif\0\0" + start + number(1, 2) + entry + number(0, 4)
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
