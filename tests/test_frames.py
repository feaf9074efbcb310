"""Frames in every pixel format, and boxes."""

import cv2
import numpy as np
import pytest

from edge.contracts import Box
from edge.frames import Frame, Image, PixelFormat
from edge.orientation import UPRIGHT, Orientation

WIDTH, HEIGHT = 96, 64
PICTURE = np.ascontiguousarray(
    np.broadcast_to(
        np.linspace(30, 220, WIDTH).astype(np.uint8)[np.newaxis, :, np.newaxis], (HEIGHT, WIDTH, 3)
    )
)
GREY = PICTURE[:, :, 0]


def make_frame(buffer: Image, pixel_format: PixelFormat) -> Frame:
    make_bgr = PICTURE.copy if pixel_format is PixelFormat.LUMA else None
    return Frame(buffer, pixel_format, WIDTH, HEIGHT, 0, 0.0, 0.0, make_bgr=make_bgr)


def make_buffer(pixel_format: PixelFormat) -> Image:
    """PICTURE, which has no colour, in `pixel_format`; the rows of YUV420 are 128 bytes long."""
    match pixel_format:
        case PixelFormat.BGR:
            return PICTURE.copy()
        case PixelFormat.GREY:
            return GREY.copy()
        case PixelFormat.LUMA:
            return to_video_range(GREY)
        case PixelFormat.YUYV:
            # In video, Y goes from 16 to 235.
            return np.dstack([to_video_range(GREY), np.full_like(GREY, 128)])
        case PixelFormat.YUV420:
            padded = cv2.copyMakeBorder(to_video_range(GREY), 0, 0, 0, 128 - WIDTH, cv2.BORDER_CONSTANT)
            return np.vstack([padded, np.full((HEIGHT // 2, 128), 128, np.uint8)]).astype(np.uint8)
        case PixelFormat.MJPG:
            return np.asarray(cv2.imencode(".jpg", PICTURE)[1], np.uint8).reshape(-1)


def to_video_range(grey: Image) -> Image:
    return np.round(16 + grey.astype(float) * 219 / 255).astype(np.uint8)


@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_grey_and_colour_show_the_picture(pixel_format: PixelFormat) -> None:
    frame = make_frame(make_buffer(pixel_format), pixel_format)
    assert frame.bgr.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(frame.bgr.astype(int) - PICTURE).max() <= 6
    assert frame.grey.shape == (HEIGHT, WIDTH)
    # In video, luma goes from 16 to 235: a seventh less contrast, with which a face is the same face.
    assert np.abs(frame.grey.astype(int) - GREY).max() <= 16


@pytest.mark.parametrize(
    "pixel_format", [PixelFormat.GREY, PixelFormat.YUYV, PixelFormat.YUV420, PixelFormat.LUMA]
)
def test_luma_is_a_view_and_no_copy(pixel_format: PixelFormat) -> None:
    buffer = make_buffer(pixel_format)
    assert np.shares_memory(make_frame(buffer, pixel_format).grey, buffer)


EIGHT = [Orientation(degrees, is_mirrored) for degrees in (0, 90, 180, 270) for is_mirrored in (False, True)]


@pytest.mark.parametrize("orientation", EIGHT, ids=str)
@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_grey_colour_and_half_grey_are_turned_alike(
    pixel_format: PixelFormat, orientation: Orientation
) -> None:
    upright = make_frame(make_buffer(pixel_format), pixel_format)
    turned = make_frame(make_buffer(pixel_format), pixel_format).turn(orientation)
    assert (turned.width, turned.height) == ((HEIGHT, WIDTH) if orientation.swaps_sides else (WIDTH, HEIGHT))
    if upright.half_grey is not None:
        np.testing.assert_array_equal(turned.half_grey, orientation.apply(upright.half_grey))
    np.testing.assert_array_equal(turned.grey, orientation.apply(upright.grey))
    np.testing.assert_array_equal(turned.bgr, orientation.apply(upright.bgr))
    assert turned.is_decodable and not turned.grey.flags.writeable


def test_frame_that_is_turned_back_is_the_camera_s_again() -> None:
    frame = make_frame(make_buffer(PixelFormat.YUYV), PixelFormat.YUYV)
    back = frame.turn(Orientation(90)).turn(Orientation(270))
    assert (back.width, back.height, back.orientation) == (WIDTH, HEIGHT, UPRIGHT)
    assert np.shares_memory(back.grey, frame.buffer)


def test_damaged_turned_frame_is_black_and_of_the_turned_size() -> None:
    frame = make_frame(np.zeros(100, np.uint8), PixelFormat.MJPG).turn(Orientation(90))
    assert frame.grey.shape == (WIDTH, HEIGHT) and frame.bgr.shape == (WIDTH, HEIGHT, 3)
    assert not frame.is_decodable


def test_buffer_is_a_view_and_no_copy() -> None:
    buffer = make_buffer(PixelFormat.BGR)
    frame = make_frame(buffer, PixelFormat.BGR)
    assert np.shares_memory(frame.buffer, buffer) and buffer.flags.writeable


@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_pictures_are_made_once_on_demand_and_are_read_only(pixel_format: PixelFormat) -> None:
    frame = make_frame(make_buffer(pixel_format), pixel_format)
    assert frame._grey is None and frame._bgr is None
    grey = frame.grey
    assert frame._bgr is None
    assert frame.grey is grey and frame.bgr is frame.bgr
    for picture in (frame.buffer, frame.grey, frame.bgr):
        with pytest.raises(ValueError, match="read-only"):
            picture[0] = 0


def test_jpeg_whose_colour_is_expected_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    imdecode = cv2.imdecode

    def counting(buffer: Image, flags: int) -> object:
        decoded.append(flags)
        return imdecode(buffer, flags)

    monkeypatch.setattr(cv2, "imdecode", counting)
    buffer = make_buffer(PixelFormat.MJPG)
    twice, once = make_frame(buffer, PixelFormat.MJPG), make_frame(buffer, PixelFormat.MJPG)
    assert twice.grey is not None and twice.bgr is not None and len(decoded) == 2
    once.decode_colour_first()
    assert len(decoded) == 3
    assert np.abs(once.grey.astype(int) - twice.grey).max() <= 1 and (once.bgr == twice.bgr).all()
    assert len(decoded) == 3


def test_renumbered_frame_keeps_what_was_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = make_frame(make_buffer(PixelFormat.MJPG), PixelFormat.MJPG)
    half, grey, bgr = frame.half_grey, frame.grey, frame.bgr
    monkeypatch.setattr(cv2, "imdecode", None)
    renumbered = frame.renumber(7, 1.5, 2.5)
    assert (renumbered.number, renumbered.captured_at_s, renumbered.elapsed_s) == (7, 1.5, 2.5)
    assert (frame.number, frame.captured_at_s, frame.elapsed_s) == (0, 0.0, 0.0)
    assert renumbered.grey is grey and renumbered.bgr is bgr and renumbered._half_grey is half
    assert np.shares_memory(renumbered.buffer, frame.buffer)


def test_renumbered_frame_is_as_damaged_as_before() -> None:
    frame = make_frame(np.frombuffer(b"nothing", np.uint8), PixelFormat.MJPG)
    assert not frame.is_decodable and not frame.renumber(1, 0.0, 0.0).is_decodable


def test_half_of_a_jpeg_has_half_its_sides_rounded_up_and_is_kept() -> None:
    jpeg = np.asarray(cv2.imencode(".jpg", PICTURE[:63, :95])[1], np.uint8).reshape(-1)
    frame = Frame(jpeg, PixelFormat.MJPG, 95, 63, 0, 0.0, 0.0)
    half = frame.half_grey
    assert half is not None and half.shape == (32, 48) and half is frame.half_grey
    assert frame.grey.shape == (63, 95)
    assert frame.half_grey is None, "grey costs nothing any more"


def test_half_of_a_damaged_jpeg_is_black() -> None:
    half = make_frame(np.frombuffer(b"nothing", np.uint8), PixelFormat.MJPG).half_grey
    assert half is not None and half.shape == (HEIGHT // 2, WIDTH // 2) and not half.any()


@pytest.mark.parametrize(
    "pixel_format", [PixelFormat.GREY, PixelFormat.YUYV, PixelFormat.YUV420, PixelFormat.BGR]
)
def test_colour_that_is_expected_is_left_for_later_where_luma_costs_nothing(
    pixel_format: PixelFormat,
) -> None:
    frame = make_frame(make_buffer(pixel_format), pixel_format)
    frame.decode_colour_first()
    assert frame._grey is None and frame._bgr is None


@pytest.mark.parametrize("damage", [b"", b"\xff\xd8", b"\xff\xd8 no jpeg at all"])
def test_damaged_jpeg_is_a_black_picture_of_the_right_size(damage: bytes) -> None:
    frame = make_frame(np.frombuffer(damage, np.uint8), PixelFormat.MJPG)
    assert frame.grey.shape == (HEIGHT, WIDTH) and not frame.grey.any()
    assert frame.bgr.shape == (HEIGHT, WIDTH, 3) and not frame.bgr.any()


@pytest.mark.parametrize(("kept", "rows"), [(1 / 2, 8), (1, HEIGHT)])
def test_jpeg_without_its_end_shows_what_came(kept: float, rows: int) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    jpeg = np.asarray(cv2.imencode(".jpg", noise)[1], np.uint8).reshape(-1)
    whole, cut = (
        make_frame(content, PixelFormat.MJPG) for content in (jpeg, jpeg[: round((jpeg.size - 2) * kept)])
    )
    np.testing.assert_array_equal(cut.grey[:rows], whole.grey[:rows])
    np.testing.assert_array_equal(cut.bgr[:rows], whole.bgr[:rows])


def test_jpeg_of_another_size_is_brought_to_the_size_that_the_driver_named() -> None:
    jpeg = np.asarray(cv2.imencode(".jpg", PICTURE[:32, ::2])[1], np.uint8).reshape(-1)
    assert np.abs(make_frame(jpeg, PixelFormat.MJPG).grey.astype(int) - GREY).mean() < 4


def test_box_knows_its_edges() -> None:
    box = Box(10, 20, 30, 40)
    assert (box.right, box.bottom, box.area) == (40, 60, 1200)


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        (Box(-5, -5, 20, 20), Box(0, 0, 15, 15)),
        (Box(90, 60, 20, 20), Box(90, 60, 6, 4)),
        (Box(10, 10, 20, 20), Box(10, 10, 20, 20)),
        (Box(200, 10, 20, 20), Box(96, 10, 0, 20)),
        (Box(-50, -50, 20, 20), Box(0, 0, 0, 0)),
    ],
)
def test_clipped_box_lies_within_the_frame(box: Box, inside: Box) -> None:
    assert box.clip_to(make_frame(GREY, PixelFormat.GREY)) == inside


@pytest.mark.parametrize(
    ("other", "iou"),
    [
        (Box(0, 0, 10, 10), 1.0),
        (Box(5, 0, 10, 10), 1 / 3),
        (Box(10, 0, 10, 10), 0.0),
        (Box(2, 2, 5, 5), 0.25),
    ],
)
def test_overlap_is_shared_over_joint_area(other: Box, iou: float) -> None:
    box = Box(0, 0, 10, 10)
    assert box.iou(other) == pytest.approx(iou) == other.iou(box)


@pytest.mark.parametrize(("height", "width"), [(65_000, 65_000), (30_000, 30_000), (0, 0)])
def test_jpeg_whose_header_lies_about_its_size_is_a_black_picture_and_fills_no_memory(
    height: int, width: int
) -> None:
    encoded = bytearray(cv2.imencode(".jpg", np.full((48, 64, 3), 200, np.uint8))[1].tobytes())
    at = encoded.find(b"\xff\xc0") + 5
    encoded[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    frame = Frame(np.frombuffer(bytes(encoded), np.uint8), PixelFormat.MJPG, 64, 48, 0, 0.0, 0.0)
    assert frame.bgr.shape == (48, 64, 3) and not frame.bgr.any()
    assert not frame.is_decodable


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff\xd8 cut off"])
def test_bytes_that_are_no_jpeg_are_not_readable_and_others_are(content: bytes) -> None:
    assert not Frame(np.frombuffer(content, np.uint8), PixelFormat.MJPG, 64, 48, 0, 0.0, 0.0).is_decodable
    black = np.zeros((48, 64, 3), np.uint8)
    assert Frame(
        np.asarray(cv2.imencode(".jpg", black)[1], np.uint8).reshape(-1),
        PixelFormat.MJPG,
        64,
        48,
        0,
        0.0,
        0.0,
    ).is_decodable
    assert Frame(black, PixelFormat.BGR, 64, 48, 0, 0.0, 0.0).is_decodable


@pytest.mark.parametrize("size", [(64, 96), (65, 97), (1, 1), (3, 200)])
def test_grey_is_halved_again_and_again_and_kept(size: tuple[int, int]) -> None:
    frame = Frame(np.full(size, 77, np.uint8), PixelFormat.GREY, size[1], size[0], 0, 0.0, 0.0)
    for halvings in (3, 1, 2):
        shrunk = frame.shrink_grey(halvings)
        assert shrunk.shape == tuple(max(1, side >> halvings) for side in size)
        assert (shrunk == 77).all() and not shrunk.flags.writeable
        assert frame.shrink_grey(halvings) is shrunk


def test_halved_jpeg_is_decoded_at_half_its_size_where_grey_is_not_needed() -> None:
    jpeg = np.asarray(cv2.imencode(".jpg", np.full((64, 96), 77, np.uint8))[1], np.uint8).reshape(-1)
    frame = make_frame(jpeg, PixelFormat.MJPG)
    assert frame.shrink_grey(3).shape == (8, 12)
    assert frame._grey is None and frame._half_grey is not None
    assert np.shares_memory(frame.shrink_grey(1), frame._half_grey)
