"""What an adapter is given to send one request: the wire, and where to leave notes and secrets."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.model.values import Note
from rrcli.wire.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.engine.eventlog import EventLog
    from rrcli.options.request import Request
    from rrcli.wire.datagram import Datagrams
    from rrcli.wire.pool import Pool
    from rrcli.wire.stream import Stream


class Context:
    """What an adapter is given to send one request: the wire, and where to leave notes and secrets."""

    pool: Pool | None = None  # in a series: connections that earlier exchanges have left open
    stepwise = False  # whoever drives the exchange gets every event, and may take its time
    uploaded: Callable[[int, int | None], None] | None = None  # is told how much of an upload has left
    poll_in: Callable[[float, int, str], None] | None = None  # is told what an adapter that asks again by itself waits for
    place: Any = None  # that the latest of them leads to
    reopened = 0  # times that it was found closed

    def __init__(self, request: Request, deadline: Deadline, exchange_id: str) -> None:
        self.request = request
        self.deadline = self.whole = deadline  # of this hop, and of all hops together
        self.id = exchange_id
        self.recorder = Recorder(request.wire)
        self.notes: list[Note] = []
        self.secrets: list[str] = []
        self.follows = False  # an earlier hop or attempt was sent
        self.log: EventLog | None = None  # of a stream
        self.resumes = False  # an earlier connection of that stream, of which there may be very many: nothing is noted twice
        self.keeps_content = True  # False: content is passed on, however much there is of it
        self._notes_before = 0  # those of earlier hops

    def hop(self, request: Request, *, resumes: bool = False) -> Context:
        """The context of the next hop: a trace of its own, the same deadline and id; notes and secrets add up.

        Where it resumes a stream the events add up as well, and their offsets go on.
        """
        context = Context(request, self.deadline, self.id)
        context.notes, context.secrets, context.follows, context.pool = self.notes, self.secrets, True, self.pool
        context._notes_before = len(self.notes)
        context.log, context.resumes, context.whole = self.log, self.resumes, self.whole
        if resumes:
            log = self.event_log()
            log.origin_ns = log.origin_ns or self.recorder.timeline.origin_ns
            log.begin()
            context.log = log
            context.resumes = True
            context.secrets = list(dict.fromkeys(self.secrets))
        return context

    def again(self, request: Request, deadline: Deadline) -> Context:
        """The context of another attempt of the same hop, with a deadline of its own and without this one's notes."""
        context = Context(request, deadline, self.id)
        context.notes, context.secrets, context.follows = self.notes[: self._notes_before], self.secrets, True
        context.pool, context.whole = self.pool, self.whole
        context._notes_before = self._notes_before
        context.log, context.resumes = self.log, self.resumes
        if self.log:
            self.log.go_back()
        return context

    def connect(self, host: str, port: int, *, tls: bool = False, alpn: tuple[str, ...] = ()) -> Stream:
        """An open stream, over TLS when asked; in a series it may be one that was kept."""
        return self.pool.connect(self, host, port, tls, alpn) if self.pool else self.open(host, port, tls=tls, alpn=alpn)

    def open(self, host: str, port: int, *, tls: bool, alpn: tuple[str, ...]) -> Stream:
        """A new stream; trust is loaded before the clock starts."""
        from rrcli.wire.dial import connect

        if self.request.proxy:
            from rrcli.options.proxyurl import parse

            self.secret(*parse(self.request.proxy).secrets)
        return connect(self.request, host, port, self.recorder, self.deadline, self.tls_context(alpn) if tls else None)

    def keep(self, stream: Stream) -> None:
        """The exchange is over, and another could go over its stream: in a series it may, else it is closed."""
        if self.pool:
            self.pool.keep(self, stream)
        else:
            stream.close()

    def tls_context(self, alpn: tuple[str, ...] = ()) -> Any:
        """The request's TLS settings, for a stream that changes to TLS later."""
        from rrcli.wire.tls import make_context

        return make_context(self.request, alpn)

    def datagrams(self, host: str, port: int) -> Datagrams:
        """A UDP socket for one peer."""
        from rrcli.wire.datagram import Datagrams

        if self.request.proxy:
            raise usage("--proxy carries connections, no datagrams", "use TCP, or leave the proxy out")
        return Datagrams(self.request, host, port, self.recorder, self.deadline)

    def note(self, code: str, message: str) -> None:
        """Something accepted, but suspicious."""
        note = Note(code=code, message=message)
        if not (self.resumes and note in self.notes):
            self.notes.append(note)

    def event_log(self) -> EventLog:
        """Where the events of a stream are counted; it exists from the start where the request is for one."""
        if self.log is None:
            from rrcli.engine.eventlog import EventLog

            self.log = EventLog(self.request)
        return self.log

    def enough(self) -> bool:
        """Whether a stream has brought as many events as were asked for, or the one that was waited for."""
        return self.event_log().enough()

    def secret(self, *values: str | None) -> None:
        """Mask these values wherever the exchange is shown."""
        self.secrets += [value for value in values if value]
