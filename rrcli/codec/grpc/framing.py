"""Messages as gRPC frames them in the content of a request or an answer: a flag, four bytes of length, the message.

The format is `PROTOCOL-HTTP2.md` of gRPC, "Length-Prefixed-Message".
"""

from __future__ import annotations

from rrcli.base.errors import malformed, too_large, truncated
from rrcli.base.record import Record

HEADER = 5  # bytes before a message
GZIP = 31  # `wbits` of zlib for gzip


class Framed(Record):
    """One message: its bytes, how many bytes it took on the wire with its header, and whether it was compressed."""

    data: bytes
    wire_size: int
    compressed: bool = False


def frame(data: bytes, *, gzip: bool = False) -> bytes:
    """The message with its header, compressed if asked."""
    if gzip:
        from zlib import compressobj

        packer = compressobj(6, 8, GZIP)
        data = packer.compress(data) + packer.flush()
    return bytes((gzip,)) + len(data).to_bytes(4, "big") + data


class Unframer:
    """Cuts content into messages, none of which may be longer than `limit` bytes, compressed or not.

    `encoding` is the answer's grpc-encoding, by which compressed messages are read.
    """

    def __init__(self, limit: int, encoding: str = "identity") -> None:
        self.encoding = encoding
        self.salvaged: list[Framed] = []  # what the failed `feed` had read before it
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Framed]:
        """The messages that `data` completes. Raises `malformed`, `too_large`, or `unsupported` for an unknown compression."""
        self._buffer += data
        found: list[Framed] = []
        at = 0
        self.salvaged = found
        while len(self._buffer) - at >= HEADER:
            flag, size = self._buffer[at], int.from_bytes(self._buffer[at + 1 : at + HEADER], "big")
            if flag > 1:
                raise malformed(f"a message begins with the flag {flag}, which gRPC does not have", "is it gRPC that speaks there?")
            if size > self._limit:
                raise too_large(f"a message of {size} bytes is announced; the limit is {self._limit}", "--max-size allows more")
            end = at + HEADER + size
            if len(self._buffer) < end:
                break
            content = bytes(self._buffer[at + HEADER : end])
            found.append(Framed(data=self._unpacked(content) if flag else content, wire_size=HEADER + size, compressed=bool(flag)))
            at = end
        del self._buffer[:at]
        self.salvaged = []
        return found

    def finish(self) -> None:
        """The content is over. Raises `truncated` within a message."""
        if not self._buffer:
            return
        if len(self._buffer) < HEADER:
            raise truncated(f"the answer ended within the header of a message, after {len(self._buffer)} of {HEADER} bytes")
        size = int.from_bytes(self._buffer[1:HEADER], "big")
        raise truncated(f"the answer ended within a message, after {len(self._buffer) - HEADER} of {size} bytes")

    def _unpacked(self, data: bytes) -> bytes:
        """A compressed message as it was."""
        if self.encoding in ("identity", ""):
            raise malformed("a message says that it is compressed, and the answer has no grpc-encoding")
        if self.encoding not in ("gzip", "deflate"):
            from rrcli.base.errors import ExchangeError

            hint = "rrcli takes gzip and deflate, and says so in grpc-accept-encoding"
            raise ExchangeError("protocol", "unsupported", f"a message is compressed with {self.encoding[:40]!r}", hint=hint)
        return unpack(data, self.encoding, self._limit)


def unpack(data: bytes, encoding: str, limit: int) -> bytes:
    """The content of one gzip or zlib stream. Raises `malformed` for what is none, `too_large` over `limit` bytes."""
    import zlib

    unpacker = zlib.decompressobj(GZIP if encoding == "gzip" else 15)
    try:
        found = unpacker.decompress(data, limit + 1)
    except zlib.error as error:
        raise malformed(f"a message is no {encoding}: {error}") from None
    if len(found) > limit:
        raise too_large(f"a message of {len(data)} bytes unpacks to more than {limit}", "--max-size allows more")
    if not unpacker.eof:
        raise malformed(f"a message is {encoding} that is cut short")
    if unpacker.unused_data:
        raise malformed(f"{len(unpacker.unused_data)} bytes stand behind the {encoding} of a message")
    return found
