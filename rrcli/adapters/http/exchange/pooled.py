"""One of many exchanges: over the connection that an earlier one has left (RFC 9112 section 9.3), or shares (RFC 9113 section 5).

Loaded only for a series. A connection of HTTP/1.1 goes from exchange to exchange; one of HTTP/2 carries as many at once as the
server allows, each a stream stepped by the thread that pumps the connection.
"""

from __future__ import annotations

from rrcli.adapters.http.exchange.describe import sent
from rrcli.adapters.http.exchange.http1 import CONTINUE_WAIT, Talk
from rrcli.adapters.http.exchange.response import ResponseReader
from rrcli.adapters.http.hop import speak
from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, usage
from rrcli.codec.http.h1 import ResponseDecoder
from rrcli.engine.events import Blocked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.adapters.http.exchange.h2session import Channel, H2Session
    from rrcli.adapters.http.exchange.response import Leads
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.pool import Awaited
    from rrcli.wire.stream import Stream

DELIMITED = ("content-length", "chunked", "none")  # framings after which another answer can follow


class Way:
    """How one exchange of a series goes: what is asked, and where its answer leads."""

    def __init__(self, request: AnyHttpRequest, prepared: PreparedRequest, leads: Leads) -> None:
        self.request = request
        self.prepared = prepared
        self.leads = leads

    @property
    def place(self) -> tuple[str, str, int]:
        return self.prepared.scheme, self.prepared.host, self.prepared.port


def converse(way: Way, context: Context, alpn: tuple[str, ...]) -> Iterator[Event]:
    """Send the request over what is open already, else over a new connection that is left open."""
    assert context.pool
    request, prepared = way.request, way.prepared
    if request.limit_rate:
        raise usage("--limit-rate is for one download, not for a series", "--rate limits how many exchanges begin in a second")
    if prepared.upload and prepared.upload.path == "-":
        raise usage("standard input can be uploaded once, not for each exchange of a series", "put it into a file")
    session = context.pool.session(way.place)
    if session is None:
        stream = context.connect(prepared.host, prepared.port, tls=prepared.scheme == "https", alpn=alpn)
        chosen = context.recorder.tls.alpn if context.recorder.tls else None
        if chosen != "h2" and not request.http2_prior_knowledge:
            yield from _alone(way, context, stream, chosen)
            return
        begin = now()
        from rrcli.adapters.http.exchange.h2session import H2Session

        context.recorder.timeline.origin_ns += now() - begin  # loading it is no time of the exchange
        session = H2Session(stream)
        context.pool.share(way.place, session)
    yield from _shared(way, context, session)  # type: ignore[arg-type]  # nobody else shares one under such a place


# --- HTTP/1


def _alone(way: Way, context: Context, stream: Stream, chosen: str | None) -> Iterator[Event]:
    """The exchange over a connection that is its own as long as it lasts."""
    prepared, reusable = way.prepared, False
    try:
        if way.request.http2 and prepared.scheme == "https":
            from rrcli.adapters.http.exchange.http2 import choose_failure

            raise choose_failure(chosen)
        begin = now()
        yield Blocked()
        if not context.recorder.reused:
            context.recorder.timeline.origin_ns += now() - begin  # the others were begun meanwhile
        decoder = ResponseDecoder(prepared.method)
        reception = ResponseReader(prepared, context, decoder, way.leads)
        yield from speak(Talk(stream, reception), reception, prepared, prepared)
        reusable = _persists(prepared, reception, decoder)
    finally:
        if reusable:
            context.keep(stream)
        else:
            stream.close()


def _persists(prepared: PreparedRequest, reception: ResponseReader, decoder: ResponseDecoder) -> bool:
    """Whether both sides leave the connection open, and it stands where another answer begins (RFC 9112 section 9.3)."""
    answer = reception.answer
    assert answer
    said = ",".join(value for name, value in answer.fields if name.lower() == "connection").lower()
    options = {word.strip() for word in f"{said},{prepared.field('connection')}".split(",")}
    oldest = "HTTP/1.0" in (prepared.version, answer.data.get("version"))
    if "close" in options or (oldest and "keep-alive" not in said):
        return False
    odd = any(note.code == "bytes-after-end" for note in decoder.notes)
    refused = reception.refused and bool(prepared.upload or prepared.awaits_continue)  # perhaps not all of the content was sent
    return decoder.framing in DELIMITED and not odd and not refused


# --- HTTP/2


def _shared(way: Way, context: Context, session: H2Session) -> Iterator[Event]:
    """The exchange as a stream among others."""
    from rrcli.adapters.http.exchange.http2 import as_sent, note_dropped

    prepared = way.prepared
    note_dropped(prepared, context)
    yield sent(as_sent(prepared))
    while not session.has_room:
        if not session.takes_more:
            context.recorder.reused = True
            raise ExchangeError("transport", "refused", f"the connection takes no more requests: {session.why}")
        yield from _wait(session.room, context.deadline)
    channel = session.open(prepared, context)
    reception = ResponseReader(prepared, context, channel, way.leads)
    try:
        if prepared.content or prepared.upload:
            yield from _send_content(prepared, channel, reception, context)
            if prepared.upload:
                yield sent(as_sent(prepared))
        while not reception.ended:
            yield from _more(channel, reception, context.deadline)
    finally:
        reception.tell_notes()
        channel.close()


def _wait(on: Awaited, deadline: Deadline) -> Iterator[Event]:
    """Let the others go on until `on` is ready. Raises the time-out at the deadline."""
    yield Blocked(on=on, until=deadline)
    if deadline.passed() and not on.ready:
        deadline.expire()


def _more(channel: Channel, reception: ResponseReader, deadline: Deadline) -> Iterator[Event]:
    """Wait for something of the answer, and take it."""
    yield from _wait(channel, deadline)
    yield from reception.feed(b"")


def _send_content(prepared: PreparedRequest, channel: Channel, reception: ResponseReader, context: Context) -> Iterator[Event]:
    """Send the content as the windows allow; an answer from 300 on ends the sending (RFC 9113 section 8.1)."""
    if prepared.awaits_continue:
        yield from _await_continue(channel, reception, context)
    if prepared.content is not None:
        whole = yield from _send_piece(channel, reception, context, prepared.content, end=True)
    else:
        assert prepared.upload
        for piece in prepared.upload.pieces(chunked=False, deadline=context.deadline):
            if not (whole := (yield from _send_piece(channel, reception, context, piece, end=False))):
                break
        else:
            whole = yield from _send_piece(channel, reception, context, b"", end=True)
    if not whole and reception.answer is not None:
        reception.upload_stopped()
        channel.cancel()


def _send_piece(channel: Channel, reception: ResponseReader, context: Context, data: bytes, *, end: bool) -> Generator[Event, None, bool]:
    """Send a piece of content; false when an answer made it pointless before all of it had left."""
    if reception.refused or reception.ended:
        return False
    channel.send(data, end=end)
    while channel.unsent and not (reception.refused or reception.ended):
        yield from _more(channel, reception, context.deadline)
    return not channel.unsent


def _await_continue(channel: Channel, reception: ResponseReader, context: Context) -> Iterator[Event]:
    """Hold the content back until a 100 or a final answer, but not for longer than a second (RFC 9110 section 10.1.1)."""
    until = Deadline.after(CONTINUE_WAIT, "").sooner(context.deadline)
    while reception.answer is None and not reception.may_continue and not until.passed():
        yield Blocked(on=channel, until=until)
        yield from reception.feed(b"")
    if reception.answer is not None:  # the wait for it was part of the sending (contract, section 3)
        context.recorder.timeline.count_wait_as_send()
