"""HTTP/3 over QUIC: a request on its own stream out, the answer in (RFC 9114), and the way back to TCP where there is no QUIC.

Nothing is sent before the handshake is done, unless --early-data kept a ticket of an earlier connection: then a safe request
leaves with the first packet (0-RTT, RFC 8470), within the phase `tls`, and `send` is next to nothing.
"""

from __future__ import annotations

from rrcli.adapters.http.versions.response import SAFE, without_connection
from rrcli.adapters.http.versions.stream import ClientStream
from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.fields import first
from rrcli.codec.http.h3 import NO_ERROR, REQUEST_CANCELLED, VERSION, Http3Client
from rrcli.codec.http.h3frames import StreamNotes, error_name
from rrcli.policy.secrets import mask_field
from rrcli.wire.quic.connection import Quic
from rrcli.wire.quic.ending import NoSuchProtocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.codec.http.h1 import Event as CodecEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.quic.library import StreamChunk

__all__ = ["GENERAL_PROTOCOL_ERROR", "NO_ERROR", "VERSION", "H3Stream", "reach", "refuse_options"]

ALPN = ("h3",)
FALLBACK_AFTER = 2.0  # seconds that --http3 gives QUIC at most, and never more than half of what is left
GENERAL_PROTOCOL_ERROR = 0x101
PIECE = 65536  # bytes of content that QUIC is handed at once
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
            context.connection_options, prepared.host, prepared.port, ALPN, context.recorder, context.deadline, context.note,
            files=request, continues_log=context.follows, limit=limit, early=begun,
        )  # fmt: skip
        quic.begun = begun
        context.note_trust(context.connection_options)
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
        recorder.timeline.count_in_vain()
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
    authority = first(prepared.fields, "host") or ""
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


class H3Stream(ClientStream):
    """A request and its answer on a connection of their own."""

    def __init__(self, quic: FrameQuic) -> None:
        early = quic.begun if quic.begun and quic.begun.client else None
        self._quic = quic
        self._client = (early and early.client) or Http3Client()
        self.notes = self._client.notes
        self._is_early = early is not None
        self._number, self._control = (early.stream, early.control) if early else (quic.open(), quic.open(one_way=True))
        self._held_back = bytearray()  # content that QUIC has not been handed yet
        self._ending = False  # it is the last, and its end was not handed on yet
        self._arrived: list[StreamChunk] = []
        self._stopped = False  # the server wants no more of the request
        self._ended = False
        self._lost = False  # the connection is

    # --- the request

    def as_sent(self, prepared: PreparedRequest) -> PreparedRequest:
        return without_connection(prepared, VERSION)

    def send_head(self, prepared: PreparedRequest, *, end: bool) -> None:
        if not self._is_early:
            self._quic.put(self._control, self._client.greeting())
            self._quic.put(self._number, _head_of(prepared, self._client), end=end)
            return
        timeline, at = self._quic.recorder.timeline, now()  # it is on its way: what is left of `send` is nothing
        timeline.writing(at)
        timeline.wrote(at)
        timeline.reading(at)
        if self._quic.arrived:  # the answer has come with the end of the handshake
            timeline.read(at)

    def send_data(self, data: bytes, *, end: bool) -> None:
        self._held_back += data
        self._ending = end
        self._hand_on()

    def _hand_on(self) -> None:
        """Give QUIC the next piece of content, once there is little left of those before."""
        if (self._held_back or self._ending) and self._quic.unsent(self._number) < PIECE:
            piece = bytes(self._held_back[:PIECE])
            del self._held_back[:PIECE]
            end = self._ending and not self._held_back
            self._ending = self._ending and not end
            self._quic.put(self._number, self._client.content(piece), end=end)

    @property
    def unsent(self) -> int:
        return 0 if self._is_early else len(self._held_back) + self._ending + self._quic.unsent(self._number)

    @property
    def stopped(self) -> bool:
        return self._stopped or self._ended

    def cancel(self) -> None:
        self._held_back.clear()
        self._ending = False
        self._quic.reset(self._number, REQUEST_CANCELLED)

    # --- the answer

    @property
    def framing(self) -> str | None:
        return self._client.framing

    def wait(self, until: Deadline | None = None) -> Iterable[Event]:
        quic, timeline = self._quic, self._quic.recorder.timeline
        if self.unsent:
            if self.framing is None:
                timeline.resume_sending()
            self._hand_on()
            quic.flush()
            if not self.unsent:
                return ()
        quic.sending = self.unsent > 0
        try:
            self._arrived += quic.receive(until)
        except ExchangeError as error:
            if error.kind == "timeout":
                if quic.sending:  # it is room to send that was waited for
                    timeline.resume_sending()
                raise
            self._client.failure, self._lost = self._client.why_closed(error), True
        return ()

    def events(self) -> Iterator[list[CodecEvent]]:
        arrived, self._arrived = self._arrived, []
        for chunk in arrived:
            if self._ended:
                return
            if chunk.stop is not None:
                self._stopped = self._stopped or chunk.stream == self._number
            elif chunk.stream != self._number:
                self._take_other(chunk)
            elif chunk.reset is not None:
                self._client.failure = self._client.why_reset(chunk.reset)
            else:
                yield from self._take(chunk)
            if self._client.failure:
                raise self._client.failure
        if self._lost:
            yield self._client.eof()

    def _take(self, chunk: StreamChunk) -> Iterator[list[CodecEvent]]:
        """What came on the request's stream."""
        try:
            if chunk.data:
                yield self._client.feed(chunk.data)
        except ExchangeError:
            yield self._client.salvaged
            raise
        if chunk.end:
            yield self._client.eof()
            self._ended = True

    def _take_other(self, chunk: StreamChunk) -> None:
        """What came on a stream of the server's own; a failure there ends the answer too."""
        try:
            if chunk.reset is not None:
                self._client.reset_other(chunk.stream, chunk.reset)
            else:
                self._client.feed_other(chunk.stream, chunk.data, end=chunk.end)
        except ExchangeError as error:
            self._client.failure = error

    def measured(self) -> dict[str, Any]:
        return {"quic": self._quic.stats()}
