"""HTTP/2 frames cut out of a byte stream, and what each of them says (RFC 9113 sections 4 and 6).

`Frames` hands on whole frames to be understood; `FrameNotes` cuts the bytes of one direction the way a transcript
shows them: a piece for each frame with its type, stream and flags. A field block is shown decoded and its bytes are
overwritten: what is secret in it cannot be found in its Huffman codes.
"""

from __future__ import annotations

from hpack import Decoder, HPACKError

from rrcli.base.errors import malformed, too_large
from rrcli.codec.http.h2fields import as_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.codec.http.h2fields import MaskField

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


class Frame:
    """One frame; `stream` is 0 where it is about the connection. `whole` has its bytes as they came. (No record: there are many.)"""

    __slots__ = ("flags", "kind", "stream", "whole")

    def __init__(self, whole: bytes) -> None:
        _, self.kind, self.flags, self.stream = read_header(whole)
        self.whole = whole

    @property
    def payload(self) -> bytes:
        return self.whole[HEADER:]


def error_name(code: int) -> str:
    """`ENHANCE_YOUR_CALM (0xb)`."""
    return f"{ERRORS[code] if code < len(ERRORS) else 'unknown error'} (0x{code:x})"


def read_header(data: bytes | bytearray, at: int = 0) -> tuple[int, int, int, int]:
    """Length, type, flags and stream of the frame that begins there (RFC 9113 section 4.1)."""
    length = int.from_bytes(data[at : at + 3], "big")
    return length, data[at + 3], data[at + 4], int.from_bytes(data[at + 5 : at + 9], "big") & 0x7FFFFFFF


class Frames:
    """Collects bytes into whole frames. Each comes as the bytes that it was, so that another codec can take it."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def partial(self) -> int:
        """Bytes of an unfinished frame."""
        return len(self._data)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes. Raises `too_large` for one longer than we allowed."""
        self._data += data
        at = 0
        try:
            while len(self._data) - at >= HEADER:
                length = int.from_bytes(self._data[at : at + 3], "big")
                if length > MAX_FRAME:
                    raise too_large(f"a frame of {length} bytes came; {MAX_FRAME} are allowed (FRAME_SIZE_ERROR)")
                end = at + HEADER + length
                if len(self._data) < end:
                    break
                whole = bytes(self._data[at:end])
                at = end
                yield Frame(whole)
        finally:
            del self._data[:at]


def window_update(stream: int, size: int) -> bytes:
    """The frame that opens a window by `size` bytes (RFC 9113 section 6.9)."""
    return b"\x00\x00\x04\x08\x00" + stream.to_bytes(4, "big") + size.to_bytes(4, "big")


def end_of_stream(stream: int) -> bytes:
    """A DATA frame that brings nothing but the end."""
    return b"\x00\x00\x00\x00\x01" + stream.to_bytes(4, "big")


def goaway_of(payload: bytes) -> tuple[int, int, str]:
    """The last stream that was or may be processed, the error code, and what the peer says about it (RFC 9113 section 6.8)."""
    if len(payload) < 8:
        raise malformed(f"a GOAWAY frame has {len(payload)} bytes; it needs 8")
    last = int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
    text = payload[8:200].decode("utf-8", "replace")
    return last, int.from_bytes(payload[4:8], "big"), text


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
        self._decoder = Decoder(max_header_list_size=1 << 20)
        self._decoder.max_allowed_table_size = 1 << 20

    def cut(self, data: bytes) -> list[tuple[bytes, str]]:
        """The bytes in pieces with a note each; field blocks overwritten, all else as it was."""
        pieces: list[tuple[bytes, str]] = []
        while data:
            if self._preface:
                piece, data = data[: self._preface], data[self._preface :]
                self._preface -= len(piece)
                pieces.append((piece, "connection preface"))
            elif self._left:
                piece, data = data[: self._left], data[self._left :]
                pieces.append((self._shown(piece), f"{self._name()}, continued{self._took(piece)}"))
            else:
                taken = HEADER - len(self._head)
                self._head += data[:taken]
                if len(self._head) < HEADER:
                    return [*pieces, (data, "a part of a frame header")]
                head, data = data[:taken], data[taken:]
                self._left, self._kind, self._flags, self._stream = read_header(self._head)
                size = self._left
                self._head.clear()
                piece, data = data[:size], data[size:]
                pieces.append((head + self._shown(piece), f"{self._name()} length {size}{self._took(piece)}"))
        return pieces

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
            last, code, text = goaway_of(payload)
            return f"last stream {last}, {error_name(code)}" + (f", {text!r}" if text else "")
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
            fields = self._decoder.decode(block, raw=True)
        except (HPACKError, UnicodeDecodeError, IndexError):
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
