"""One HTTP/2 connection that many exchanges share, each on a stream of its own (RFC 9113 section 5).

    session = SharedH2Session(connection)
    stream = session.open(context)             # while `session.has_room`
    ... session.pump() when its descriptor is ready; `stream.ready` then says whether its exchange can go on
    session.leave(stream)

The session never waits. Every exchange has the times of its own frames: `send` until the write that took its last one out, `wait`
until the read that brought its first one in. A stream that fails harms no other; the connection's end is the end of all on it.
"""

from __future__ import annotations

from select import POLLIN, POLLOUT

from rrcli.adapters.http.versions.h2session import H2Session, H2Stream
from rrcli.base.deadline import now
from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h1 import Data
from rrcli.engine.events import Blocked
from rrcli.wire.recorder import MOST_COPIED, Recorder
from rrcli.wire.stream import CHUNK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.base.deadline import Deadline
    from rrcli.codec.http.h1 import Event as CodecEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream

MOST_EVENTS = 64  # of an answer that is compared with others
READS = 16  # in a row, so that a peer that always has more does not keep the others from going on
PROMPT = 4 * CHUNK  # bytes that are offered to the link at once


class SharedH2Stream(H2Stream):
    """One request among others; while it waits they go on."""

    session: SharedH2Session

    def __init__(self, session: SharedH2Session, context: Context) -> None:
        super().__init__(session, context)
        self._deadline = context.deadline
        self._awaits_room = False
        self._came: list[CodecEvent] | None = []  # all of the answer, while that is not too much to compare it with others
        self._size = 0

    @property
    def ready(self) -> bool:
        """Whether its exchange can go on."""
        return bool(self._events) or self._failure is not None or (self._awaits_room and not self.held_back)

    def send_head(self, prepared: PreparedRequest, *, end: bool) -> None:
        self.session.admit(self.recorder)
        before = len(self.session.out)
        super().send_head(prepared, end=end)
        self.recorder.bytes_sent += len(self.session.out) - before
        self.whole = end
        self._let_out()

    def send_data(self, data: bytes, *, end: bool) -> None:
        self.recorder.bytes_sent += len(data)
        super().send_data(data, end=end)
        self.whole = end and not self.held_back
        self._let_out()

    def _let_out(self) -> None:
        self.session.send(self)

    @property
    def unsent(self) -> int:
        """What waits for the connection is sent without anybody who waits for it."""
        return 0 if self.whole else self.held_back

    def cancel(self) -> None:
        super().cancel()
        self.session.flush()

    def wait(self, until: Deadline | None = None) -> Iterator[Event]:
        self._awaits_room = self.held_back > 0
        yield from wait_for(self, self._deadline, until)

    def take(self, event: CodecEvent) -> None:
        self.recorder.answered = True
        self.recorder.timeline.read(now())
        super().take(event)
        if self._came is not None:
            self._came.append(event)
            if type(event) is Data:
                self._size += len(event.data)
            if self._size > MOST_COPIED or len(self._came) > MOST_EVENTS:
                self._came = None

    def answer(self) -> Hashable | None:
        """The whole answer, to be compared with others; `None` where it broke off, is suspicious or too long."""
        if self._came is None or self.notes or self._failure or not self.ended:
            return None
        found: list[Hashable] = []
        for event in self._came:
            found.append(event.data if type(event) is Data else tuple(event.__dict__.values()))
        return tuple(found)

    def leave(self) -> None:
        """The exchange is over."""
        self.session.leave(self)


class RepeatedH2Stream(SharedH2Stream):
    """A request that went out before its adapter looks at it, which happens only where its answer is none that is known."""

    is_taken = False

    def begin(self, prepared: PreparedRequest) -> None:
        """Send the request."""
        super().send_head(prepared, end=not prepared.content)
        if prepared.content:
            super().send_data(prepared.content, end=True)

    def _let_out(self) -> None:
        self.session.queue(self)  # those that begin together leave together

    @property
    def ready(self) -> bool:
        if self.is_taken:
            return super().ready
        return self.ended or self._failure is not None or self._came is None

    def take_up(self) -> None:
        """Its adapter goes on with it."""
        self.is_taken = True

    def send_head(self, prepared: PreparedRequest, *, end: bool) -> None:
        pass

    def send_data(self, data: bytes, *, end: bool) -> None:
        pass


class SharedH2Session(H2Session):
    """A connection that many exchanges use at the same time; whoever steps them pumps it."""

    def __init__(self, connection: Stream) -> None:
        super().__init__(connection)
        self.slot = StreamSlot(self)
        before = connection.recorder
        connection.re_record(Recorder())  # what is no stream's: settings, pings, windows
        self._names = before.local, before.peer, before.proxy, before.tls
        self._link = connection.link
        self._sending: list[H2Stream] = []  # have something in `out` or in the link
        self._failure: ExchangeError | None = None  # of the connection
        self._used = False
        self.has_more = False  # a read was cut short: TLS may hold what the descriptor no longer tells of

    @property
    def why(self) -> str:
        """Why it takes no more requests."""
        return self.client.goaway or (self._failure.message if self._failure else "it is closed")

    @property
    def takes_more(self) -> bool:
        return not (self._failure or self.client.goaway)

    @property
    def has_room(self) -> bool:
        """Whether a stream may begin now. The second waits for the server's SETTINGS, which say how many it allows."""
        return self.takes_more and (not self._used or self.client.has_room)

    def open(self, context: Context) -> SharedH2Stream:
        return SharedH2Stream(self, context)

    def ask(self, asked: PreparedRequest, begun: Context) -> RepeatedH2Stream:
        """Send a request once more, without its adapter."""
        stream = RepeatedH2Stream(self, begun)
        stream.begin(asked)
        return stream

    def fileno(self) -> int:
        return self._link.fileno()

    def interests(self) -> int:
        return POLLIN | POLLOUT if self.out or self._link.pending else POLLIN

    def admit(self, recorder: Recorder) -> None:
        """A request begins: what was opened for the first is used again by all others."""
        if self._used:
            recorder.local, recorder.peer, recorder.proxy, recorder.tls = self._names
            recorder.reused = True
        self._used = True
        self.gather()
        recorder.timeline.writing(now())

    def send(self, stream: SharedH2Stream) -> None:
        """Let out what the stream has added, as far as that goes now."""
        self.queue(stream)
        self.flush()

    def queue(self, stream: SharedH2Stream) -> None:
        """Let out what the stream has added when the connection is pumped, together with that of others."""
        if stream not in self._sending:
            self._sending.append(stream)

    def pump(self) -> None:
        """Take in what has come and let out what may go."""
        self.flush()
        self.has_more = not self._failure
        for _ in range(READS if self.has_more else 0):
            try:
                data = self._link.recv(CHUNK)
            except ExchangeError as error:
                self.end(error)
                return
            if data is None:
                self.has_more = False
                break
            if not self.take(data):
                return
        self.flush()

    def leave(self, stream: SharedH2Stream) -> None:
        """The exchange of this stream is over; what it has not got it does not want (RFC 9113 section 8.1)."""
        if not stream.number:
            return
        stream.recorder.bytes_received += self.client.octets(stream.number)
        if not stream.ended and not self._failure:
            stream.cancel()
        self.client.forget(stream.number)
        del self.streams[stream.number]
        if stream in self._sending:
            self._sending.remove(stream)
        if not (self.streams or self.takes_more):
            self.connection.close()

    def close(self) -> None:
        """Say goodbye, as far as that goes out at once."""
        if not self._failure:
            self.client.close()
            self.flush()
        self.connection.close()

    def flush(self) -> None:
        """Write what the link takes now, and stamp it for those whose frames may be in it."""
        if self._failure:
            return
        self.gather()
        wrote = False
        try:
            while self.out or self._link.pending:
                taken = self._link.send(memoryview(self.out)[:PROMPT]) if self.out else 0
                self.out = memoryview(self.out)[taken:]
                wrote = wrote or taken > 0
                if self._link.pending:
                    self._link.flush()
                if not taken or self._link.pending:
                    break
        except ExchangeError as error:
            self.end(error)
            return
        if wrote:
            self._stamp(now(), last=not (self.out or self._link.pending))

    def _stamp(self, at_ns: int, *, last: bool) -> None:
        """Bytes went out; with `last` all that there were."""
        for stream in self._sending:
            stream.recorder.wrote = True
            stream.recorder.timeline.wrote(at_ns)
            if last and stream.whole:
                stream.recorder.timeline.reading(at_ns)
        if last:
            self._sending = [stream for stream in self._sending if not stream.whole]

    def take(self, data: bytes) -> bool:
        if not super().take(data):
            return False
        for stream in self._sending:
            stream.whole = stream.whole or (stream.ending and not stream.held_back)
        return True

    def end(self, error: ExchangeError | None) -> None:
        if error and error.layer == "protocol":
            self.flush()  # the peer is told why
        self.has_more = False
        said = f"; it had said {self.client.goaway}" if self.client.goaway else ""
        self._failure = error or ExchangeError("transport", "closed", f"the peer closed the connection{said}")
        super().end(error)


class StreamSlot:
    """Awaited by exchanges for which the server allows no stream yet."""

    def __init__(self, session: SharedH2Session) -> None:
        self.session = session

    @property
    def ready(self) -> bool:
        return self.session.has_room or not self.session.takes_more


def wait_for(awaited: SharedH2Stream | StreamSlot, deadline: Deadline, until: Deadline | None = None) -> Iterator[Event]:
    """Let other exchanges go on until `awaited` is ready, or `until` has passed. Raises the time-out at the deadline."""
    yield Blocked(on=awaited, until=deadline.sooner(until) if until else deadline)
    if deadline.passed() and not awaited.ready:
        deadline.expire()
