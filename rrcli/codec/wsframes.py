"""Frames of a WebSocket (RFC 6455 section 5): written, masked, and named for a transcript."""

from __future__ import annotations

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NAMES = {CONTINUATION: "continuation", TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong"}
RSV1 = 0x40  # on the first frame of a message: deflated (RFC 7692 section 6)
CONTROL_SIZE = 125  # bytes of a control frame's payload at most (section 5.5)
_AT_ONCE = 1 << 16  # bytes masked as one number; a multiple of the key's four


def mask(data: bytes | bytearray | memoryview, key: bytes, offset: int = 0) -> bytes:
    """The bytes under a masking key, or out from under it; `offset` is their place in the payload (section 5.3)."""
    turn = offset % 4
    key = key[turn:] + key[:turn]
    pieces = [_xor(data[at : at + _AT_ONCE], key) for at in range(0, len(data), _AT_ONCE)]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _xor(data: bytes | bytearray | memoryview, key: bytes) -> bytes:
    size = len(data)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(keys, "little")).to_bytes(size, "little")


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, key: bytes | None = None) -> bytes:
    """One frame; with a masking `key` it is a client's. `rsv` is the three reserved bits in their place, as `RSV1`.

    Nothing is checked: a responder sends frames that break the rules on purpose.
    """
    size = len(data)
    masked = 0x80 if key is not None else 0
    first = opcode | rsv | (0x80 if fin else 0)
    if size < 126:
        head = bytes((first, masked | size))
    elif size < 65536:
        head = bytes((first, masked | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, masked | 127)) + size.to_bytes(8, "big")
    return head + data if key is None else head + key + mask(data, key)


class FrameNotes:
    """One direction of an open connection, cut into frames with a note each: what a transcript shows beside the bytes.

    `deflated` says whether RSV1 means permessage-deflate here.
    """

    def __init__(self, *, deflated: bool = False) -> None:
        self._deflated = deflated
        self._head = b""  # of a frame whose head has not all come
        self._name = ""
        self._left = 0  # bytes of the payload that are to come

    def cut(self, data: bytes) -> list[tuple[bytes, str]]:
        """The bytes in pieces with a note each: `text, 5 bytes`, `continuation, deflated, 1000 bytes, more to come`."""
        pieces: list[tuple[bytes, str]] = []
        while data:
            if self._left:
                piece, data = data[: self._left], data[self._left :]
                self._left -= len(piece)
                pieces.append((piece, f"{self._name}, continued"))
                continue
            whole = self._head + data
            size = _head_size(whole)
            if size > len(whole):
                self._head = whole
                return [*pieces, (data, "a part of a frame's head")]
            begin = size - len(self._head)  # of the payload, in `data`
            self._head = b""
            length, self._name = self._read(whole[:size])
            end = min(begin + length, len(data))
            self._left = length - (end - begin)
            pieces.append((data[:end], self._name))
            data = data[end:]
        return pieces

    def _read(self, head: bytes) -> tuple[int, str]:
        """The length of the payload, and the note."""
        opcode, length = head[0] & 0x0F, head[1] & 0x7F
        if length > CONTROL_SIZE:
            length = int.from_bytes(head[2 : 4 if length == 126 else 10], "big")
        words = [NAMES.get(opcode, f"opcode {opcode}")]
        if head[0] & RSV1:
            words.append("deflated" if self._deflated else "RSV1")
        words += [name for bit, name in ((0x20, "RSV2"), (0x10, "RSV3")) if head[0] & bit]
        words.append(f"{length} byte{'' if length == 1 else 's'}")
        if not head[0] & 0x80:
            words.append("more to come")
        return length, ", ".join(words)


def _head_size(data: bytes) -> int:
    """How long the head is that `data` begins with; two where that cannot be told yet."""
    if len(data) < 2:
        return 2
    return 2 + {126: 2, 127: 8}.get(data[1] & 0x7F, 0) + (4 if data[1] & 0x80 else 0)


def read_head(data: bytes, at: int) -> tuple[int, int, int, int] | None:
    """Of the frame at `at`: its opcode, its first byte, and where its payload begins and ends; `None` where its head is not whole."""
    size = _head_size(data[at : at + 14])
    if at + max(size, 2) > len(data):
        return None
    length = data[at + 1] & 0x7F
    if length > CONTROL_SIZE:
        length = int.from_bytes(data[at + 2 : at + (4 if length == 126 else 10)], "big")
    return data[at] & 0x0F, data[at], at + size, at + size + length
