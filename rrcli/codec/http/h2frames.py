"""HTTP/2 frames cut out of a byte stream, and what each of them says (RFC 9113 sections 4 and 6).

`Frames` hands on whole frames to be understood; `FrameNotes` cuts the bytes of one direction the way a transcript
shows them: a piece for each frame with its type, stream and flags. A field block is shown decoded and its bytes are
overwritten: what is secret in it cannot be found in its Huffman codes.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h2fields import as_note
from rrcli.codec.http.hpack import Decoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.codec.http.h2fields import MaskField

    Payload = bytes | memoryview

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER = 9  # bytes before each payload
MAX_FRAME = 16384  # bytes of payload, unless a setting allows more

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
TYPES = ("DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION")
BLOCKS = (HEADERS, PUSH_PROMISE, CONTINUATION)
ACK, END_STREAM, END_HEADERS, PADDED, WITH_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
FLAGS = {
    DATA: {END_STREAM: "END_STREAM", PADDED: "PADDED"},
    HEADERS: {END_STREAM: "END_STREAM", END_HEADERS: "END_HEADERS", PADDED: "PADDED", WITH_PRIORITY: "PRIORITY"},
    SETTINGS: {ACK: "ACK"},
    PUSH_PROMISE: {END_HEADERS: "END_HEADERS", PADDED: "PADDED"},
    PING: {ACK: "ACK"},
    CONTINUATION: {END_HEADERS: "END_HEADERS"},
}
SETTING_NAMES = {
    1: "HEADER_TABLE_SIZE",
    2: "ENABLE_PUSH",
    3: "MAX_CONCURRENT_STREAMS",
    4: "INITIAL_WINDOW_SIZE",
    5: "MAX_FRAME_SIZE",
    6: "MAX_HEADER_LIST_SIZE",
    8: "ENABLE_CONNECT_PROTOCOL",
    9: "NO_RFC7540_PRIORITIES",
}
# RFC 9113 section 7
ERRORS = (
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
    "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
)  # fmt: skip
(
    NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM,
    CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY, HTTP_1_1_REQUIRED,
) = range(len(ERRORS))  # fmt: skip

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
MAX_WINDOW = 0x7FFFFFFF
# The least and the most that a server may set, and the error that anything else is (sections 6.5.2 and 8.4; RFC 8441 section 3)
BOUNDS = {
    ENABLE_PUSH: (0, 0, PROTOCOL_ERROR),
    INITIAL_WINDOW_SIZE: (0, MAX_WINDOW, FLOW_CONTROL_ERROR),
    MAX_FRAME_SIZE: (MAX_FRAME, 0xFFFFFF, PROTOCOL_ERROR),
    8: (0, 1, PROTOCOL_ERROR),
}
ANYTHING = (0, 0xFFFFFFFF, PROTOCOL_ERROR)
DEBUG = 192  # bytes of a GOAWAY's own words that are shown


class Broken(ExchangeError):
    """What makes a connection useless; `code` is what GOAWAY tells the peer (RFC 9113 section 5.4.1)."""

    def __init__(self, code: int, message: str, kind: str = "malformed") -> None:
        super().__init__("protocol", kind, message)
        self.code = code


def violation(message: str, code: int = PROTOCOL_ERROR) -> Broken:
    """The error for a peer that does what HTTP/2 forbids."""
    return Broken(code, f"the server broke HTTP/2: {message}")


def excess(message: str) -> Broken:
    """The error for a peer that sends more than anyone needs."""
    return Broken(ENHANCE_YOUR_CALM, f"the server sent more than is sound: {message}", "too_large")


class Frame:
    """One frame; `stream` is 0 where it is about the connection. (No record: there are many.)

    The payload of DATA is a view of what was fed, so that content is copied once and not for every layer.
    """

    __slots__ = ("flags", "kind", "payload", "stream")

    def __init__(self, kind: int, flags: int, stream: int, payload: Payload) -> None:
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.payload = payload

    def content(self) -> Payload:
        """The payload without its padding. Raises `Broken` for more padding than there is payload (section 6.1)."""
        if not self.flags & PADDED:
            return self.payload
        if not self.payload or self.payload[0] >= len(self.payload):
            raise violation(f"a {TYPES[self.kind]} frame has more padding than it is long")
        return self.payload[1 : len(self.payload) - self.payload[0]]


def error_name(code: int) -> str:
    """`ENHANCE_YOUR_CALM (0xb)`."""
    return f"{ERRORS[code] if code < len(ERRORS) else 'unknown error'} (0x{code:x})"


def read_header(data: bytes | bytearray, at: int = 0) -> tuple[int, int, int, int]:
    """Length, type, flags and stream of the frame that begins there (RFC 9113 section 4.1)."""
    head = int.from_bytes(data[at : at + HEADER], "big")
    return head >> 48, head >> 40 & 0xFF, head >> 32 & 0xFF, head & 0x7FFFFFFF


class Frames:
    """Collects bytes into whole frames."""

    def __init__(self) -> None:
        self._rest = b""  # of an unfinished frame: less than one of the longest

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes. Raises `Broken` for one longer than we allowed."""
        at = 0
        if self._rest:  # only what that frame lacks is put behind it: the rest of `data` is long
            at = self._complete(data)
            if not _is_whole(self._rest):
                return
            whole, self._rest = self._rest, b""
            yield from self._cut(whole, 0)
        yield from self._cut(data, at)

    def _complete(self, data: bytes) -> int:
        """Put behind the unfinished frame what it lacks, as far as it is there; how much that was."""
        at = max(0, HEADER - len(self._rest))
        self._rest += data[:at]
        if len(self._rest) < HEADER:
            return len(data)
        end = at + HEADER + _length(self._rest) - len(self._rest)
        self._rest += data[at:end]
        return end

    def _cut(self, data: bytes, at: int) -> Iterator[Frame]:
        """The whole frames from there on; what is left is the beginning of the next one."""
        view, size = memoryview(data), len(data)
        while size - at >= HEADER:
            begin = at + HEADER
            head = int.from_bytes(data[at:begin], "big")  # as `read_header` has it, which is too slow for each frame of a download
            end = begin + (head >> 48)
            if end - begin > MAX_FRAME:
                raise _too_long(end - begin)
            if end > size:
                break
            at, kind = end, head >> 40 & 0xFF
            yield Frame(kind, head >> 32 & 0xFF, head & 0x7FFFFFFF, view[begin:end] if kind == DATA else data[begin:end])
        self._rest = data[at:]


def _length(head: bytes) -> int:
    """The length of the payload behind a header. Raises `Broken` for one that we did not allow (RFC 9113 section 4.2)."""
    length = int.from_bytes(head[:3], "big")
    if length > MAX_FRAME:
        raise _too_long(length)
    return length


def _too_long(length: int) -> Broken:
    return Broken(FRAME_SIZE_ERROR, f"a frame of {length} bytes came; {MAX_FRAME} are allowed (FRAME_SIZE_ERROR)", "too_large")


def _is_whole(data: bytes) -> bool:
    return len(data) >= HEADER and len(data) == HEADER + _length(data)


# --- to be sent


def encode_header(length: int, kind: int, flags: int, stream: int) -> bytes:
    """What stands before a payload (RFC 9113 section 4.1)."""
    return (length << 48 | kind << 40 | flags << 32 | stream).to_bytes(HEADER, "big")


def encode_frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame."""
    return encode_header(len(payload), kind, flags, stream) + payload


def window_update(stream: int, size: int) -> bytes:
    """The frame that opens a window by `size` bytes (RFC 9113 section 6.9)."""
    return encode_frame(WINDOW_UPDATE, 0, stream, size.to_bytes(4, "big"))


def settings(values: dict[int, int]) -> bytes:
    """A SETTINGS frame (RFC 9113 section 6.5)."""
    return encode_frame(SETTINGS, 0, 0, b"".join([code.to_bytes(2, "big") + value.to_bytes(4, "big") for code, value in values.items()]))


def rst_stream(stream: int, code: int) -> bytes:
    """The frame that ends a stream from our side (RFC 9113 section 6.4)."""
    return encode_frame(RST_STREAM, 0, stream, code.to_bytes(4, "big"))


def goaway(code: int) -> bytes:
    """The frame that ends the connection from our side; the server opened no stream that we took (RFC 9113 section 6.8)."""
    return encode_frame(GOAWAY, 0, 0, bytes(4) + code.to_bytes(4, "big"))


# --- received


def read_settings(payload: Payload) -> list[tuple[int, int]]:
    """The settings in their order. Raises `Broken` for what no server may say (RFC 9113 section 6.5)."""
    if len(payload) % 6:
        raise violation(f"a SETTINGS frame has {len(payload)} bytes, not 6 for each setting", FRAME_SIZE_ERROR)
    values: list[tuple[int, int]] = []
    for at in range(0, len(payload), 6):
        code, value = int.from_bytes(payload[at : at + 2], "big"), int.from_bytes(payload[at + 2 : at + 6], "big")
        lowest, highest, error = BOUNDS.get(code, ANYTHING)
        if not lowest <= value <= highest:
            raise violation(f"it set {SETTING_NAMES[code]} to {value}", error)
        values.append((code, value))
    return values


def read_goaway(payload: Payload) -> tuple[int, int, bytes]:
    """The last stream that was or may be processed, the error code, and what the peer says about it (RFC 9113 section 6.8)."""
    if len(payload) < 8:
        raise violation(f"a GOAWAY frame has {len(payload)} bytes; it needs 8", FRAME_SIZE_ERROR)
    return int.from_bytes(payload[:4], "big") & 0x7FFFFFFF, int.from_bytes(payload[4:8], "big"), bytes(payload[8:])


def as_debug(data: bytes) -> str:
    """The start of what a GOAWAY says beside its code."""
    return data[:DEBUG].decode("utf-8", "replace")


def read_number(frame: Frame) -> int:
    """The error code of a RST_STREAM, the size of a WINDOW_UPDATE. Raises `Broken` where it is not of 4 bytes (RFC 9113 section 4.2)."""
    if len(frame.payload) != 4:
        raise violation(f"a {TYPES[frame.kind]} frame has {len(frame.payload)} bytes, not 4", FRAME_SIZE_ERROR)
    return int.from_bytes(frame.payload, "big")


def field_block(frame: Frame) -> Payload:
    """The piece of field block in a HEADERS frame. Raises `Broken` as `Frame.content`, and for a priority that cannot be."""
    content = frame.content()
    if not frame.flags & WITH_PRIORITY:
        return content
    check_priority(frame.stream, content[:5])
    return content[5:]


def check_priority(stream: int, priority: Payload) -> None:
    """Priorities say nothing to a client (RFC 9113 section 5.3.2), but they have to be possible (RFC 7540 section 5.3.1)."""
    if len(priority) != 5:
        raise violation(f"a priority has {len(priority)} bytes, not 5", FRAME_SIZE_ERROR)
    if int.from_bytes(priority[:4], "big") & 0x7FFFFFFF == stream:
        raise violation(f"stream {stream} depends on itself")


# --- for the transcript


class FrameNotes:
    """One direction of a connection, cut into frames; `preface` when it begins with the client's.

    Field blocks are overwritten; decoded they stand in the notes, each value as `mask(name, value)` shows it.
    """

    def __init__(self, mask: MaskField, *, preface: bool) -> None:
        self._mask = mask
        self._preface = len(PREFACE) if preface else 0  # bytes of it still to come
        self._head = bytearray()  # of a frame whose first 9 bytes have not all come
        self._left = 0  # bytes that the frame under way still lacks
        self._kind = self._flags = self._stream = 0
        self._payload = bytearray()  # kept of a frame whose payload the note explains
        self._block = b""
        self._decoder = Decoder(1 << 20, table=1 << 20)

    def cut(self, data: bytes) -> list[tuple[bytes, str]]:
        """The bytes in pieces with a note each; field blocks overwritten, all else as it was."""
        pieces: list[tuple[bytes, str]] = []
        at = 0
        while at < len(data):
            if self._preface:
                piece = data[at : at + self._preface]
                self._preface -= len(piece)
                pieces.append((piece, "connection preface"))
            elif self._left:
                piece = data[at : at + self._left]
                pieces.append((self._shown(piece), f"{self._name()}, continued{self._took(piece)}"))
            else:
                piece = self._begin(data, at, pieces)
            at += len(piece)
        return pieces

    def _begin(self, data: bytes, at: int, pieces: list[tuple[bytes, str]]) -> bytes:
        """Take the header of a frame and what is there of its payload; the piece that they are."""
        head = data[at : at + HEADER - len(self._head)]
        self._head += head
        if len(self._head) < HEADER:
            pieces.append((head, "a part of a frame header"))
            return head
        self._left, self._kind, self._flags, self._stream = read_header(self._head)
        self._head.clear()
        size, at = self._left, at + len(head)
        piece = data[at : at + size]
        pieces.append((head + self._shown(piece), f"{self._name()} length {size}{self._took(piece)}"))
        return head + piece

    def _name(self) -> str:
        name = TYPES[self._kind] if self._kind < len(TYPES) else f"frame type 0x{self._kind:x}"
        flags = [text for bit, text in FLAGS.get(self._kind, {}).items() if self._flags & bit]
        return " ".join([name, *(["stream", str(self._stream)] if self._stream else []), *flags])

    def _shown(self, piece: bytes) -> bytes:
        return b"*" * len(piece) if self._kind in BLOCKS else piece

    def _took(self, piece: bytes) -> str:
        """Remember a piece of payload; with its last one, what the frame says."""
        self._left -= len(piece)
        if self._kind != DATA:
            self._payload += piece
        if self._left:
            return ""
        payload = bytes(self._payload)
        self._payload.clear()
        said = self._says(payload)
        return f": {said}" if said else ""

    def _says(self, payload: bytes) -> str:
        if self._kind in BLOCKS:
            return self._fields(payload)
        if self._kind == SETTINGS:
            pairs = [payload[at : at + 6] for at in range(0, len(payload) - 5, 6)]
            return " ".join([_setting(pair) for pair in pairs])
        if self._kind == RST_STREAM:
            return error_name(int.from_bytes(payload, "big"))
        if self._kind == GOAWAY and len(payload) >= 8:
            last, code, said = read_goaway(payload)
            return f"last stream {last}, {error_name(code)}" + (f", {as_debug(said)!r}" if said else "")
        if self._kind == WINDOW_UPDATE:
            return f"+{int.from_bytes(payload, 'big') & 0x7FFFFFFF}"
        return ""

    def _fields(self, payload: bytes) -> str:
        """The decoded fields once their block is whole, each with its secret masked."""
        self._block += _fragment(self._kind, self._flags, payload)
        if not self._flags & END_HEADERS:
            return ""
        block, self._block = self._block, b""
        try:
            fields = self._decoder.decode(block)
        except ExchangeError:
            return "a field block that cannot be decoded"
        return as_note(fields, self._mask)


def _fragment(kind: int, flags: int, payload: bytes) -> bytes:
    """The piece of field block within a frame's payload, without padding, priority or promised stream."""
    begin, end = 0, len(payload)
    if kind == CONTINUATION:
        return payload
    if flags & PADDED and payload:
        begin, end = 1, max(1, end - payload[0])
    if kind == PUSH_PROMISE:
        begin += 4
    elif flags & WITH_PRIORITY:
        begin += 5
    return payload[begin:end]


def _setting(pair: bytes) -> str:
    code, value = int.from_bytes(pair[:2], "big"), int.from_bytes(pair[2:], "big")
    return f"{SETTING_NAMES.get(code, f'0x{code:x}')}={value}"
