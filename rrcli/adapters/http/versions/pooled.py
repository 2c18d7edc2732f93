"""One of many exchanges: over the connection that an earlier one has left (RFC 9112 section 9.3), or shares (RFC 9113 section 5).

Loaded only for a series. A connection of HTTP/1.1 goes from exchange to exchange; one of HTTP/2 carries as many at once as the
server allows, each a stream stepped by the thread that pumps the connection.
"""

from __future__ import annotations

from rrcli.adapters.http.versions.http1 import Http1Stream, head_of
from rrcli.adapters.http.versions.response import ResponseReader, media_type_of, note_dropped, sent
from rrcli.adapters.http.versions.stream import send_request
from rrcli.base.deadline import now
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.fields import all_of, is_json_lines
from rrcli.codec.http.h1 import End, Head, ResponseDecoder, Trailers
from rrcli.engine.events import Blocked
from rrcli.model.values import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.adapters.http.versions.h2shared import RepeatedH2Stream, SharedH2Session
    from rrcli.adapters.http.versions.response import Leads
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream

MEANINGFUL = ("content-encoding", "content-range", "upgrade")  # fields that an answer has to be looked at for
DELIMITED = ("content-length", "chunked", "none")  # framings after which another answer can follow


class PooledExchange:
    """One exchange of a series: what is asked, and where its answer leads."""

    def __init__(self, request: AnyHttpRequest, prepared: PreparedRequest, leads: Leads, *, keeps_state: bool = False) -> None:
        self.request = request
        self.prepared = prepared
        self.leads = leads
        self._keeps_state = keeps_state  # cookies: what is sent depends on the answers before

    @property
    def is_constant(self) -> bool:
        """Whether each exchange of a series sends the same bytes at once, and goes by nothing but its answer's."""
        request, prepared = self.request, self.prepared
        varies = (
            request.request_id is not None, request.traceparent is not None, request.idempotency_key is not None, request.digest,
            request.aws_sigv4, request.idle_timeout, prepared.upload, prepared.awaits_continue, prepared.chunked, prepared.bare,
            self._keeps_state,
        )  # fmt: skip
        return not any(varies)

    @property
    def place(self) -> tuple[str, str, int]:
        """What connections are shared by."""
        return self.prepared.scheme, self.prepared.host, self.prepared.port


def exchange_pooled(exchange: PooledExchange, context: Context, alpn: tuple[str, ...]) -> Iterator[Event]:
    """Send the request over what is open already, else over a new connection that is left open."""
    assert context.pool
    request, prepared = exchange.request, exchange.prepared
    if request.limit_rate:
        raise usage("--limit-rate is for one download, not for a series", "--rate limits how many exchanges begin in a second")
    if prepared.upload and prepared.upload.path == "-":
        raise usage("standard input can be uploaded once, not for each exchange of a series", "put it into a file")
    begun: RepeatedH2Stream | None = context.shared_begun()
    session = begun.session if begun else context.session(exchange.place)
    if session is None:
        connection = context.connect(prepared.host, prepared.port, tls=prepared.scheme == "https", alpn=alpn)
        chosen = context.recorder.tls.alpn if context.recorder.tls else None
        if chosen != "h2" and not request.http2_prior_knowledge:
            yield from _alone(exchange, context, connection, chosen)
            return
        begin = now()
        from rrcli.adapters.http.versions.h2shared import SharedH2Session

        context.recorder.timeline.origin_ns += now() - begin  # loading it is no time of the exchange
        session = SharedH2Session(connection)
        context.share(exchange.place, session)
    yield from _shared(exchange, context, session, begun)  # nobody else shares one under such a place


# --- HTTP/1


def _alone(exchange: PooledExchange, context: Context, connection: Stream, chosen: str | None) -> Iterator[Event]:
    """The exchange over a connection that is its own as long as it lasts."""
    prepared, reusable = exchange.prepared, False
    try:
        if exchange.request.http2 and prepared.scheme == "https":
            from rrcli.adapters.http.versions.http2 import choose_failure

            raise choose_failure(chosen)
        begin = now()
        yield Blocked()
        if not context.recorder.reused:
            context.recorder.timeline.origin_ns += now() - begin  # the others were begun meanwhile
        if exchange.is_constant:
            follows = exchange.request.location or exchange.request.location_trusted
            asked = head_of(prepared) + (prepared.content or b"")
            context.repeats(asked, lambda data: read_success(prepared.method, data, follows=follows))
        stream = Http1Stream(connection, prepared.method)
        reader = ResponseReader(prepared, context, stream, exchange.leads)
        yield from send_request(stream, prepared, reader, context)
        reusable = persists(prepared, reader, stream)
    finally:
        if reusable:
            context.keep(connection)
        else:
            connection.close()


def read_success(method: str, data: bytes, *, follows: bool) -> Status | None:
    """The status of an answer that is whole, good and has nothing odd about it, behind which another can follow; else `None`."""
    decoder = ResponseDecoder(method)
    try:
        events = decoder.feed(data)
    except ExchangeError:
        return None
    if not events or decoder.notes or decoder.framing not in DELIMITED or type(events[0]) is not Head or type(events[-1]) is not End:
        return None
    head = events[0]
    if events[-1].leftover or head.version != "HTTP/1.1" or head.code >= (300 if follows else 400) or Trailers in map(type, events):
        return None
    for name, value in head.fields:
        lower = name.lower()
        if lower in MEANINGFUL or (lower == "connection" and value.lower() != "keep-alive"):
            return None
    media_type = media_type_of(head.fields)[0]
    return None if is_json_lines(media_type) else Status(code=head.code, text=head.reason)


def persists(prepared: PreparedRequest, reader: ResponseReader, stream: Http1Stream) -> bool:
    """Whether both sides leave the connection open, and it stands where another answer begins (RFC 9112 section 9.3)."""
    answer = reader.answer
    assert answer
    said = ",".join(all_of(answer.fields, "connection")).lower()
    options = {word.strip() for word in f"{said},{prepared.field('connection')}".split(",")}
    oldest = "HTTP/1.0" in (prepared.version, answer.data.get("version"))
    if "close" in options or (oldest and "keep-alive" not in said):
        return False
    odd = any(note.code == "bytes-after-end" for note in stream.notes)
    return stream.framing in DELIMITED and not odd and not stream.cancelled


# --- HTTP/2


def _shared(exchange: PooledExchange, context: Context, session: SharedH2Session, begun: RepeatedH2Stream | None) -> Iterator[Event]:
    """The exchange as a stream among others."""
    from rrcli.adapters.http.versions.h2shared import wait_for

    prepared = exchange.prepared
    stream = begun or session.open(context)
    note_dropped(prepared, "HTTP/2", context)
    yield sent(stream.as_sent(prepared))
    while not (begun or session.has_room):
        if not session.takes_more:
            context.recorder.reused = True
            raise ExchangeError("transport", "refused", f"the connection takes no more requests: {session.why}")
        yield from wait_for(session.slot, context.deadline)
    reader = ResponseReader(prepared, context, stream, exchange.leads)
    try:
        yield from send_request(stream, prepared, reader, context)
        if exchange.is_constant and not reader.refused and (answer := stream.answer()) is not None:
            context.repeats_shared(exchange.place, prepared, answer)
    finally:
        session.leave(stream)
