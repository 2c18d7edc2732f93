"""One of many exchanges: over the connection that an earlier one has left (RFC 9112 section 9.3), or shares (RFC 9113 section 5).

Loaded only for a series. A connection of HTTP/1.1 goes from exchange to exchange; one of HTTP/2 carries as many at once as the
server allows, each a stream stepped by the thread that pumps the connection.
"""

from __future__ import annotations

from rrcli.adapters.http import speak
from rrcli.adapters.http.answer import Reception
from rrcli.adapters.http.told import sent
from rrcli.adapters.http.version1 import CONTINUE_WAIT, Talk
from rrcli.codec.h1 import ResponseDecoder
from rrcli.errors import ExchangeError, usage
from rrcli.events import Waiting
from rrcli.wire.clock import Deadline, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.adapters.http.answer import Leads
    from rrcli.adapters.http.multiplex import Channel, Session
    from rrcli.adapters.http.request import HttpRequest
    from rrcli.adapters.http.words import Asked
    from rrcli.context import Context
    from rrcli.registry import Event
    from rrcli.wire.pool import Awaited
    from rrcli.wire.stream import Stream

DELIMITED = ("content-length", "chunked", "none")  # framings after which another answer can follow


class Way:
    """How one exchange of a series goes: what is asked, and where its answer leads."""

    def __init__(self, request: HttpRequest, asked: Asked, leads: Leads) -> None:
        self.request = request
        self.asked = asked
        self.leads = leads

    @property
    def place(self) -> tuple[str, str, int]:
        return self.asked.scheme, self.asked.host, self.asked.port


def converse(way: Way, context: Context, alpn: tuple[str, ...]) -> Iterator[Event]:
    """Send the request over what is open already, else over a new connection that is left open."""
    assert context.pool
    request, asked = way.request, way.asked
    if request.limit_rate:
        raise usage("--limit-rate is for one download, not for a series", "--rate limits how many exchanges begin in a second")
    if asked.upload and asked.upload.path == "-":
        raise usage("standard input can be uploaded once, not for each exchange of a series", "put it into a file")
    session = context.pool.session(way.place)
    if session is None:
        stream = context.connect(asked.host, asked.port, tls=asked.scheme == "https", alpn=alpn)
        chosen = context.trace.tls.alpn if context.trace.tls else None
        if chosen != "h2" and not request.http2_prior_knowledge:
            yield from _alone(way, context, stream, chosen)
            return
        begin = now()
        from rrcli.adapters.http.multiplex import Session

        context.trace.timeline.origin_ns += now() - begin  # loading it is no time of the exchange
        session = Session(stream)
        context.pool.share(way.place, session)
    yield from _shared(way, context, session)  # type: ignore[arg-type]  # nobody else shares one under such a place


# --- HTTP/1


def _alone(way: Way, context: Context, stream: Stream, chosen: str | None) -> Iterator[Event]:
    """The exchange over a connection that is its own as long as it lasts."""
    asked, reusable = way.asked, False
    try:
        if way.request.http2 and asked.scheme == "https":
            from rrcli.adapters.http.version2 import choose_failure

            raise choose_failure(chosen)
        begin = now()
        yield Waiting()
        if not context.trace.reused:
            context.trace.timeline.origin_ns += now() - begin  # the others were begun meanwhile
        decoder = ResponseDecoder(asked.method)
        reception = Reception(asked, context, decoder, way.leads)
        yield from speak(Talk(stream, reception), reception, asked, asked)
        reusable = _persists(asked, reception, decoder)
    finally:
        if reusable:
            context.keep(stream)
        else:
            stream.close()


def _persists(asked: Asked, reception: Reception, decoder: ResponseDecoder) -> bool:
    """Whether both sides leave the connection open, and it stands where another answer begins (RFC 9112 section 9.3)."""
    answer = reception.answer
    assert answer
    said = ",".join(value for name, value in answer.fields if name.lower() == "connection").lower()
    options = {word.strip() for word in f"{said},{asked.field('connection')}".split(",")}
    oldest = "HTTP/1.0" in (asked.version, answer.data.get("version"))
    if "close" in options or (oldest and "keep-alive" not in said):
        return False
    odd = any(note.code == "bytes-after-end" for note in decoder.notes)
    refused = reception.refused and bool(asked.upload or asked.awaits_continue)  # perhaps not all of the content was sent
    return decoder.framing in DELIMITED and not odd and not refused


# --- HTTP/2


def _shared(way: Way, context: Context, session: Session) -> Iterator[Event]:
    """The exchange as a stream among others."""
    from rrcli.adapters.http.version2 import as_sent, note_dropped

    asked = way.asked
    note_dropped(asked, context)
    yield sent(as_sent(asked))
    while not session.has_room:
        if not session.takes_more:
            context.trace.reused = True
            raise ExchangeError("transport", "refused", f"the connection takes no more requests: {session.why}")
        yield from _wait(session.room, context.deadline)
    channel = session.open(asked, context)
    reception = Reception(asked, context, channel, way.leads)
    try:
        if asked.content or asked.upload:
            yield from _send_content(asked, channel, reception, context)
            if asked.upload:
                yield sent(as_sent(asked))
        while not reception.ended:
            yield from _more(channel, reception, context.deadline)
    finally:
        reception.tell_notes()
        channel.close()


def _wait(on: Awaited, deadline: Deadline) -> Iterator[Event]:
    """Let the others go on until `on` is ready. Raises the time-out at the deadline."""
    yield Waiting(on=on, until=deadline)
    if deadline.passed() and not on.ready:
        deadline.expire()


def _more(channel: Channel, reception: Reception, deadline: Deadline) -> Iterator[Event]:
    """Wait for something of the answer, and take it."""
    yield from _wait(channel, deadline)
    yield from reception.feed(b"")


def _send_content(asked: Asked, channel: Channel, reception: Reception, context: Context) -> Iterator[Event]:
    """Send the content as the windows allow; an answer from 300 on ends the sending (RFC 9113 section 8.1)."""
    if asked.awaits_continue:
        yield from _await_continue(channel, reception, context)
    if asked.content is not None:
        whole = yield from _send_piece(channel, reception, context, asked.content, end=True)
    else:
        assert asked.upload
        for piece in asked.upload.pieces(chunked=False, deadline=context.deadline):
            if not (whole := (yield from _send_piece(channel, reception, context, piece, end=False))):
                break
        else:
            whole = yield from _send_piece(channel, reception, context, b"", end=True)
    if not whole and reception.answer is not None:
        reception.upload_stopped()
        channel.cancel()


def _send_piece(channel: Channel, reception: Reception, context: Context, data: bytes, *, end: bool) -> Generator[Event, None, bool]:
    """Send a piece of content; false when an answer made it pointless before all of it had left."""
    if reception.refused or reception.ended:
        return False
    channel.send(data, end=end)
    while channel.unsent and not (reception.refused or reception.ended):
        yield from _more(channel, reception, context.deadline)
    return not channel.unsent


def _await_continue(channel: Channel, reception: Reception, context: Context) -> Iterator[Event]:
    """Hold the content back until a 100 or a final answer, but not for longer than a second (RFC 9110 section 10.1.1)."""
    until = Deadline.after(CONTINUE_WAIT, "").sooner(context.deadline)
    while reception.answer is None and not reception.may_continue and not until.passed():
        yield Waiting(on=channel, until=until)
        yield from reception.feed(b"")
    if reception.answer is not None:  # the wait for it was part of the sending (contract, section 3)
        context.trace.timeline.count_wait_as_send()
