"""A USB webcam in software, at the kernel's virtual USB host, driven by the kernel's uvcvideo (needs root).

usage: webcam.py PICTURES FIFO, where PICTURES holds NAME-WIDTHxHEIGHT.CODE files, CODE mjpg or yuyv.

Commands come from the FIFO, a line each: plug SERIAL [PART], unplug SERIAL, freeze, thaw, cut N, garble N,
fault.  A webcam has the pictures whose names contain PART.  It cuts off the end of the next N pictures, or
sends noise instead.  It is a UVC 1.1 device over USB/IP; it needs no library, but the kernel modules vhci-hcd
and uvcvideo.
"""

import os
import queue
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# The requests of USB (USB 2.0, 9.4) and of UVC (UVC 1.1, A.8).
DESCRIPTOR_OF_DEVICE, STATUS_OF_DEVICE = (0x80, 6), (0x80, 0)
SET_CURRENT, GET_LENGTH, GET_INFO = 1, 0x85, 0x86
OF_INTERFACE = (0x21, 0xA1)
PROBE, COMMIT = 1, 2
STREAMING, CAMERA_IN = 1, 0x81
# dwMaxPayloadTransferSize, and the layout of a probe (UVC 1.1, 4.3.1.1).
PAYLOAD_BYTES = 16384
PROBE_LAYOUT = "<HBBIHHHHHIIIBBBB"
CLOCK_HZ = 48_000_000
# Frame intervals in units of 100 ns: 30, 15 and 1 pictures a second.
INTERVALS = (333_333, 666_666, 10_000_000)
END_OF_PICTURE, END_OF_HEADER = 0x02, 0x80
# The messages of USB/IP (Documentation/usb/usbip_protocol.rst), 48 bytes each.
SUBMIT, UNLINK, SUBMITTED, UNLINKED = 1, 2, 3, 4
MESSAGE_BYTES = 48
EPIPE, EPROTO, ECONNRESET = -32, -71, -104
HIGH_SPEED, FREE = 3, "004"
HOST = Path("/sys/devices/platform/vhci_hcd.0")
GUIDS = {"yuyv": b"YUY2\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"}

Size = tuple[int, int]


class Pictures:
    """The pictures that the camera shows, by code and size; it repeats them for ever."""

    def __init__(self, folder: Path, part: str) -> None:
        """Read those below `folder` whose names contain `part`."""
        self.by_mode: dict[tuple[str, Size], list[bytes]] = {}
        for path in sorted(path for path in folder.iterdir() if part in path.name):
            width, height = map(int, path.stem.rpartition("-")[2].split("x"))
            self.by_mode.setdefault((path.suffix[1:], (width, height)), []).append(path.read_bytes())

    @property
    def codes(self) -> list[str]:
        """The codes of the formats, in the order of their numbers, which begin at 1."""
        return sorted({code for code, _ in self.by_mode})

    def sizes(self, code: str) -> list[Size]:
        """The sizes of the format `code`, in the order of their numbers."""
        return [size for of, size in sorted(self.by_mode) if of == code]


def pack_descriptor(kind: int, layout: str, *values: int, tail: bytes = b"") -> bytes:
    """A USB descriptor: its length, its kind and its fields."""
    fields = struct.pack("<" + layout, *values) + tail
    return bytes([len(fields) + 2, kind]) + fields


def pack_device_descriptor() -> bytes:
    """A high-speed device whose interfaces have the class; texts 1 to 3 are maker, product and serial."""
    return pack_descriptor(1, "HBBBBHHHBBBB", 0x0200, 0xEF, 2, 1, 64, 0x1D6B, 0x0102, 0x0100, 1, 2, 3, 1)


def pack_format_descriptors(pictures: Pictures) -> bytes:
    """The formats and their sizes (section 3.1 of UVC 1.1's payload specifications)."""
    packed = b""
    for number, code in enumerate(pictures.codes, 1):
        sizes = pictures.sizes(code)
        if code == "mjpg":
            packed += pack_descriptor(0x24, "BBBBBBBBB", 6, number, len(sizes), 1, 1, 0, 0, 0, 0)
        else:
            packed += pack_descriptor(
                0x24, "BBB", 4, number, len(sizes), tail=GUIDS[code] + bytes([16, 1, 0, 0, 0, 0])
            )
        for size_number, (width, height) in enumerate(sizes, 1):
            packed += pack_descriptor(
                0x24,
                "BBBHHIIIIB3I",
                7 if code == "mjpg" else 5,
                size_number,
                0,
                width,
                height,
                width * height * 16,
                width * height * 16 * 30,
                width * height * 2,
                INTERVALS[0],
                len(INTERVALS),
                *INTERVALS,
            )
        packed += pack_descriptor(0x24, "BBBB", 13, 1, 1, 4)
    return packed


def pack_configuration_descriptor(pictures: Pictures) -> bytes:
    """One function with a control and a streaming interface; the camera leads straight to the output."""
    units = pack_descriptor(0x24, "BBHBBHHHB", 2, 1, 0x0201, 0, 0, 0, 0, 0, 3, tail=bytes(3))
    units += pack_descriptor(0x24, "BBHBBB", 3, 2, 0x0101, 0, 1, 0)
    control = pack_descriptor(0x24, "BHHIBB", 1, 0x0110, 13 + len(units), CLOCK_HZ, 1, STREAMING) + units
    listed, count = pack_format_descriptors(pictures), len(pictures.codes)
    header = pack_descriptor(
        0x24, "BBHBBBBBBB", 1, count, 13 + count + len(listed), CAMERA_IN, 0, 2, 0, 0, 0, 1, tail=bytes(count)
    )
    whole = b"".join(
        (
            pack_descriptor(0x0B, "BBBBBB", 0, 2, 0x0E, 3, 0, 2),
            pack_descriptor(4, "BBBBBBB", 0, 0, 0, 0x0E, 1, 0, 2),
            control,
            pack_descriptor(4, "BBBBBBB", STREAMING, 0, 1, 0x0E, 2, 0, 0),
            header,
            listed,
            pack_descriptor(5, "BBHB", CAMERA_IN, 2, 512, 0),
        )
    )
    return pack_descriptor(2, "HBBBBB", 9 + len(whole), 2, 1, 0, 0x80, 250) + whole


class Webcam:
    """Serves the host at `connection` until that is closed; its faults are set from outside."""

    def __init__(self, serial: str, pictures: Pictures, connection: socket.socket) -> None:
        """Start its two threads, which end with the connection."""
        self._pictures, self._connection = pictures, connection
        self._texts = ["fer-edge", "Test webcam", serial]
        self._sending = threading.RLock()
        self._transfers: queue.Queue[tuple[int, int] | None] = queue.Queue()
        self._unlinked: set[int] = set()
        self._set_mode(b"\0\0\1\1" + bytes(30))
        self.is_frozen, self.cut, self.garbled, self.faults = False, 0, 0, 0
        for work in (self._serve_requests, self._send_pictures):
            threading.Thread(target=work, daemon=True).start()

    def _serve_requests(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                message = self._receive(MESSAGE_BYTES)
                command, number, _, is_in, endpoint, flags, length = struct.unpack_from(">6Ii", message)
                if command == UNLINK:
                    with self._sending:
                        self._unlinked.add(flags)
                        self._send(UNLINKED, number, ECONNRESET)
                elif endpoint:
                    self._transfers.put((number, length))
                else:
                    sent_by_host = self._receive(length) if not is_in else b""
                    answer = self._answer_control_request(message[40:], sent_by_host)
                    if answer is None:
                        self._send(SUBMITTED, number, EPIPE)
                    else:
                        self._send(SUBMITTED, number, 0, answer if is_in else b"", len(sent_by_host))
        self._transfers.put(None)

    def _receive(self, length: int) -> bytes:
        received = b""
        while len(received) < length:
            part = self._connection.recv(length - len(received))
            if not part:
                raise EOFError
            received += part
        return received

    def _send(self, command: int, number: int, status: int, payload: bytes = b"", taken: int = 0) -> None:
        head = struct.pack(">5I5i8x", command, number, 0, 0, 0, status, len(payload) or taken, 0, 0, 0)
        with self._sending:
            self._connection.sendall(head + payload)

    def _answer_control_request(self, setup: bytes, sent_by_host: bytes) -> bytes | None:
        """The answer to a control request: b"" to one that only sets something, None to an unknown one."""
        kind, request, value, _, length = struct.unpack("<BBHHH", setup)
        selector = value >> 8
        if (kind, request) == DESCRIPTOR_OF_DEVICE:
            found = self._find_descriptor(selector, value & 0xFF)
            return None if found is None else found[:length]
        if (kind, request) == STATUS_OF_DEVICE:
            return bytes(2)
        if kind in OF_INTERFACE and selector in (PROBE, COMMIT):
            if request == SET_CURRENT:
                self._set_mode(sent_by_host)
                return b""
            if request in (GET_INFO, GET_LENGTH):
                return b"\3" if request == GET_INFO else struct.pack("<H", struct.calcsize(PROBE_LAYOUT))
            return self._probe[:length]
        # The request sets the configuration or an interface, of which there is only one.
        return b"" if kind in (0, 1, 2) else None

    def _find_descriptor(self, kind: int, number: int) -> bytes | None:
        if kind == 3 and number <= len(self._texts):
            text = self._texts[number - 1].encode("utf-16le") if number else b"\x09\x04"
            return pack_descriptor(3, "", tail=text)
        return {1: pack_device_descriptor(), 2: pack_configuration_descriptor(self._pictures)}.get(kind)

    def _set_mode(self, asked: bytes) -> None:
        """Choose the mode that is nearest to the one that the host asks for."""
        _, of_format, of_size, interval, *_ = struct.unpack(PROBE_LAYOUT, asked.ljust(34, b"\0")[:34])
        code = self._pictures.codes[min(max(1, of_format), len(self._pictures.codes)) - 1]
        sizes = self._pictures.sizes(code)
        of_size = min(max(1, of_size), len(sizes))
        width, height = size = sizes[of_size - 1]
        interval = min(INTERVALS, key=lambda known: abs(known - interval))
        self._shown, self._period_s = self._pictures.by_mode[code, size], interval / 1e7
        self._probe = struct.pack(
            PROBE_LAYOUT,
            1,
            self._pictures.codes.index(code) + 1,
            of_size,
            interval,
            0,
            0,
            0,
            0,
            0,
            width * height * 2,
            PAYLOAD_BYTES,
            CLOCK_HZ,
            0,
            0,
            0,
            0,
        )

    def _send_pictures(self) -> None:
        """Send pictures at their rate, each in as many of the host's transfers as it needs."""
        count, due_s = 0, time.monotonic()
        with suppress(OSError):
            while (transfer := self._get_transfer()) is not None:
                due_s = max(due_s + self._period_s, time.monotonic() - self._period_s)
                while self.is_frozen or time.monotonic() < due_s:
                    time.sleep(0.005)
                count += 1
                left = self._damage(self._shown[count % len(self._shown)])
                while transfer is not None:
                    number, length = transfer
                    part, left = (
                        left[: min(length, PAYLOAD_BYTES) - 2],
                        left[min(length, PAYLOAD_BYTES) - 2 :],
                    )
                    flags = END_OF_HEADER | count & 1 | (0 if left else END_OF_PICTURE)
                    if not self._complete_transfer(number, bytes([2, flags]) + part) or not left:
                        break
                    transfer = self._get_transfer()

    def _complete_transfer(self, number: int, payload: bytes) -> bool:
        """Complete a transfer with `payload`; False if the webcam has a fault or the host cancelled it.

        A cancelled transfer must not be completed: Linux would disconnect the webcam.
        """
        with self._sending:
            if number in self._unlinked:
                return False
            if self.faults:
                self.faults -= 1
                self._send(SUBMITTED, number, EPROTO)
                return False
            self._send(SUBMITTED, number, 0, payload)
            return True

    def _get_transfer(self) -> tuple[int, int] | None:
        """The next transfer that was not cancelled; None when there will be none."""
        while (transfer := self._transfers.get()) is not None and transfer[0] in self._unlinked:
            self._unlinked.discard(transfer[0])
        return transfer

    def _damage(self, picture: bytes) -> bytes:
        if self.garbled:
            self.garbled -= 1
            return os.urandom(len(picture) // 2)
        if self.cut:
            self.cut -= 1
            return picture[: len(picture) // 3]
        return picture


class Hub:
    """The virtual USB host; it knows each webcam that is plugged in by its serial number."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the webcams' pictures."""
        self._folder = folder
        self._plugged: dict[str, tuple[int, Webcam, tuple[socket.socket, socket.socket]]] = {}

    def run_command(self, command: str, *arguments: str) -> None:
        """Run one command; a fault affects every webcam that is plugged in."""
        if command == "plug":
            self._plug(*arguments)
        elif command == "unplug":
            port, _, ends = self._plugged.pop(*arguments)
            Path(HOST, "detach").write_text(str(port))
            for end in ends:
                end.close()
        for _, webcam, _ in self._plugged.values():
            webcam.is_frozen = command == "freeze" or (webcam.is_frozen and command != "thaw")
            webcam.cut = int(arguments[0]) if command == "cut" else webcam.cut
            webcam.garbled = int(arguments[0]) if command == "garble" else webcam.garbled
            webcam.faults += command == "fault"

    def _plug(self, serial: str, part: str = "") -> None:
        pictures = Pictures(self._folder, part)
        ours, kernels = socket.socketpair()
        port = next(
            int(line.split()[1])
            for line in Path(HOST, "status").read_text().splitlines()
            if line.split()[0] == "hs" and line.split()[2] == FREE
        )
        self._plugged[serial] = port, Webcam(serial, pictures, ours), (ours, kernels)
        Path(HOST, "attach").write_text(f"{port} {kernels.fileno()} {0x10002 + port} {HIGH_SPEED}")


def read_lines(fifo: Path) -> Iterable[str]:
    """The lines that are written to `fifo`, for ever."""
    os.mkfifo(fifo)
    while True:
        with fifo.open() as opened:
            yield from opened


if __name__ == "__main__":
    hub = Hub(Path(sys.argv[1]))
    for line in read_lines(Path(sys.argv[2])):
        print(line.strip(), flush=True)
        hub.run_command(*line.split())
