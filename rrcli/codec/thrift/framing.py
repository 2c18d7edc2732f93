"""Thrift's transports as bytes: buffered (nothing around a message), framed (its length before it), header (THeader in a frame).

Specification of the last: https://github.com/apache/thrift/blob/master/doc/specs/HeaderFormat.md
"""

from __future__ import annotations

from struct import pack, unpack

from rrcli.base.errors import ExchangeError, malformed, too_large, usage
from rrcli.codec.thrift.varint import varint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAGIC = 0x0FFF
PROTOCOL_IDS = {"binary": 0, "json": 1, "compact": 2}
KEY_VALUE = 1  # the kind of info header that holds names and values
ZLIB = 1
TRANSFORMS = {"zlib": ZLIB}
MOST_HEADERS = 1000


def frame(payload: bytes) -> bytes:
    """The payload behind its length."""
    return pack(">i", len(payload)) + payload


def header_frame(
    payload: bytes,
    protocol: str,
    seqid: int = 0,
    *,
    transforms: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    flags: int = 0,
) -> bytes:
    """The payload in a frame of THeader; `headers` are its info headers. Raises `ExchangeError` (usage) for an unknown transform."""
    ids = []
    for name in transforms:
        if name not in TRANSFORMS:
            raise usage(f"unknown transform '{name}'; known is {', '.join(TRANSFORMS)}")
        ids.append(TRANSFORMS[name])
        from zlib import compress

        payload = compress(payload)
    head = bytearray(varint(PROTOCOL_IDS[protocol]) + varint(len(ids)))
    for id in ids:
        head += varint(id)
    if headers:
        head += varint(KEY_VALUE) + varint(len(headers))
        for name, value in headers.items():
            for text in (name.encode(), value.encode()):
                head += varint(len(text)) + text
    head += bytes(-len(head) % 4)
    if len(head) > 0xFFFF * 4:
        raise usage(f"the headers take {len(head)} bytes, and THeader has room for {0xFFFF * 4}")
    return frame(pack(">HHiH", MAGIC, flags, seqid, len(head) // 4) + head + payload)


class Header:
    """What a frame of THeader says: the protocol, the sequence number, the transforms and the info headers of its `payload`."""

    __slots__ = ("headers", "payload", "protocol", "seqid", "transforms")

    def __init__(self, protocol: str, seqid: int, transforms: list[str], headers: dict[str, str], payload: bytes) -> None:
        self.protocol = protocol
        self.seqid = seqid
        self.transforms = transforms
        self.headers = headers
        self.payload = payload


class FrameDecoder:
    """One frame out of bytes in pieces; `rest` holds the bytes behind it."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.buffer = bytearray()
        self.size = -1

    def feed(self, data: bytes) -> bytes | None:
        """The frame's payload when it is whole. Raises `ExchangeError` for a length below one or above the limit."""
        self.buffer += data
        if self.size < 0 and len(self.buffer) >= 4:
            size = unpack(">i", self.buffer[:4])[0]
            if size <= 0:
                raise malformed(f"a frame says that it has {size} bytes")
            if size > self.limit:
                raise too_large(f"a frame says that it has {size} bytes, more than the limit of {self.limit}")
            self.size = size
        if self.size < 0 or len(self.buffer) < 4 + self.size:
            return None
        return bytes(self.buffer[4 : 4 + self.size])

    @property
    def rest(self) -> bytes:
        """What came behind the frame."""
        return bytes(self.buffer[4 + self.size :]) if self.size >= 0 else b""


def read_header(payload: bytes, limit: int) -> Header:
    """What a frame of THeader holds, the transforms undone. Raises `ExchangeError` (malformed, too_large, unsupported)."""
    if len(payload) < 10:
        raise malformed(f"a THeader takes 10 bytes at least, and the frame has {len(payload)}")
    seqid, words = unpack(">iH", payload[4:10])
    end = 10 + words * 4
    if end > len(payload):
        raise malformed(f"the THeader says that it has {words * 4} bytes, and the frame ends after {len(payload) - 10}")
    head = _Head(payload[10:end])
    id = head.varint()
    protocol = next((name for name, known in PROTOCOL_IDS.items() if known == id), None)
    if protocol is None:
        raise malformed(
            f"the THeader names protocol {id}, which is none of {', '.join(f'{known} ({name})' for name, known in PROTOCOL_IDS.items())}"
        )
    ids = [head.varint() for _ in range(min(head.varint(), MOST_HEADERS))]
    names = {id: name for name, id in TRANSFORMS.items()}
    for id in ids:
        if id not in names:
            raise ExchangeError("protocol", "unsupported", f"the answer went through transform {id} of THeader; known is 1 (zlib)")
    body = payload[end:]
    for _ in ids:
        body = _inflate(body, limit)
    return Header(protocol, seqid, [names[id] for id in ids], head.info(), body)


class _Head:
    """The variable part of a THeader."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def varint(self) -> int:
        value = 0
        for shift in range(0, 35, 7):
            if self.at >= len(self.data):
                raise malformed("the THeader ends within a number")
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise malformed("a number of the THeader takes more than 5 bytes")

    def text(self) -> str:
        size = self.varint()
        if size > len(self.data) - self.at:
            raise malformed(f"a text of the THeader says that it has {size} bytes, and {len(self.data) - self.at} are left")
        self.at += size
        return self.data[self.at - size : self.at].decode("utf-8", "replace")

    def info(self) -> dict[str, str]:
        """The info headers; padding, or a kind that is unknown, ends them."""
        found: dict[str, str] = {}
        while self.at < len(self.data) and self.varint() == KEY_VALUE:
            for _ in range(self.varint()):
                if len(found) >= MOST_HEADERS:
                    raise too_large(f"the THeader has more than {MOST_HEADERS} info headers")
                name = self.text()
                found[name] = self.text()
        return found


def _inflate(data: bytes, limit: int) -> bytes:
    from zlib import decompressobj, error

    inflater = decompressobj()
    try:
        body = inflater.decompress(data, limit + 1)
    except error as failed:
        raise malformed("the payload of the THeader is no zlib stream, which it says it is") from failed
    if len(body) > limit:
        raise too_large(f"the payload of the THeader is larger than {limit} bytes once inflated")
    if not inflater.eof:
        raise malformed("the zlib stream of the THeader's payload does not end")
    return body
