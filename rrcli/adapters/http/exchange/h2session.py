"""An HTTP/2 connection and the streams on it, here the one of a single exchange (RFC 9113 section 5).

    session = H2Session(connection)
    stream = session.open(context)             # a `ClientStream`

`h2shared.py` has the connection that many exchanges use at the same time.
"""

from __future__ import annotations

from rrcli.adapters.http.exchange.describe import without_connection
from rrcli.adapters.http.exchange.stream import ClientStream
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import first
from rrcli.codec.http.h1 import End
from rrcli.codec.http.h2 import VERSION, Http2Client
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.base.deadline import Deadline
    from rrcli.codec.http.h1 import Event as CodecEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream


class H2Stream(ClientStream):
    """One request of a session and its answer."""

    def __init__(self, session: H2Session, context: Context) -> None:
        self.notes: list[Note] = []
        self.session = session
        self.recorder = context.recorder
        self.number = 0  # none yet
        self.held_back = 0  # bytes of content for which the server's windows have no room
        self.ending = False  # nothing will be added to the request
        self.whole = False  # it is written, or on a shared connection in what will be
        self.ended = False  # the answer is whole
        self._events: list[CodecEvent] = []
        self._failure: ExchangeError | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more of an answer is expected."""
        return self.ended or self._failure is not None

    # --- the request

    def as_sent(self, prepared: PreparedRequest) -> PreparedRequest:
        return without_connection(prepared, VERSION)

    def send_head(self, prepared: PreparedRequest, *, end: bool) -> None:
        self.session.send_head(self, prepared, end=end)

    def send_data(self, data: bytes, *, end: bool) -> None:
        self.ending = end
        self.session.send_data(self, data, end=end)

    @property
    def unsent(self) -> int:
        return 0 if self.whole else self.held_back + self.session.unwritten

    @property
    def stopped(self) -> bool:
        return self.over or self.session.is_deaf

    def cancel(self) -> None:
        self.whole = True
        self.session.cancel(self)

    # --- the answer

    @property
    def framing(self) -> str | None:
        return self.session.framing_of(self.number)

    def wait(self, until: Deadline | None = None) -> Iterable[Event]:
        return self.session.wait(self, until)

    def events(self) -> Iterator[list[CodecEvent]]:
        found, self._events = self._events, []
        if found:
            yield found
        if self._failure:
            raise self._failure

    def take(self, event: CodecEvent | ExchangeError) -> None:
        """What came in for it."""
        if isinstance(event, ExchangeError):
            self.fail(event)
            return
        self.ended = self.ended or isinstance(event, End)
        self._events.append(event)

    def fail(self, error: ExchangeError) -> None:
        """Its answer breaks off; the error is this exchange's own, because the runner puts its phase into it."""
        if self.ended:
            if error.layer == "protocol" and all(note.code != "bytes-after-end" for note in self.notes):
                message = f"after the end of the answer came what breaks the connection: {error.message}"
                self.notes.append(Note(code="bytes-after-end", message=message))
        elif self._failure is None:
            self._failure = ExchangeError(error.layer, error.kind, error.message, hint=error.hint)


class H2Session:
    """A connection with one exchange on it, which waits under the exchange's own deadline and is written down as a part of it."""

    def __init__(self, connection: Stream) -> None:
        self._connection = connection
        self._client = Http2Client()
        self._streams: dict[int, H2Stream] = {}
        self._out: bytes | memoryview = b""

    def open(self, context: Context) -> H2Stream:
        """The stream of a new exchange. It has its number once its head is sent."""
        return H2Stream(self, context)

    # --- what streams are made of

    def send_head(self, stream: H2Stream, prepared: PreparedRequest, *, end: bool) -> None:
        """Begin the stream's request. Raises `usage` for one that HTTP/2 cannot carry."""
        authority = first(prepared.fields, "host") or ""
        stream.number = self._client.request(prepared.method, prepared.scheme, authority, prepared.target, prepared.fields, end=end)
        stream.notes, stream.ending = self._client.notes, end
        self._streams[stream.number] = stream
        self._gather()

    def send_data(self, stream: H2Stream, data: bytes, *, end: bool) -> None:
        """Add content, as much of it as the windows allow."""
        stream.held_back = self._client.send(data, end=end, stream=stream.number)
        self._gather()

    @property
    def unwritten(self) -> int:
        """Bytes of frames that the connection has not taken yet."""
        return len(self._out)

    @property
    def is_deaf(self) -> bool:
        """Whether the peer takes nothing more on this connection, though there may be something to read."""
        return self._connection.reset

    def cancel(self, stream: H2Stream) -> None:
        """Want nothing more of it."""
        self._client.cancel(stream.number)

    def framing_of(self, number: int) -> str | None:
        return self._client.framing_of(number) if number else None

    def wait(self, stream: H2Stream, until: Deadline | None) -> Iterable[Event]:
        """Write what there is until something arrives; else wait for something."""
        self._gather()
        if self._out and not self.is_deaf:
            self._write(stream)
        elif until is None or self._connection.wait_readable((until.remaining_ms() or 1) / 1000):
            self._read(stream)
        return ()

    def _write(self, stream: H2Stream) -> None:
        connection = self._connection
        if stream.framing is None and not stream.whole:
            connection.recorder.timeline.resume_sending()
        self._out = memoryview(self._out)[connection.write_until_input(self._out) :]
        while connection.buffered and not stream.ended:
            self._read(stream)
        self._gather()
        stream.whole = stream.whole or (stream.ending and not (self._out or stream.held_back))

    def _read(self, stream: H2Stream) -> None:
        self._take(self._connection.receive())
        timeline = stream.recorder.timeline
        if stream.framing is None and timeline.current == "receive":  # frames came, but none of the answer
            timeline.enter("wait")
            timeline.phases["wait"] = timeline.phases.get("wait", 0) + timeline.phases.pop("receive")

    # --- frames

    def _gather(self) -> int:
        """Put the client's frames behind what has to go out; how many bytes they are."""
        data = self._client.to_send()
        if data:
            self._out = b"".join((self._out, data))
        return len(data)

    def _take(self, data: bytes) -> bool:
        """Hand what came to the streams it is for; false when that was the end of the connection."""
        if not data:
            self._break(None)
            return False
        for number, event in self._client.take(data):
            if number == 0 and isinstance(event, ExchangeError):
                self._break(event)
                return False
            if stream := self._streams.get(number):
                self._deliver(stream, event)
        for stream in self._streams.values():  # windows may have opened
            if stream.held_back and not stream.over:
                stream.held_back = self._client.send(b"", stream=stream.number)
        return True

    def _deliver(self, stream: H2Stream, event: CodecEvent | ExchangeError) -> None:
        stream.take(event)

    def _break(self, error: ExchangeError | None) -> None:
        """The connection is over, by an error or by the peer's end: so is every stream on it."""
        for stream in self._streams.values():
            if error:
                stream.fail(error)
                continue
            try:
                for event in self._client.eof(stream.number):
                    self._deliver(stream, event)
            except ExchangeError as failure:
                stream.fail(failure)
