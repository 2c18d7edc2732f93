"""An HTTP/2 connection and the streams on it, here the one of a single exchange (RFC 9113 section 5).

    session = H2Session(connection)
    stream = session.open(context)             # a `ClientStream`

`h2shared.py` has the connection that many exchanges use at the same time.
"""

from __future__ import annotations

from rrcli.adapters.http.versions.response import without_connection
from rrcli.adapters.http.versions.stream import ClientStream
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
    """One request of a session and its answer. It has a number once its head is sent."""

    def __init__(self, session: H2Session, context: Context) -> None:
        self.notes: list[Note] = []
        self.session = session
        self.recorder = context.recorder
        self.number = 0
        self.held_back = 0  # bytes of content for which the server's windows have no room
        self.ending = False  # nothing will be added to the request
        self.whole = False  # it is written, or on a shared connection in what will be
        self.ended = False  # the answer is whole
        self._events: list[CodecEvent] = []
        self._failure: ExchangeError | None = None

    # --- the request

    def as_sent(self, prepared: PreparedRequest) -> PreparedRequest:
        return without_connection(prepared, VERSION)

    def send_head(self, prepared: PreparedRequest, *, end: bool) -> None:
        client, authority = self.session.client, first(prepared.fields, "host") or ""
        self.number = client.request(prepared.method, prepared.scheme, authority, prepared.target, prepared.fields, end=end)
        self.notes, self.ending = client.notes, end
        self.session.streams[self.number] = self
        self.session.gather()

    def send_data(self, data: bytes, *, end: bool) -> None:
        self.ending = end
        self.held_back = self.session.client.send(data, end=end, stream=self.number)
        self.session.gather()

    @property
    def unsent(self) -> int:
        return 0 if self.whole else self.held_back + len(self.session.out)

    @property
    def stopped(self) -> bool:
        return self.over or self.session.connection.reset

    def cancel(self) -> None:
        self.whole = True
        self.session.client.cancel(self.number)

    # --- the answer

    @property
    def framing(self) -> str | None:
        return self.session.client.framing_of(self.number) if self.number else None

    @property
    def over(self) -> bool:
        """Whether nothing more of an answer is expected."""
        return self.ended or self._failure is not None

    def wait(self, until: Deadline | None = None) -> Iterable[Event]:
        self.session.wait(self, until)
        return ()

    def events(self) -> Iterator[list[CodecEvent]]:
        found, self._events = self._events, []
        if found:
            yield found
        if self._failure:
            raise self._failure

    def take(self, event: CodecEvent) -> None:
        """What came in for it."""
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
            self._failure.delivery = error.delivery


class H2Session:
    """A connection with one exchange on it, which waits under the exchange's own deadline and is written down as a part of it."""

    def __init__(self, connection: Stream) -> None:
        self.connection = connection
        self.client = Http2Client()
        self.streams: dict[int, H2Stream] = {}  # by their numbers
        self.out: bytes | memoryview = b""  # frames that the connection has not taken yet

    def open(self, context: Context) -> H2Stream:
        """The stream of a new exchange."""
        return H2Stream(self, context)

    def gather(self) -> None:
        """Put the client's frames behind what has to go out."""
        if data := self.client.to_send():
            self.out = b"".join((self.out, data))

    def wait(self, stream: H2Stream, until: Deadline | None) -> None:
        """Write what there is until something arrives; else wait for something. Raises `ExchangeError` as the connection does."""
        self.gather()
        try:
            if self.out and not self.connection.reset:
                self._write(stream)
            elif until is None or self.connection.wait_readable((until.remaining_ms() or 1) / 1000):
                self._read(stream)
        except ExchangeError as error:
            if error.layer == "transport" and self.client.goaway and self.client.goaway not in error.message:
                error.message += f"; the server had said {self.client.goaway}"
            raise

    def _write(self, stream: H2Stream) -> None:
        if stream.framing is None and not stream.whole:
            stream.recorder.timeline.resume_sending()
        self.out = memoryview(self.out)[self.connection.write_until_input(self.out) :]
        while self.connection.buffered and not stream.ended:
            self._read(stream)
        self.gather()
        stream.whole = stream.whole or (stream.ending and not (self.out or stream.held_back))

    def _read(self, stream: H2Stream) -> None:
        self.take(self.connection.receive())
        timeline = stream.recorder.timeline
        if stream.framing is None and timeline.current == "receive":  # frames came, but none of the answer
            timeline.enter("wait")
            timeline.phases["wait"] = timeline.phases.get("wait", 0) + timeline.phases.pop("receive")

    def take(self, data: bytes) -> bool:
        """Hand what came to the streams it is for; false when that was the end of the connection."""
        if not data:
            self.end(None)
            return False
        for number, event in self.client.take(data):
            if not isinstance(event, ExchangeError):
                if stream := self.streams.get(number):
                    stream.take(event)
            elif number == 0:
                self.end(event)
                return False
            elif stream := self.streams.get(number):
                stream.fail(event)
        for stream in self.streams.values():  # windows may have opened
            if stream.held_back and not stream.over:
                stream.held_back = self.client.send(b"", stream=stream.number)
        return True

    def end(self, error: ExchangeError | None) -> None:
        """The connection is over, by an error or by the peer's end: so is every stream on it."""
        for stream in self.streams.values():
            if error:
                stream.fail(error)
                continue
            try:
                for event in self.client.eof(stream.number):
                    stream.take(event)
            except ExchangeError as failure:
                stream.fail(failure)
