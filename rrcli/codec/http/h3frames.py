"""HTTP/3 frames cut out of the streams of QUIC, and what each of them says (RFC 9114 sections 6 to 8).

`Frames` hands on what a stream brings, content piece by piece; `StreamNotes` cuts the bytes of one direction of a stream
the way a transcript shows them: a piece for each frame with its type and stream. A field block is shown decoded and its
bytes are overwritten: what is secret in it cannot be found in its Huffman codes.
"""

from __future__ import annotations

from pylsqpack import Decoder, DecompressionFailed, StreamBlocked

from rrcli.base.errors import too_large
from rrcli.codec.http.h2fields import as_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.codec.http.h2fields import MaskField

DATA, HEADERS, CANCEL_PUSH, SETTINGS, PUSH_PROMISE, GOAWAY, MAX_PUSH_ID = 0x0, 0x1, 0x3, 0x4, 0x5, 0x7, 0xD
TYPES = {
    DATA: "DATA", HEADERS: "HEADERS", CANCEL_PUSH: "CANCEL_PUSH", SETTINGS: "SETTINGS", PUSH_PROMISE: "PUSH_PROMISE",
    GOAWAY: "GOAWAY", MAX_PUSH_ID: "MAX_PUSH_ID",
}  # fmt: skip
OF_HTTP2 = (0x2, 0x6, 0x8, 0x9)  # types that HTTP/3 has no use for and forbids (section 7.2.8)
CONTROL, PUSH, QPACK_ENCODER, QPACK_DECODER = range(4)  # types of streams that go one way (section 6.2; RFC 9204 section 4.2)
STREAMS = ("control stream", "push stream", "QPACK encoder stream", "QPACK decoder stream")
SETTING_NAMES = {
    0x1: "QPACK_MAX_TABLE_CAPACITY", 0x6: "MAX_FIELD_SECTION_SIZE", 0x7: "QPACK_BLOCKED_STREAMS", 0x8: "ENABLE_CONNECT_PROTOCOL",
    0x33: "H3_DATAGRAM",
}  # fmt: skip
# RFC 9114 section 8.1 and RFC 9204 section 6
ERRORS = {
    0x33: "H3_DATAGRAM_ERROR",
    **dict(enumerate((
        "H3_NO_ERROR", "H3_GENERAL_PROTOCOL_ERROR", "H3_INTERNAL_ERROR", "H3_STREAM_CREATION_ERROR", "H3_CLOSED_CRITICAL_STREAM",
        "H3_FRAME_UNEXPECTED", "H3_FRAME_ERROR", "H3_EXCESSIVE_LOAD", "H3_ID_ERROR", "H3_SETTINGS_ERROR", "H3_MISSING_SETTINGS",
        "H3_REQUEST_REJECTED", "H3_REQUEST_CANCELLED", "H3_REQUEST_INCOMPLETE", "H3_MESSAGE_ERROR", "H3_CONNECT_ERROR",
        "H3_VERSION_FALLBACK",
    ), 0x100)),
    **dict(enumerate(("QPACK_DECOMPRESSION_FAILED", "QPACK_ENCODER_STREAM_ERROR", "QPACK_DECODER_STREAM_ERROR"), 0x200)),
}  # fmt: skip
LONGEST_NOTED = 65536  # bytes of a frame other than DATA that a note explains


def error_name(code: int) -> str:
    """`H3_REQUEST_REJECTED (0x10b)`."""
    return f"{ERRORS.get(code, 'unknown error')} (0x{code:x})"


def varint(value: int) -> bytes:
    """A number as QUIC writes it: in 1, 2, 4 or 8 bytes, of which the first two bits tell the count (RFC 9000 section 16)."""
    power = 0 if value < 1 << 6 else 1 if value < 1 << 14 else 2 if value < 1 << 30 else 3
    return (value | power << (8 << power) - 2).to_bytes(1 << power, "big")


def read_varint(data: bytes | bytearray, at: int = 0) -> tuple[int, int] | None:
    """A number and where it ends; `None` when it is not all there."""
    if at >= len(data):
        return None
    size = 1 << (data[at] >> 6)
    if at + size > len(data):
        return None
    return int.from_bytes(data[at : at + size], "big") & (1 << 8 * size - 2) - 1, at + size


def read_pairs(data: bytes) -> list[tuple[int, int]] | None:
    """The numbers of SETTINGS, two by two; `None` when they break off (section 7.2.4)."""
    pairs, at = [], 0
    while at < len(data):
        name = read_varint(data, at)
        value = read_varint(data, name[1]) if name else None
        if not (name and value):
            return None
        pairs.append((name[0], value[0]))
        at = value[1]
    return pairs


def frame(kind: int, payload: bytes = b"") -> bytes:
    return varint(kind) + varint(len(payload)) + payload


class Frames:
    """Cuts one stream into frames: content as it comes, other known frames whole, of unknown ones nothing but that they came."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()
        self._kind: int | None = None
        self._left = 0  # bytes that the frame under way still lacks

    @property
    def is_within(self) -> bool:
        """Whether a frame is not whole."""
        return self._kind is not None or bool(self._data)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Type and payload of what `data` completes. Raises `too_large` for a frame that is to be read whole and is over the limit."""
        self._data += data
        while True:
            if self._kind is None and not self._begin():
                return
            kind = self._kind
            assert kind is not None
            if kind in TYPES and kind != DATA:
                if len(self._data) < self._left:
                    return
                yield kind, self._cut(self._left)
            else:
                piece = self._cut(self._left)
                if kind == DATA and (piece or not self._left):
                    yield kind, piece
                elif kind != DATA and not self._left:
                    yield kind, b""
            if self._left:
                return
            self._kind = None

    def _begin(self) -> bool:
        """Read type and length of the next frame; false when they are not all there."""
        kind = read_varint(self._data)
        length = read_varint(self._data, kind[1]) if kind else None
        if not (kind and length):
            return False
        self._kind, self._left = kind[0], length[0]
        del self._data[: length[1]]
        if self._kind in TYPES and self._kind != DATA and self._left > self._limit:
            raise too_large(f"a {TYPES[self._kind]} frame of {self._left} bytes came; {self._limit} are allowed")
        return True

    def _cut(self, size: int) -> bytes:
        piece = bytes(self._data[:size])
        del self._data[:size]
        self._left -= len(piece)
        return piece


# --- for the transcript


class StreamNotes:
    """One direction of a stream, cut into frames with a note each; the value of a field is noted as `mask(name, value)` shows it."""

    def __init__(self, stream: int, mask: MaskField) -> None:
        self._mask = mask
        self._stream = stream
        self._has_frames = stream % 4 == 0  # a request's; what another is its first number tells
        self._title = ""  # of a stream without frames
        self._head = b""  # of a frame whose type and length have not all come
        self._kind = self._left = 0
        self._payload = bytearray()

    def cut(self, data: bytes) -> list[tuple[bytes, str]]:
        """The bytes in pieces with a note each; field blocks overwritten, all else as it was."""
        pieces: list[tuple[bytes, str]] = []
        while data:
            if self._title:
                return [*pieces, (data, self._title)]
            if self._left:
                piece, data = data[: self._left], data[self._left :]
                pieces.append((self._shown(piece), f"{self._name()}, continued{self._took(piece)}"))
                continue
            numbers, size = self._numbers(data)
            if not numbers:
                self._head += data
                return [*pieces, (data, f"stream {self._stream}: a part of a frame header")]
            head, data = data[:size], data[size:]
            self._head = b""
            if len(numbers) == 1:
                pieces.append((head, self._open(numbers[0])))
                continue
            self._kind, self._left = numbers
            length = self._left
            piece, data = data[:length], data[length:]
            pieces.append((head + self._shown(piece), f"{self._name()} length {length}{self._took(piece)}"))
        return pieces

    def _numbers(self, data: bytes) -> tuple[list[int], int]:
        """A stream's type, or a frame's type and length, and how many bytes of `data` belong to that; none when they are not all there."""
        whole, at, found = self._head + data, 0, []
        for _ in range(2 if self._has_frames else 1):
            number = read_varint(whole, at)
            if number is None:
                return [], 0
            found.append(number[0])
            at = number[1]
        return found, at - len(self._head)

    def _open(self, kind: int) -> str:
        name = STREAMS[kind] if kind < len(STREAMS) else f"stream type 0x{kind:x}"
        if kind == CONTROL:
            self._has_frames = True
        else:
            self._title = f"stream {self._stream}: {name}"
        return f"stream {self._stream}: {name}"

    def _name(self) -> str:
        return f"{TYPES.get(self._kind, f'frame type 0x{self._kind:x}')} stream {self._stream}"

    def _shown(self, piece: bytes) -> bytes:
        return b"*" * len(piece) if self._kind in (HEADERS, PUSH_PROMISE) else piece

    def _took(self, piece: bytes) -> str:
        """Remember a piece of payload; with its last one, what the frame says."""
        self._left -= len(piece)
        if self._kind in TYPES and self._kind != DATA and len(self._payload) <= LONGEST_NOTED:
            self._payload += piece
        if self._left:
            return ""
        payload = bytes(self._payload)
        self._payload.clear()
        said = self._says(payload)
        return f": {said}" if said else ""

    def _says(self, payload: bytes) -> str:
        if self._kind == HEADERS:
            return self._fields(payload)
        if self._kind == SETTINGS:
            return " ".join([f"{SETTING_NAMES.get(name, f'0x{name:x}')}={value}" for name, value in read_pairs(payload) or ()])
        if self._kind == GOAWAY and (number := read_varint(payload)):
            return f"requests from stream {number[0]} on are not processed"
        return ""

    def _fields(self, block: bytes) -> str:
        """The decoded fields, each with its secret masked. Neither side has a table, so every block can be read by itself."""
        try:
            _, fields = Decoder(0, 0).feed_header(self._stream, block)
        except (DecompressionFailed, StreamBlocked):
            return "a field block that cannot be decoded"
        return as_note(fields, self._mask)
