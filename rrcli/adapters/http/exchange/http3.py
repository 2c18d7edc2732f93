"""HTTP/3 over QUIC: a request on its own stream out, the answer in (RFC 9114), and the way back to TCP where there is no QUIC.

Nothing is sent before the handshake is done, unless --early-data kept a ticket of an earlier connection: then a safe request
leaves with the first packet (0-RTT, RFC 8470), within the phase `tls`, and `send` is next to nothing.
"""

from __future__ import annotations

from rrcli.adapters.http.exchange.describe import SAFE
from rrcli.adapters.http.exchange.http1 import CONTINUE_WAIT
from rrcli.adapters.http.exchange.response import ResponseReader
from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, usage
from rrcli.codec.http.h2fields import fields_of, lost_fields
from rrcli.codec.http.h3 import NO_ERROR, REQUEST_CANCELLED, VERSION, Http3Client
from rrcli.codec.http.h3frames import StreamNotes, error_name
from rrcli.policy.secrets import mask_field
from rrcli.wire.quic.connection import Quic, count_in_vain
from rrcli.wire.quic.ending import NoSuchProtocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.adapters.http.exchange.response import Leads
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.quic.connection import StreamChunk

__all__ = [
    "GENERAL_PROTOCOL_ERROR",
    "NO_ERROR",
    "Http3Client",
    "Http3ResponseReader",
    "Talk",
    "as_sent",
    "note_dropped",
    "reach",
    "refuse_options",
]

ALPN = ("h3",)
FALLBACK_AFTER = 2.0  # seconds that --http3 gives QUIC at most, and never more than half of what is left
GENERAL_PROTOCOL_ERROR = 0x101
WAITING = 65536  # bytes of content that may wait for room before more is read
# What says nothing against TCP; a certificate that does not verify, or a name that is not found, would be no better there.
NOT_TO_BE_HAD = ("refused", "reset", "closed", "timeout", "unreachable", "unsupported", "handshake_failed", "malformed")


def refuse_options(request: AnyHttpRequest, prepared: PreparedRequest, *, first: bool) -> None:
    """Raise for what leaves no way for QUIC: `usage` where the command line says so, `unsupported` where a redirect does."""
    flag = "--http3-only" if request.http3_only else "--http3"
    for other, value in (("--proxy", request.proxy), ("--unix-socket", request.unix_socket)):
        if value:
            raise usage(f"{flag} and {other} exclude each other", f"QUIC's datagrams pass no {other[2:]}: leave one of them out")
    if request.limit_rate:
        raise usage(f"{flag} and --limit-rate exclude each other", "the rate is that of a TCP connection: leave one of them out")
    if prepared.scheme == "http" and first:
        raise usage(f"{flag} is spoken over QUIC, which always has TLS, and this URL has none", "use https://")
    if prepared.scheme == "http" and request.http3_only:
        raise ExchangeError("protocol", "unsupported", f"HTTP/3 is not spoken over {prepared.url}", hint="--http3 takes TCP there")


def as_sent(prepared: PreparedRequest) -> PreparedRequest:
    """The request with the version and the fields that go out."""
    return prepared.replace(version=VERSION, fields=fields_of(prepared.fields))


def note_dropped(prepared: PreparedRequest, context: Context) -> None:
    """Note the user's own fields that HTTP/3 has no place for."""
    lost = lost_fields(prepared.fields)
    if lost:
        context.note("field-dropped", f"HTTP/3 has no place for {', '.join(lost)} (RFC 9114 section 4.2): not sent")


def reach(request: AnyHttpRequest, prepared: PreparedRequest, context: Context) -> FrameQuic | None:
    """A connection of QUIC to the host; `None`, with a note that tells why, where TCP is to be tried in its place.

    With --early-data a safe request without content leaves with the first packet, where the server's ticket allows it.

    Raises `ExchangeError` of any layer below `application`.
    """
    limit = None if request.http3_only else _patience(context.deadline)
    if context.route and context.route.proxy:  # of the environment: one of the command line was refused, and --http3-only passes by both
        context.note("http3-fallback", "HTTP/3 was not to be had: it passes no proxy, and the environment names one; TCP is used")
        return None
    try:
        may_be_early = request.early_data and prepared.method in SAFE and not (prepared.content or prepared.upload)
        begun = EarlyRequest(prepared) if may_be_early else None
        quic = FrameQuic(
            context.request, prepared.host, prepared.port, ALPN, context.recorder, context.deadline, context.note,
            files=request, continues_log=context.follows, limit=limit, early=begun,
        )  # fmt: skip
        quic.begun = begun
        return quic
    except ExchangeError as error:
        if isinstance(error, NoSuchProtocol):
            error.layer, error.kind, error.message = "protocol", "unsupported", "the server speaks QUIC, but not HTTP/3 over it (ALPN)"
            error.hint = "leave --http3-only out to take what it speaks"
        if request.http3_only or error.kind not in NOT_TO_BE_HAD or context.deadline.passed():
            raise
        recorder = context.recorder
        nothing = error.kind == "timeout" and not recorder.bytes_received
        why = f"nothing answered on UDP {recorder.peer} within {_patience_words(limit)}" if nothing else error.message
        context.note("http3-fallback", f"HTTP/3 was not to be had: {why}; TCP is used")
        count_in_vain(recorder.timeline)
        recorder.attempts = [
            tried.replace(address=f"{tried.address} (QUIC)", error=tried.error or error.kind) for tried in recorder.attempts
        ]
        recorder.tls = None
        return None


def _patience(whole: Deadline) -> Deadline:
    left = whole.remaining_ms()
    return Deadline.after(FALLBACK_AFTER if left is None else max(min(FALLBACK_AFTER, left / 2000), 0.001), "HTTP/3's")


def _patience_words(limit: Deadline | None) -> str:
    return limit.limit.rpartition(" ")[2] if limit else "the time limit"


class EarlyRequest:
    """A request that leaves with the first packet of its connection: its streams and its codec, for whoever goes on with it."""

    def __init__(self, prepared: PreparedRequest) -> None:
        self._prepared = prepared
        self.client: Http3Client | None = None  # none yet: no ticket allowed it
        self.stream = self.control = 0

    def __call__(self, quic: Quic) -> None:
        self.client = Http3Client()
        self.stream, self.control = quic.open(), quic.open(one_way=True)
        quic.put(self.control, self.client.greeting())
        quic.put(self.stream, _head_of(self._prepared, self.client), end=True)


def _head_of(prepared: PreparedRequest, client: Http3Client) -> bytes:
    """The head of the request as it goes out on its stream."""
    authority = next((value for name, value in prepared.fields if name.lower() == "host"), "")
    return client.request(prepared.method, prepared.scheme, authority, prepared.target, prepared.fields)


class FrameQuic(Quic):
    """A connection whose transcript, if there is to be one, is cut into frames and without the bytes of field blocks."""

    begun: EarlyRequest | None = None
    _notes: dict[tuple[str, int], StreamNotes] | None = None

    def tell_sent(self, stream: int, data: bytes) -> None:
        for piece, note in self._cut("sent", stream, data):
            self.recorder.sent(piece, now(), note)

    def tell_received(self, stream: int, data: bytes) -> None:
        for piece, note in self._cut("received", stream, data):
            self.recorder.received(piece, now(), note)

    def _cut(self, direction: str, stream: int, data: bytes) -> list[tuple[bytes, str]]:
        if not self.recorder.keeps_transcript:
            return [(data, "")]
        if self._notes is None:
            self._notes = {}
        return self._notes.setdefault((direction, stream), StreamNotes(stream, mask_field)).cut(data)

    def name_of(self, code: int) -> str:
        return error_name(code)


class Http3ResponseReader(ResponseReader):
    """A reception that tells at the end what QUIC measured meanwhile."""

    def __init__(self, prepared: PreparedRequest, context: Context, client: Http3Client, leads: Leads, quic: Quic) -> None:
        super().__init__(prepared, context, client, leads)
        self._quic = quic

    def _end(self) -> Iterator[Event]:
        assert self.answer
        self.answer = self.answer.replace(data={**self.answer.data, "quic": self._quic.stats()})
        yield from super()._end()


class Talk:
    """The two directions of one request on a connection of its own."""

    def __init__(self, quic: FrameQuic, reception: ResponseReader, client: Http3Client) -> None:
        self._quic = quic
        self._reception = reception
        self._client = client
        self._begun = quic.begun is not None and quic.begun.client is client
        if self._begun:
            assert quic.begun
            self._stream, self._control = quic.begun.stream, quic.begun.control
        else:
            self._stream, self._control = quic.open(), quic.open(one_way=True)
        self._stopped = False  # the server wants no more of the request

    def send(self, prepared: PreparedRequest) -> Iterator[Event]:
        """Send the request, its content as the windows allow."""
        if self._begun:  # it is on its way: what is left of `send` is nothing
            timeline, at = self._quic.recorder.timeline, now()
            timeline.writing(at)
            timeline.wrote(at)
            timeline.reading(at)
            if self._quic.arrived:  # the answer has come with the end of the handshake
                timeline.read(at)
            return
        head = _head_of(prepared, self._client)
        self._quic.put(self._control, self._client.greeting())
        self._quic.sending = True
        if not (prepared.content or prepared.upload):
            yield from self._send_piece(head, end=True)
        elif prepared.content and not prepared.awaits_continue:
            yield from self._send_content(prepared, head)
        else:
            yield from self._send_piece(head)
            if prepared.awaits_continue:
                yield from self._await_continue()
            yield from self._send_content(prepared, b"")
        self._quic.sending = False

    def read(self) -> Iterator[Event]:
        """Wait for what comes, and answer what it asks for."""
        try:
            pieces = self._quic.receive()
        except ExchangeError as error:
            if error.kind == "timeout":
                if self._quic.sending:  # it is room to send that was waited for
                    self._quic.recorder.timeline.resume_sending()
                raise
            self._client.failure = self._client.why_closed(error)
            yield from self._reception.end_of_stream()
            return
        yield from self._take(pieces)

    def _take(self, pieces: list[StreamChunk]) -> Iterator[Event]:
        for piece in pieces:
            if self._reception.ended:
                return
            if piece.stop is not None:
                self._stopped = self._stopped or piece.stream == self._stream
            elif piece.stream != self._stream:
                yield from self._other(piece)
            elif piece.reset is not None:
                self._client.failure = self._client.why_reset(piece.reset)
                yield from self._reception.end_of_stream()
            else:
                if piece.data:
                    yield from self._reception.feed(piece.data)
                if piece.end:
                    yield from self._reception.end_of_stream()

    def _other(self, piece: StreamChunk) -> Iterator[Event]:
        """What came on a stream of the server's own; a failure there ends the answer too."""
        try:
            if piece.reset is not None:
                self._client.reset_other(piece.stream, piece.reset)
            else:
                self._client.feed_other(piece.stream, piece.data, end=piece.end)
        except ExchangeError as error:
            self._client.failure = error
            yield from self._reception.end_of_stream()

    def _await_continue(self) -> Iterator[Event]:
        """Hold the content back until a 100 or a final answer, but not for longer than a second (RFC 9110 section 10.1.1)."""
        until = Deadline.after(CONTINUE_WAIT, "")
        self._quic.sending = False
        while self._reception.answer is None and not self._reception.may_continue and not until.passed():
            yield from self._take(self._quic.receive(until))
        self._quic.sending = True
        if self._reception.answer is not None:  # the wait for it was part of the sending (contract, section 3)
            self._quic.recorder.timeline.count_wait_as_send()

    def _send_content(self, prepared: PreparedRequest, head: bytes) -> Iterator[Event]:
        """Send the content, the head before it. An answer from 300 on, or STOP_SENDING, ends the sending (RFC 9114 section 4.1)."""
        if prepared.content is not None:
            whole = yield from self._send_pieces(head, prepared.content)
        else:
            assert prepared.upload
            for piece in prepared.upload.pieces(chunked=False, deadline=self._quic.deadline):
                if not (whole := (yield from self._send_piece(self._client.content(piece)))):
                    break
            else:
                whole = yield from self._send_piece(b"", end=True)
        if not whole:
            if self._reception.answer is not None:
                self._reception.upload_stopped()
            self._quic.reset(self._stream, REQUEST_CANCELLED)

    def _send_pieces(self, head: bytes, content: bytes) -> Generator[Event, None, bool]:
        """Send content that is in memory, the head with its first piece."""
        for at in range(0, len(content), WAITING):
            piece, end = content[at : at + WAITING], at + WAITING >= len(content)
            if not (yield from self._send_piece(head + self._client.content(piece), end=end)):
                return False
            head = b""
        return True

    def _send_piece(self, data: bytes, *, end: bool = False) -> Generator[Event, None, bool]:
        """Send a piece of the request; false when an answer made it pointless before all of it had left."""
        quic, timeline = self._quic, self._quic.recorder.timeline
        if self._is_pointless():
            return False
        quic.put(self._stream, data, end=end)
        while True:
            if self._reception.answer is None:
                timeline.resume_sending()
            quic.flush()
            if not quic.unsent(self._stream) or self._is_pointless():
                return not self._is_pointless()
            yield from self.read()

    def _is_pointless(self) -> bool:
        return self._stopped or self._reception.refused or self._reception.ended
