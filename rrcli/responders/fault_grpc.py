"""The bytes of gRPC's faults: frames of HTTP/2 that are wrong in one way. Bytes to bytes; no socket here."""

from __future__ import annotations

import gzip

from rrcli.codec.grpc.framing import HEADER as PREFIX
from rrcli.codec.http.h2frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADER,
    HEADERS,
    PING,
    REFUSED_STREAM,
    SETTINGS,
    encode_frame,
    goaway,
    read_header,
    rst_stream,
)
from rrcli.codec.http.hpack import Encoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.model.values import Fields

INTERNAL_ERROR = 2
UNFOLDED = 96 << 20  # bytes of the bomb
PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>\n"


def is_greeting(answer: bytes) -> bool:
    """Whether it is the server's SETTINGS, before any call."""
    return answer[3:4] == bytes([SETTINGS])


def begins(answer: bytes) -> bool:
    """Whether it is the beginning of a call's answer, which does not end with it."""
    return answer[3:4] == bytes([HEADERS]) and not answer[4] & END_STREAM


def not_now(answer: bytes) -> bytes:
    """UNAVAILABLE in place of the answer."""
    said = (("grpc-status", "14"), ("grpc-message", "not now"))
    return _fields(_stream(answer), ((":status", "200"), ("content-type", "application/grpc"), *said), END_STREAM)


def bad_length(answer: bytes, value: str) -> bytes:
    """The answer with the length of its first message too long or too short."""
    frames = list(_frames(answer))
    for at, (kind, flags, stream, payload) in enumerate(frames):
        if kind == DATA and len(payload) >= PREFIX:
            size = int.from_bytes(payload[1:PREFIX], "big")
            wrong = (size + 64 if value == "long" else max(0, size - 1)).to_bytes(4, "big")
            frames[at] = kind, flags, stream, payload[:1] + wrong + payload[PREFIX:]
            break
    return b"".join([encode_frame(*frame) for frame in frames])


def flood(value: str, answer: bytes) -> tuple[bytes, bytes]:
    """What comes once, and what comes without end behind it: a field block, informational heads, or pings."""
    stream = _stream(answer)
    block = Encoder(lambda _name: True).encode([("x-flood", "and another field")])
    if value == "fields":
        return encode_frame(HEADERS, 0, stream, block), encode_frame(CONTINUATION, 0, stream, block)
    if value == "interim":
        return b"", _fields(stream, ((":status", "103"),), 0)
    return b"", encode_frame(PING, 0, 0, bytes(8))


def bad_call(answer: bytes, value: str) -> bytes:
    """An answer that ends, or is framed, as none may."""
    stream, frames = _stream(answer), list(_frames(answer))
    if value in ("reset", "refused"):
        return rst_stream(stream, INTERNAL_ERROR if value == "reset" else REFUSED_STREAM)
    if value == "goaway":
        return goaway(0)
    if value == "page":
        fields = _fields(stream, ((":status", "502"), ("content-type", "text/html")), 0)
        return fields + encode_frame(DATA, END_STREAM, stream, PAGE)
    if value == "no-trailers":
        kept = [frame for at, frame in enumerate(frames) if not at or frame[0] == DATA]
        return b"".join([encode_frame(*frame) for frame in kept]) + encode_frame(DATA, END_STREAM, stream)
    encoding = (("grpc-encoding", "gzip"),) if value in ("gzip", "bomb") else ()
    head = _fields(stream, ((":status", "200"), ("content-type", "application/grpc"), *encoding), 0)
    if value == "status":
        return head + _fields(stream, (("grpc-status", "well"),), END_STREAM)
    content = {"flag": b"\7\0\0\0\0", "gzip": b"\1\0\0\0\7no gzip"}.get(value) or _bomb()
    pieces = [content[at : at + 16384] for at in range(0, len(content), 16384)]
    return (
        head + b"".join([encode_frame(DATA, 0, stream, piece) for piece in pieces]) + _fields(stream, (("grpc-status", "0"),), END_STREAM)
    )


def _bomb() -> bytes:
    squeezed = gzip.compress(bytes(UNFOLDED), 1)
    return b"\1" + len(squeezed).to_bytes(4, "big") + squeezed


def _stream(answer: bytes) -> int:
    return read_header(answer)[3]


def _frames(answer: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """The frames of an answer: type, flags, stream and payload."""
    at = 0
    while at < len(answer):
        size, kind, flags, stream = read_header(answer, at)
        yield kind, flags, stream, answer[at + HEADER : at + HEADER + size]
        at += HEADER + size


def _fields(stream: int, fields: Fields, flags: int) -> bytes:
    return encode_frame(HEADERS, END_HEADERS | flags, stream, Encoder(lambda _name: True).encode(fields))
