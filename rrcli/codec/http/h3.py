"""HTTP/3 as a client writes and reads it: a request to the bytes of its stream, streams to the events of `codec/h1.py` (RFC 9114).

    client = Http3Client()
    ... a stream of our own: client.greeting() ... the request's stream: client.request("GET", "https", "example.com", "/", fields)
    for event in client.feed(received): ...      # of the request's stream
    for event in client.eof(): ...               # at its end
    client.feed_other(stream, received, ended)   # of the streams that the server opens

QUIC does what was hard about HTTP/2; what is left are frames, read here, and the fields, for which there is `pylsqpack`.
The field table has no room (RFC 9204 section 3.2.3): one connection carries one request, so that it would be remembered for
nobody, and without one a field block waits for no other stream and unfolds to no more than a few times itself.
"""

from __future__ import annotations

from pylsqpack import Decoder, DecompressionFailed, Encoder, EncoderStreamError, StreamBlocked

from rrcli.base.errors import ExchangeError, malformed, too_large, truncated
from rrcli.codec.http.h1 import Data, End, Head, Informational, Trailers
from rrcli.codec.http.h2fields import as_text, fields_of, octets, promised_length
from rrcli.codec.http.h3frames import (
    CONTROL,
    DATA,
    GOAWAY,
    HEADERS,
    OF_HTTP2,
    PUSH,
    PUSH_PROMISE,
    QPACK_DECODER,
    QPACK_ENCODER,
    SETTINGS,
    STREAMS,
    TYPES,
    Frames,
    error_name,
    frame,
    read_pairs,
    read_varint,
    varint,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.http.h1 import Event
    from rrcli.model.values import Fields, Note

VERSION = "HTTP/3"
NO_ERROR, REQUEST_REJECTED, REQUEST_CANCELLED, VERSION_FALLBACK = 0x100, 0x10B, 0x10C, 0x110
MAX_FIELD_SECTION_SIZE = 0x6
# About one connection, which HTTP/3 says otherwise (section 4.2).
CONNECTION_FIELDS = ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade")


class Http3Client:
    """One request and its answer. `framing` is what tells where the answer ends: eof, or none where there can be no content.

    `received` counts the bytes of content. With `failure` set, `eof` raises that. An error leaves the client useless;
    `salvaged` then holds the events that the failed `feed` had read before it.
    """

    MAX_FIELDS = 256 * 1024  # bytes of a field list as RFC 9114 section 4.2.2 counts them
    MAX_INFORMATIONAL = 100
    transfer_codings = ()  # which HTTP/1 alone has
    MAX_IDLE = 10_000  # frames in a row that bring neither fields nor content
    MAX_STREAMS = 100  # that the server opens; it needs three

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.salvaged: list[Event] = []
        self.failure: ExchangeError | None = None
        self.framing: str | None = None
        self.received = 0
        self.goaway = False
        self._method = ""
        self._over = False
        self._expected: int | None = None  # bytes that content-length promises
        self._trailed = False
        self._informational = self._idle = 0
        self._frames = Frames(self.MAX_FIELDS)
        self._decoder = Decoder(0, 0)
        self._others: dict[int, _Other] = {}

    # --- out

    def greeting(self) -> bytes:
        """The beginning of our control stream, which then stays open (section 6.2.1)."""
        return varint(CONTROL) + frame(SETTINGS, varint(MAX_FIELD_SECTION_SIZE) + varint(self.MAX_FIELDS))

    def request(self, method: str, scheme: str, authority: str, path: str, fields: Fields) -> bytes:
        """The head of a request. Raises `usage` for what cannot be sent."""
        pseudo = ((":method", method), (":scheme", scheme), (":authority", authority), (":path", path))
        self._method = method
        _, block = Encoder().encode(0, [(octets(name), octets(value)) for name, value in (*pseudo, *fields_of(fields))])
        return frame(HEADERS, block)

    def content(self, data: bytes) -> bytes:
        """A piece of content."""
        return frame(DATA, data) if data else b""

    # --- in: the request's stream

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Raises `ExchangeError` of layer `protocol`."""
        events: list[Event] = []
        try:
            for kind, payload in self._frames.feed(data):
                if event := self._frame(kind, payload):
                    events.append(event)
        except ExchangeError:
            self.salvaged = events
            raise
        return events

    def eof(self) -> list[Event]:
        """The stream is at its end. Raises `failure`, `closed` without a head, `truncated` without a whole answer."""
        if self.failure:
            raise self.failure
        if self._over:
            return []
        if self.framing is None:
            raise ExchangeError("transport", "closed", "the server ended the stream without an answer")
        if self._frames.is_within:
            raise truncated(f"the stream ended within a frame, after {self.received} bytes of the body")
        if self._expected is not None and self.received < self._expected:
            raise truncated(f"the answer ended after {self.received} of {self._expected} bytes of the body")
        self._over = True
        return [End(framing=self.framing, leftover=b"")]

    def _frame(self, kind: int, payload: bytes) -> Event | None:
        if kind in (SETTINGS, GOAWAY, *OF_HTTP2) or (kind in TYPES and kind not in (DATA, HEADERS, PUSH_PROMISE)):
            raise malformed(f"a {TYPES.get(kind, f'type 0x{kind:x}')} frame came on a request's stream (H3_FRAME_UNEXPECTED)")
        if kind == PUSH_PROMISE:
            raise malformed("the server promised a push that was not allowed (H3_ID_ERROR)")
        if kind == HEADERS:
            self._idle = 0
            return self._fields(payload)
        if kind == DATA and payload:
            self._idle = 0
            return self._content(payload)
        self._idle += 1
        if self._idle > self.MAX_IDLE:
            raise too_large(f"more than {self.MAX_IDLE} frames came that bring nothing (H3_EXCESSIVE_LOAD)")
        return None

    def _content(self, data: bytes) -> Data:
        if self.framing is None or self._trailed:
            raise malformed("content came before the head of the answer, or after its trailers (H3_FRAME_UNEXPECTED)")
        self.received += len(data)
        if self.framing == "none" or (self._expected is not None and self.received > self._expected):
            allowed = "no content" if self.framing == "none" else f"the {self._expected} bytes that it promised"
            raise malformed(f"the answer has more than {allowed} (RFC 9114 section 4.1.2)")
        return Data(data=data)

    def _fields(self, block: bytes) -> Event:
        """The head of an answer, an informational one, or trailers."""
        if self._trailed:
            raise malformed("fields came after the trailers (H3_FRAME_UNEXPECTED)")
        fields = self._decode(block)
        if self.framing is not None:
            self._trailed = True
            if any(name.startswith(":") for name, _ in fields):
                raise malformed("the trailers have a pseudo-field (H3_MESSAGE_ERROR)")
            return Trailers(fields=fields)
        code = _code(fields)
        fields = fields[1:]
        if code < 200:
            self._informational += 1
            if self._informational > self.MAX_INFORMATIONAL:
                raise too_large(f"more than {self.MAX_INFORMATIONAL} informational responses came")
            return Informational(version=VERSION, code=code, reason="", fields=fields)
        contentless = self._method == "HEAD" or code in (204, 304)
        self.framing = "none" if contentless else "eof"
        if not contentless:
            self._expected = promised_length(fields)
        return Head(version=VERSION, code=code, reason="", fields=fields)

    def _decode(self, block: bytes) -> Fields:
        try:
            _, pairs = self._decoder.feed_header(0, block)
        except (DecompressionFailed, StreamBlocked):
            raise malformed("a field block cannot be decoded (QPACK_DECOMPRESSION_FAILED)") from None
        if sum(len(name) + len(value) + 32 for name, value in pairs) > self.MAX_FIELDS:
            raise too_large(f"the fields are over {self.MAX_FIELDS} bytes")
        fields = tuple((as_text(name), as_text(value)) for name, value in pairs)
        for name, value in fields:
            _check(name, value)
        return fields

    # --- in: the streams that the server opens

    def feed_other(self, stream: int, data: bytes, *, end: bool) -> None:
        """Read what came on another stream than the request's. Raises `ExchangeError` of layer `protocol`, or `refused` after a GOAWAY."""
        if stream % 4 != 3:
            raise malformed(f"the server opened stream {stream} both ways, which HTTP/3 has no use for (H3_STREAM_CREATION_ERROR)")
        if stream not in self._others and len(self._others) >= self.MAX_STREAMS:
            raise too_large(f"the server opened more than {self.MAX_STREAMS} streams (H3_EXCESSIVE_LOAD)")
        other = self._others.setdefault(stream, _Other())
        if other.kind is None:
            data = other.start(data)
            if other.kind is None:
                return
            if other.kind == PUSH:
                raise malformed("the server pushes, which was not allowed (H3_ID_ERROR)")
            if other.kind < len(STREAMS) and sum(known.kind == other.kind for known in self._others.values()) > 1:
                raise malformed(f"the server opened a second {STREAMS[other.kind]} (H3_STREAM_CREATION_ERROR)")
        if other.kind == CONTROL:
            for kind, payload in other.frames.feed(data):
                self._control(other, kind, payload)
        elif other.kind == QPACK_ENCODER and data:
            try:
                self._decoder.feed_encoder(data)
            except EncoderStreamError:
                raise malformed("the server fills a field table that has no room (QPACK_ENCODER_STREAM_ERROR)") from None
        elif other.kind == QPACK_DECODER and data:
            raise malformed("the server acknowledges fields that were never put into a table (QPACK_DECODER_STREAM_ERROR)")
        if end and other.kind in (CONTROL, QPACK_ENCODER, QPACK_DECODER):
            raise malformed(f"the server closed its {STREAMS[other.kind]} (H3_CLOSED_CRITICAL_STREAM)")

    def reset_other(self, stream: int, code: int) -> None:
        """The server gave up a stream of its own. Raises `malformed` for one that has to stay."""
        other = self._others.get(stream)
        if other and other.kind in (CONTROL, QPACK_ENCODER, QPACK_DECODER):
            raise malformed(f"the server reset its {STREAMS[other.kind]}: {error_name(code)}")

    def _control(self, other: _Other, kind: int, payload: bytes) -> None:
        if other.settled is (kind == SETTINGS) or kind in (DATA, HEADERS, PUSH_PROMISE, *OF_HTTP2):
            name = TYPES.get(kind, f"type 0x{kind:x}")
            expected = "" if other.settled else ", before SETTINGS"
            raise malformed(f"a {name} frame came on the control stream{expected} (H3_FRAME_UNEXPECTED)")
        if kind == SETTINGS:
            other.settled = True
            pairs = read_pairs(payload)
            if pairs is None or len(dict(pairs)) < len(pairs) or any(name in (0, 2, 3, 4, 5) for name, _ in pairs):
                raise malformed("the server's SETTINGS are broken (H3_SETTINGS_ERROR)")
        elif kind == GOAWAY:
            self._goaway(payload)
        self._idle += 1
        if self._idle > self.MAX_IDLE:
            raise too_large(f"more than {self.MAX_IDLE} frames came that bring nothing (H3_EXCESSIVE_LOAD)")

    def _goaway(self, payload: bytes) -> None:
        """The server takes no more requests; that of stream 0 may be the first that it does not process (section 5.2)."""
        first = read_varint(payload)
        if first is None or first[1] != len(payload) or first[0] % 4:
            raise malformed("a GOAWAY frame names no request's stream (H3_ID_ERROR)")
        self.goaway = True
        if first[0] == 0 and not self._over:
            hint = "it is safe to send it again"
            raise ExchangeError("transport", "refused", "the server did not process the request: GOAWAY", hint=hint)

    # --- how it broke off

    def why_reset(self, code: int) -> ExchangeError:
        """The failure that the reset of the request's stream means (section 8.1)."""
        name = error_name(code)
        if code == REQUEST_REJECTED:
            hint = "it is safe to send it again"
            return ExchangeError("transport", "refused", f"the server refused the request unprocessed: RESET_STREAM {name}", hint=hint)
        if code == VERSION_FALLBACK:
            message = f"the server wants an earlier version for this: RESET_STREAM {name}"
            return ExchangeError("protocol", "unsupported", message, hint="use --http1.1")
        return ExchangeError("transport", "reset", f"the server reset the stream {self._where()}: RESET_STREAM {name}")

    def why_closed(self, error: ExchangeError) -> ExchangeError:
        """The failure that the end of the connection means for the answer under way."""
        if self.framing is None or error.kind != "closed":
            return error
        promised = "" if self._expected is None else f" of {self._expected}"
        return truncated(f"{error.message}, after {self.received}{promised} bytes of the body")

    def _where(self) -> str:
        return "before its answer" if self.framing is None else f"after {self.received} bytes of the body"


class _Other:
    """A stream of the server's own."""

    def __init__(self) -> None:
        self.kind: int | None = None
        self.settled = False  # SETTINGS have come
        self.frames = Frames(16384)
        self._start = b""

    def start(self, data: bytes) -> bytes:
        """Read its type, which is its first number; what follows it."""
        self._start += data
        number = read_varint(self._start)
        if number is None:
            return b""
        self.kind, rest = number[0], self._start[number[1] :]
        self._start = b""
        return rest


def _check(name: str, value: str) -> None:
    """Raise `malformed` for a field that HTTP/3 forbids (sections 4.2 and 10.3)."""
    if not name or name != name.lower() or any(letter <= " " or letter == "\x7f" for letter in name) or ":" in name[1:]:
        raise malformed(f"the field name {name[:40]!r} is none (H3_MESSAGE_ERROR)")
    if any(letter in value for letter in "\r\n\0"):
        raise malformed(f"the value of {name[:40]} has a line end or NUL (H3_MESSAGE_ERROR)")
    if name in CONNECTION_FIELDS:
        raise malformed(f"the answer has the field {name}, which is about a connection of HTTP/1 (H3_MESSAGE_ERROR)")


def _code(fields: Fields) -> int:
    """The status, which is the first field and the only one with a colon. Raises `malformed` (section 4.3.2)."""
    if not fields or fields[0][0] != ":status" or any(name.startswith(":") for name, _ in fields[1:]):
        raise malformed("the answer does not begin with its status alone (H3_MESSAGE_ERROR)")
    found = fields[0][1]
    if not (found.isascii() and found.isdecimal() and len(found) == 3 and found not in ("000", "101")):
        raise malformed(f"the status {found[:20]!r} is none that HTTP/3 has (H3_MESSAGE_ERROR)")
    return int(found)
