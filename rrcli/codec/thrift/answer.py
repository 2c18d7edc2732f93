"""A call's bytes, and the answer out of what comes back: transport, protocol and message at once, and in words what does not fit.

sent = encode_call(fields, "Shop", "add", 1, Shape("framed", "compact"))
decoder = AnswerDecoder(Shape("framed", "compact"), limit)
while (message := decoder.feed(received)) is None: ...
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, truncated
from rrcli.base.record import Record
from rrcli.codec.thrift import binary
from rrcli.codec.thrift.tree import CALL, ONEWAY, Decoder, ThriftMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rrcli.codec.thrift.framing import FrameDecoder, Header
    from rrcli.codec.thrift.tree import Fields

TRANSPORTS = ("buffered", "framed", "header")
PROTOCOLS = ("binary", "compact", "json")
# What is tried for `auto`, the commonest first; a server of THeader mostly takes the framed ones too.
COMBINATIONS = (
    ("buffered", "binary"), ("framed", "binary"), ("framed", "compact"), ("buffered", "compact"), ("buffered", "json"), ("framed", "json"),
    ("header", "binary"), ("header", "compact"),
)  # fmt: skip
# A method that no IDL can define, for a hyphen is in no name: whoever speaks the same answers UNKNOWN_METHOD, and nothing is changed.
PROBE = "rrcli-probe"
ENOUGH = 12  # bytes after which the opening of any answer says what it is


class Shape(Record):
    """How messages go over the connection: `transport` is one of `TRANSPORTS`, `protocol` one of `PROTOCOLS`.

    For an answer either may be `auto`. HTTP's content is a buffered message.
    """

    transport: str = "buffered"
    protocol: str = "binary"

    def __str__(self) -> str:
        return f"{self.transport} {self.protocol}"


def decoder_of(protocol: str, limit: int) -> Decoder:
    """The protocol's decoder."""
    if protocol == "binary":
        return binary.BinaryDecoder(limit)
    if protocol == "compact":
        from rrcli.codec.thrift.compact import CompactDecoder

        return CompactDecoder(limit)
    from rrcli.codec.thrift.jsonprotocol import JsonDecoder

    return JsonDecoder(limit)


def encode_message(message: ThriftMessage, protocol: str, *, strict: bool = True) -> bytes:
    """The message in the protocol, no transport around it; `strict` is the binary protocol's form with a version."""
    if protocol == "binary":
        return binary.encode(message, strict=strict)
    if protocol == "compact":
        from rrcli.codec.thrift.compact import encode
    else:
        from rrcli.codec.thrift.jsonprotocol import encode
    return encode(message)


def wrap(
    payload: bytes, shape: Shape, seqid: int = 0, *, transforms: Sequence[str] = (), headers: Mapping[str, str] | None = None
) -> bytes:
    """The message's bytes in its transport; `transforms` and `headers` are THeader's."""
    if shape.transport == "buffered":
        return payload
    from rrcli.codec.thrift import framing

    if shape.transport == "header":
        return framing.header_frame(payload, shape.protocol, seqid, transforms=transforms, headers=headers)
    return framing.frame(payload)


def call(fields: Fields, method: str, seqid: int, *, oneway: bool = False, service: str = "") -> ThriftMessage:
    """The message that calls a method; `service` is its name where several share a connection (`Service:method`)."""
    return ThriftMessage(f"{service}:{method}" if service else method, ONEWAY if oneway else CALL, seqid, fields)


class Opening(Record):
    """What the first bytes of an answer are: Thrift in a `shape`, or, in words, something else that `error` tells."""

    shape: Shape | None = None
    error: ExchangeError | None = None


def opening(head: bytes) -> Opening:
    """What an answer is by its first bytes, of which 12 are enough."""
    if protocol := _protocol(head):
        return Opening(shape=Shape(transport="buffered", protocol=protocol))
    if head[:4] and head[0] in (0, 1, 2, 3) and len(head) >= 8:
        inner = head[4:]
        if inner[:2] == b"\x0f\xff":
            return Opening(shape=Shape(transport="header", protocol="auto"))
        if protocol := _protocol(inner):
            return Opening(shape=Shape(transport="framed", protocol=protocol))
        if head[:2] == b"\0\0" and _is_name(inner[: max(int.from_bytes(head[:4], "big"), 1)]):
            return Opening(shape=Shape(transport="buffered", protocol="binary"))  # the old form, which opens with the name's length
        if inner[:2] == b"\0\0" and _is_name(inner[4:][: int.from_bytes(inner[:4], "big")]):
            return Opening(shape=Shape(transport="framed", protocol="binary"))
    from rrcli.codec.recognise import recognise

    found = recognise(head)
    if found.what.startswith(("b'", 'b"')):
        return Opening()
    hint = found.hint if found.greeting != "HTTP" else "for Thrift over HTTP give the URL: http://HOST:PORT/PATH"
    return Opening(error=ExchangeError("protocol", "wrong_protocol", f"expected Thrift, got {found.what}", hint=hint))


def _is_enough(head: bytes) -> bool:
    """Whether these bytes say what the answer is; an answer of Thrift may be no longer than ten."""
    if _protocol(head) or len(head) >= ENOUGH:
        return True
    if head[:1] in (b"\0", b"\1", b"\2", b"\3"):
        return len(head) >= 8
    # Another protocol's whole text or TLS alert may be short, and nothing comes behind it.
    return head.endswith(b"\n") or (len(head) >= 7 and head[:2] in (b"\x15\x03", b"\x16\x03"))


def _protocol(head: bytes) -> str | None:
    if head[:2] == b"\x80\x01":
        return "binary"
    if head[:1] == b"\x82" and len(head) > 1 and head[1] & 0x1F == 1 and head[1] >> 5:
        return "compact"
    return "json" if head.lstrip()[:1] == b"[" and head.lstrip()[1:2] in (b"1", b" ") else None


def _is_name(data: bytes) -> bool:
    return bool(data) and all(0x20 < byte < 0x7F for byte in data)


class AnswerDecoder:
    """One answer out of bytes in pieces. `shape` is what it came in, once that is known, `header` its THeader if it has one."""

    def __init__(self, shape: Shape, limit: int) -> None:
        self.asked = shape
        self.shape: Shape | None = None
        self.limit = limit
        self.header: Header | None = None
        self.notes: list[str] = []
        self._head = bytearray()
        self._frame: FrameDecoder | None = None
        self._decoder: Decoder | None = None
        self._message: ThriftMessage | None = None

    def feed(self, data: bytes) -> ThriftMessage | None:
        """The message when it is whole. Raises `ExchangeError`: malformed, too_large, wrong_protocol, unsupported."""
        if self._message is None:
            if self.shape is None:
                self._head += data
                if not _is_enough(bytes(self._head)):
                    return None
                self._begin()
                data = bytes(self._head)
            self._message = self._feed(data)
        elif following := self._frame or self._decoder:
            following.feed(data)  # what comes behind the answer is its `rest`
        return self._message

    def close(self) -> ExchangeError:
        """The error for a peer that closed before its answer was whole."""
        if not self._head and self.shape is None:
            return ExchangeError("transport", "closed", "the peer closed without a byte of an answer", hint=silence_hint(self.asked))
        if self.shape is None:
            try:
                self._begin()
            except ExchangeError as error:
                return error
        return truncated(f"the peer closed within its answer ({self.shape or self.asked})")

    @property
    def rest(self) -> bytes:
        """What came behind the answer."""
        return self._frame.rest if self._frame else self._decoder.rest if self._decoder else b""

    def _begin(self) -> None:
        """Decide what the answer comes in, once its opening is there. Raises `ExchangeError` where that is not what was asked for."""
        found = opening(bytes(self._head))
        if found.error:
            raise found.error
        asked, shape = self.asked, found.shape
        if shape is None:
            if asked.transport == "auto" or asked.protocol == "auto":
                raise malformed(f"the answer opens with {bytes(self._head[:12]).hex(' ')}, which is no message of Thrift's protocols")
            self.shape = asked
        elif asked.transport in ("auto", shape.transport) and (
            "auto" in (asked.protocol, shape.protocol) or asked.protocol == shape.protocol
        ):
            self.shape = shape
        elif asked.transport == "header" and shape.transport == "framed":
            self.notes.append("the answer came framed, without THeader")
            self.shape = shape
        else:
            raise _misfit(asked, shape)
        if self.shape.transport != "buffered":
            from rrcli.codec.thrift.framing import FrameDecoder

            self._frame = FrameDecoder(self.limit)
        else:
            self._decoder = decoder_of(self.shape.protocol, self.limit)

    def _feed(self, data: bytes) -> ThriftMessage | None:
        if self._frame is None:
            return self._decoder.feed(data) if self._decoder else None
        payload = self._frame.feed(data)
        if payload is None or self.shape is None:
            return None
        if self.shape.transport == "header":
            from rrcli.codec.thrift.framing import read_header

            self.header = read_header(payload, self.limit)
            payload = self.header.payload
            self.shape = Shape(transport="header", protocol=self.header.protocol)
        self._decoder = decoder_of(self.shape.protocol, self.limit)
        message = self._decoder.feed(payload)
        if message is None:
            raise malformed("the frame ends within the message")
        if self._decoder.rest:
            self.notes.append(f"{len(self._decoder.rest)} bytes stand behind the message in its frame")
        return message


def _misfit(asked: Shape, found: Shape) -> ExchangeError:
    options = []
    if found.transport != asked.transport and asked.transport != "auto":
        options.append(f"--transport {found.transport}")
    if found.protocol not in (asked.protocol, "auto") and asked.protocol != "auto":
        options.append(f"--protocol {found.protocol}")
    shown = found.transport if found.protocol == "auto" else str(found)
    return ExchangeError("protocol", "wrong_protocol", f"expected a {asked} answer, got a {shown} one", hint=f"use {' '.join(options)}")


def silence_hint(asked: Shape) -> str:
    """What to try where a peer closes, resets or is silent: what a Thrift server does with any message that is not in its form."""
    return (
        f"a Thrift server closes on what it does not speak, here {asked}; --transport auto --protocol auto finds what it speaks, "
        "and --multiplexed is for a server of several services"
    )
