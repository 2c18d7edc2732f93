"""One HTTP/2 connection that many exchanges share, each on a stream of its own (RFC 9113 section 5).

    session = Session(stream)                  # an open connection
    channel = session.open(asked, context)     # while `session.has_room`
    ... session.pump() when its descriptor is ready; `channel.ready` then says whether its exchange can go on
    reception.feed(b"")                        # takes what came for the channel
    channel.close()

Nothing here waits. Every exchange has the times of its own frames: `send` until the write that took its last one out, `wait` until
the read that brought its first one in. A stream that fails harms no other; the connection's end is the end of all on it.
"""

from __future__ import annotations

from select import POLLIN, POLLOUT

from rrcli.base.deadline import now
from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h2 import Http2Client
from rrcli.wire.recorder import Recorder
from rrcli.wire.stream import CHUNK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.codec.http.h1 import Event as CodecEvent
    from rrcli.engine.context import Context
    from rrcli.model.values import Note
    from rrcli.wire.stream import Stream

READS = 16  # in a row, so that a peer that always has more does not keep the others from going on
PROMPT = 4 * CHUNK  # bytes that are offered to the link at once


class Room:
    """Awaited by exchanges for which the server allows no stream yet."""

    def __init__(self, session: H2Session) -> None:
        self.session = session

    @property
    def ready(self) -> bool:
        return self.session.has_room or not self.session.takes_more


class H2Session:
    """The connection: what goes out for all of its streams, and what comes in for each."""

    def __init__(self, stream: Stream) -> None:
        self.room = Room(self)
        self._recorder, first = Recorder(), stream.recorder
        stream.re_record(self._recorder)  # what is no stream's: settings, pings, windows
        self._names = first.local, first.peer, first.proxy, first.tls
        self._stream = stream
        self._link = stream.link
        self._client = Http2Client()
        self._channels: dict[int, Channel] = {}
        self._sending: list[Channel] = []  # have something in `_out` or in the link
        self._out = b""
        self._failure: ExchangeError | None = None  # of the connection
        self._used = False
        self.has_more = False  # a read was cut short: TLS may hold what the descriptor no longer tells of

    @property
    def why(self) -> str:
        """Why it takes no more requests."""
        return self._client.goaway or (self._failure.message if self._failure else "it is closed")

    @property
    def takes_more(self) -> bool:
        return not (self._failure or self._client.goaway)

    @property
    def has_room(self) -> bool:
        """Whether a stream may begin now. The second waits for the server's SETTINGS, which say how many it allows."""
        return self.takes_more and (not self._used or self._client.has_room)

    def fileno(self) -> int:
        return self._link.fileno()

    def interests(self) -> int:
        return POLLIN | POLLOUT if self._out or self._link.pending else POLLIN

    def open(self, prepared: PreparedRequest, context: Context) -> Channel:
        """Begin a request. Raises `usage` for one that HTTP/2 cannot carry."""
        recorder = context.recorder
        if self._used:
            recorder.local, recorder.peer, recorder.proxy, recorder.tls = self._names
            recorder.reused = True
        self._used = True
        authority = next((value for name, value in prepared.fields if name.lower() == "host"), "")
        empty = not (prepared.content or prepared.upload)
        self._gather()
        recorder.timeline.writing(now())
        number = self._client.request(prepared.method, prepared.scheme, authority, prepared.target, prepared.fields, end=empty)
        channel = self._channels[number] = Channel(self, number, recorder, whole=empty)
        channel.notes = self._client.notes
        recorder.bytes_sent += self._gather()
        self._sending.append(channel)
        self._write()
        return channel

    def send(self, channel: Channel, data: bytes, *, end: bool) -> int:
        """Send content of a request; how many bytes wait for the server to open its windows."""
        channel.recorder.bytes_sent += len(data)
        left = self._client.send(data, end=end, stream=channel.number)
        channel.whole = end and not left
        if channel not in self._sending:
            self._sending.append(channel)
        self._write()
        return left

    def pump(self) -> None:
        """Take in what has come and let out what may go."""
        self._write()
        self.has_more = not self._failure
        for _ in range(READS if self.has_more else 0):
            try:
                data = self._link.recv(CHUNK)
            except ExchangeError as error:
                self._break(error)
                return
            if data is None:
                self.has_more = False
                break
            if not self._take(data):
                return
        self._write()

    def leave(self, channel: Channel, *, ended: bool) -> None:
        """The exchange of this channel is over; what it has not got it does not want (RFC 9113 section 8.1)."""
        number = channel.number
        channel.recorder.bytes_received += self._client.octets(number)
        if not ended and not self._failure:
            self._client.cancel(number)
            self._write()
        self._client.forget(number)
        self._channels.pop(number, None)
        if channel in self._sending:
            self._sending.remove(channel)
        if not (self._channels or self.takes_more):
            self._stream.close()

    def cancel(self, number: int) -> None:
        self._client.cancel(number)
        self._write()

    def framing_of(self, number: int) -> str | None:
        return self._client.framing_of(number)

    def unsent(self, number: int) -> int:
        return self._client.send(b"", stream=number)

    def close(self) -> None:
        """Say goodbye, as far as that goes out at once."""
        if not self._failure:
            self._client.close()
            self._write()
        self._stream.close()

    def _gather(self) -> int:
        """Put the client's frames behind what has to go out; how many bytes they are."""
        data = self._client.to_send()
        self._out += data
        return len(data)

    def _write(self) -> None:
        """Write what the link takes now, and stamp it for those whose frames may be in it."""
        if self._failure:
            return
        self._gather()
        wrote = False
        try:
            while self._out or self._link.pending:
                taken = self._link.send(memoryview(self._out[:PROMPT])) if self._out else 0
                self._out = self._out[taken:]
                wrote = wrote or taken > 0
                if self._link.pending:
                    self._link.flush()
                if not taken or self._link.pending:
                    break
        except ExchangeError as error:
            self._break(error)
            return
        if wrote:
            self._stamp(now(), last=not (self._out or self._link.pending))

    def _stamp(self, at_ns: int, *, last: bool) -> None:
        """Bytes went out; with `last` all that there were."""
        for channel in self._sending:
            channel.recorder.wrote = True
            channel.recorder.timeline.wrote(at_ns)
            if last and channel.whole:
                channel.recorder.timeline.reading(at_ns)
        if last:
            self._sending = [channel for channel in self._sending if not channel.whole]

    def _take(self, data: bytes) -> bool:
        """Hand what came to the streams it is for; false when that was the end of the connection."""
        at_ns = now()
        if not data:
            self._break(None)
            return False
        for number, event in self._client.take(data):
            if number == 0 and isinstance(event, ExchangeError):
                self._write()  # the peer is told why
                self._break(event)
                return False
            if channel := self._channels.get(number):
                channel.take(event, at_ns)
        for channel in self._sending:  # windows may have opened
            channel.whole = channel.whole or (channel.ending and not self.unsent(channel.number))
        return True

    def _break(self, error: ExchangeError | None) -> None:
        """The connection is over, by an error or by the peer's end: so is every stream on it."""
        said = f"; it had said {self._client.goaway}" if self._client.goaway else ""
        self.has_more = False
        self._failure = error or ExchangeError("transport", "closed", f"the peer closed the connection{said}")
        for channel in self._channels.values():
            if error is None and channel.framing:
                channel.end(self._client)
            else:
                channel.fail(self._failure)


class Channel:
    """One request of a session, and for its answer what a codec is."""

    transfer_codings = ()  # which HTTP/1 alone has

    def __init__(self, session: H2Session, number: int, recorder: Recorder, *, whole: bool) -> None:
        self.notes: list[Note] = []
        self.salvaged: list[CodecEvent] = []
        self.session = session
        self.number = number
        self.recorder = recorder
        self.whole = whole  # the request is out, or in what goes out
        self.ending = whole
        self.received = 0
        self._events: list[CodecEvent] = []
        self._failure: ExchangeError | None = None
        self._ended = False
        self._sends = False

    @property
    def ready(self) -> bool:
        return bool(self._events) or self._failure is not None or (self._sends and not self.unsent)

    @property
    def framing(self) -> str | None:
        return self.session.framing_of(self.number)

    @property
    def unsent(self) -> int:
        """Bytes of content that wait for room in the server's windows."""
        return 0 if self._failure else self.session.unsent(self.number)

    def send(self, data: bytes, *, end: bool) -> None:
        """Send content, as the windows allow."""
        self.ending = end
        self._sends = self.session.send(self, data, end=end) > 0

    def cancel(self) -> None:
        """Want nothing more of it."""
        self.session.cancel(self.number)

    def take(self, event: CodecEvent | ExchangeError, at_ns: int) -> None:
        """What came in for it."""
        if isinstance(event, ExchangeError):
            self.fail(event)
            return
        from rrcli.codec.http.h1 import Data, End

        if isinstance(event, Data):
            self.received += len(event.data)
        self._ended = self._ended or isinstance(event, End)
        self.recorder.answered = True
        self.recorder.timeline.read(at_ns)
        self._events.append(event)

    def end(self, client: Http2Client) -> None:
        """The peer will send no more."""
        try:
            for event in client.eof(self.number):
                self.take(event, now())
        except ExchangeError as error:
            self.fail(error)

    def fail(self, error: ExchangeError) -> None:
        """Its answer breaks off; the error is this exchange's own, because the runner puts its phase into it."""
        if self._failure is None and not self._ended:
            self._failure = ExchangeError(error.layer, error.kind, error.message, hint=error.hint)

    def feed(self, data: bytes) -> list[CodecEvent]:  # noqa: ARG002  # as codecs have it
        """The events that have come, `data` being none of its business. Raises what broke the answer off."""
        events, self._events = self._events, []
        self._sends = self._sends and self.unsent > 0
        if self._failure:
            self.salvaged = events
            raise self._failure
        return events

    def eof(self) -> list[CodecEvent]:
        """The end of the connection is told by `feed`."""
        return []

    def close(self) -> None:
        self.session.leave(self, ended=self._ended)
