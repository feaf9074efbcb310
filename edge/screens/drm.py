"""The structures and requests of Linux's DRM/KMS interface that put a picture on a screen.

Numbers, fields and layouts are those of the kernel's include/uapi/drm/drm.h and drm_mode.h.  A list of ids or
modes is a C array, whose address and length are fields of the structure.
"""

import ctypes as C
from typing import Any

CONNECTED = 1
MODE_PREFERRED = 1 << 3
FLIP_EVENT = 1
EVENT_FLIP_COMPLETE = 2
# DRM_FORMAT_XRGB8888: 32 bits with an unused byte, red, green and blue; in memory blue comes first.
XRGB8888 = int.from_bytes(b"XR24", "little")
BITS, DEPTH = 32, 24
# struct drm_event: its header, and room for several events.
EVENT_HEADER_BYTES, EVENTS_BYTES = 8, 1024

_U16, _U32, _U64 = C.c_uint16, C.c_uint32, C.c_uint64


def _fields(kind: type[Any], *names: str) -> list[tuple[str, type[Any]]]:
    return [(name, kind) for name in names]


class CardResources(C.Structure):
    """drm_mode_card_res."""

    _fields_ = [
        *_fields(_U64, "fbs", "crtcs", "connectors", "encoders"),
        *_fields(
            _U32,
            "count_fbs",
            "count_crtcs",
            "count_connectors",
            "count_encoders",
            "min_width",
            "max_width",
            "min_height",
            "max_height",
        ),
    ]


class ModeInfo(C.Structure):
    """drm_mode_modeinfo."""

    _fields_ = [
        ("clock", _U32),
        *_fields(
            _U16,
            "width",
            "hsync_start",
            "hsync_end",
            "htotal",
            "hskew",
            "height",
            "vsync_start",
            "vsync_end",
            "vtotal",
            "vscan",
        ),
        *_fields(_U32, "refresh", "flags", "type"),
        ("name", C.c_char * 32),
    ]


class Connector(C.Structure):
    """drm_mode_get_connector."""

    _fields_ = [
        *_fields(_U64, "encoders", "modes", "props", "prop_values"),
        *_fields(
            _U32,
            "count_modes",
            "count_props",
            "count_encoders",
            "encoder",
            "id",
            "type",
            "type_id",
            "connection",
            "width_mm",
            "height_mm",
            "subpixel",
            "pad",
        ),
    ]


class Encoder(C.Structure):
    """drm_mode_get_encoder."""

    _fields_ = _fields(_U32, "id", "type", "crtc", "possible_crtcs", "possible_clones")


class Crtc(C.Structure):
    """drm_mode_crtc."""

    _fields_ = [
        ("connectors", _U64),
        *_fields(_U32, "count_connectors", "id", "fb", "x", "y", "gamma_size", "has_mode"),
        ("mode", ModeInfo),
    ]


class Dumb(C.Structure):
    """drm_mode_create_dumb."""

    _fields_ = [*_fields(_U32, "height", "width", "bpp", "flags", "handle", "pitch"), ("size", _U64)]


class DumbMap(C.Structure):
    """drm_mode_map_dumb."""

    _fields_ = [*_fields(_U32, "handle", "pad"), ("offset", _U64)]


class Fb(C.Structure):
    """drm_mode_fb_cmd."""

    _fields_ = _fields(_U32, "id", "width", "height", "pitch", "bpp", "depth", "handle")


class Flip(C.Structure):
    """drm_mode_crtc_page_flip."""

    _fields_ = [*_fields(_U32, "crtc", "fb", "flags", "reserved"), ("user_data", _U64)]


class Planes(C.Structure):
    """drm_mode_get_plane_res."""

    _fields_ = [("planes", _U64), ("count", _U32)]


class Plane(C.Structure):
    """drm_mode_get_plane."""

    _fields_ = [
        *_fields(_U32, "id", "crtc", "fb", "possible_crtcs", "gamma_size", "count_formats"),
        ("formats", _U64),
    ]


class SetPlane(C.Structure):
    """drm_mode_set_plane; the sizes of the source are in 1/65536 px."""

    _fields_ = [
        *_fields(_U32, "id", "crtc", "fb", "flags"),
        *_fields(C.c_int32, "left", "top"),
        *_fields(_U32, "width", "height", "source_left", "source_top", "source_height", "source_width"),
    ]


class Handle(C.Structure):
    """drm_mode_destroy_dumb, and the framebuffer id that DRM_IOCTL_MODE_RMFB takes."""

    _fields_ = [("handle", _U32)]


_NO_ARGUMENT, _READ_AND_WRITE, _DRM = 0, 3, ord("d")

SET_MASTER = _NO_ARGUMENT << 30 | _DRM << 8 | 0x1E


def _iowr(number: int, structure: type[C.Structure]) -> int:
    """The kernel's DRM_IOWR: the request of an ioctl that reads and writes `structure`."""
    return _READ_AND_WRITE << 30 | C.sizeof(structure) << 16 | _DRM << 8 | number


GET_RESOURCES, GET_CRTC, SET_CRTC = _iowr(0xA0, CardResources), _iowr(0xA1, Crtc), _iowr(0xA2, Crtc)
GET_ENCODER, GET_CONNECTOR = _iowr(0xA6, Encoder), _iowr(0xA7, Connector)
ADD_FB, REMOVE_FB, PAGE_FLIP = _iowr(0xAE, Fb), _iowr(0xAF, Handle), _iowr(0xB0, Flip)
CREATE_DUMB, MAP_DUMB, DESTROY_DUMB = _iowr(0xB2, Dumb), _iowr(0xB3, DumbMap), _iowr(0xB4, Handle)
GET_PLANES, GET_PLANE, SET_PLANE = _iowr(0xB5, Planes), _iowr(0xB6, Plane), _iowr(0xB7, SetPlane)
