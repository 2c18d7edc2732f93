"""What an adapter is given for one hop: the wire, the state of the hop before, and where to leave notes and secrets.

Beside it, what the exchanges of one client share: open connections, cookies, and the secrets that are known.
"""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.model.values import Note
from rrcli.wire.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.codec.http.cookies import Jar
    from rrcli.engine.begun import Begun
    from rrcli.engine.eventlog import EventLog
    from rrcli.engine.events import Continue
    from rrcli.model.values import Status
    from rrcli.options.request import Request, TlsOptions
    from rrcli.wire.datagram import Datagrams, Turns
    from rrcli.wire.pool import Pool
    from rrcli.wire.resolve import Address
    from rrcli.wire.stream import Stream

    Words = tuple[str, ...] | None
    Reads = Callable[[bytes], Status | None]


MOST_ASKED = 1 << 14  # bytes of a request that leave at once


class Repeated:
    """An exchange that is the same each time: where it went, all that it sent, all that it was answered, and what reads such an answer."""

    __slots__ = ("answer", "asked", "place", "reads")

    def __init__(self, place: Any, asked: Any, answer: Hashable, reads: Reads | None = None) -> None:
        self.place = place
        self.asked = asked
        self.answer = answer
        self.reads = reads


class SecretSet:
    """Values to mask wherever an exchange is shown, each once, in the order in which they became known."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, None] = {}

    def add(self, *values: str | None) -> None:
        """Take these values; empty ones are no secrets."""
        for value in values:
            if value:
                self._values[value] = None

    def forget_after(self, count: int) -> None:
        """Keep the first of them alone."""
        for value in list(self._values)[count:]:
            del self._values[value]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Shared:
    """What outlives one exchange. Used by one thread at a time.

    `pool` is `None` where every exchange opens a connection of its own. `cookies` is a jar that all exchanges fill and use,
    `None` where each keeps to its own options.
    """

    def __init__(self, *, pool: Pool | None = None, cookies: Jar | None = None) -> None:
        self.pool = pool
        self.cookies = cookies
        self.secrets = SecretSet()
        self.learned: dict[Any, Any] = {}  # of services, by keys of the adapters' own: what need not be asked again
        self.repeats = False  # one request goes out many times
        self.repeated: Repeated | None = None  # what the latest exchange has said of itself
        self.accepted: Request | None = None  # the latest request that could be sent
        self.command: tuple[Request, Words, Words] | None = None  # of the latest request: as typed, and without its secrets

    def close(self) -> None:
        """Close the connections that are still open."""
        if self.pool:
            self.pool.close()


class Route(Record):
    """How a hop reaches its peer, where that is not what the request's own options say."""

    proxy: str | None = None
    forwards: bool = False  # the proxy gets the request itself, and is not asked for a tunnel
    unix_socket: str | None = None
    sni: str | None = None
    anonymous: bool = False  # the certificate of the request is for another origin


class Context:
    """What an adapter is given for one hop of an exchange.

    `request` is what the user asked, the same on every hop; `state` is what the hop before handed on, `None` on the first.
    An adapter may set `route` before it connects.
    """

    stepwise = False  # whoever drives the exchange gets every event, and may take its time
    uploaded: Callable[[int, int | None], None] | None = None  # called with how much of an upload has left, and its size
    poll_in: Callable[[float, int, str], None] | None = None  # called with what an adapter that asks again by itself waits for
    route: Route | None = None
    place: Any = None  # that the latest kept connection leads to
    reopened = 0  # times that it was found closed
    begun: Begun | None = None  # the exchange is under way on this connection
    reads: Reads | None = None  # what reads such an answer
    asked: bytes | None = None  # all that it sends, where it is worth comparing its answer with others

    def __init__(self, request: Request, shared: Shared, deadline: Deadline, exchange_id: str, state: Any = None) -> None:
        self.request = request
        self.shared = shared
        self.deadline = self.whole = deadline  # of this hop, and of all hops together
        self.id = exchange_id
        self.state = state
        self.pool = shared.pool
        self.recorder = Recorder(request.wire)
        self.notes: list[Note] = []
        self.secrets = shared.secrets
        self.follows = False  # an earlier hop or attempt was sent
        self.log: EventLog | None = None  # of a stream
        self.resumes = False  # an earlier connection of that stream, of which there may be very many: nothing is noted twice
        self.keeps_content = True  # False: content is passed on, however much there is of it
        self.shows_events = False  # somebody prints each event of a stream
        self._notes_before = 0  # those of earlier hops

    def hop(self, following: Continue) -> Context:
        """The context of the next hop: a recorder of its own, the same deadline and id; notes and secrets add up.

        Where it resumes a stream the events add up as well, and their offsets go on.
        """
        context = Context(self.request, self.shared, self.deadline, self.id, following.state)
        context.notes, context.follows, context.pool = self.notes, True, self.pool
        context._notes_before = len(self.notes)
        context.log, context.resumes, context.whole = self.log, self.resumes, self.whole
        if following.resumes:
            log = self.event_log()
            log.origin_ns = log.origin_ns or self.recorder.timeline.origin_ns
            log.begin()
            context.log = log
            context.resumes = True
        return context

    def again(self, deadline: Deadline) -> Context:
        """The context of another attempt of the same hop, with a deadline of its own and without this one's notes."""
        context = Context(self.request, self.shared, deadline, self.id, self.state)
        context.notes, context.follows, context.pool = self.notes[: self._notes_before], True, self.pool
        context.whole, context._notes_before = self.whole, self._notes_before
        context.log, context.resumes = self.log, self.resumes
        if self.log:
            self.log.go_back()
        return context

    @property
    def connection_options(self) -> Request:
        """The request's options as the wire takes them: with the route of this hop."""
        route = self.route
        if route is None:
            return self.request
        own = {"cert": None, "key": None, "key_password": None} if route.anonymous else {}
        return self.request.replace(proxy=route.proxy, unix_socket=route.unix_socket, sni=route.sni, **own)

    def connect(self, host: str, port: int, *, tls: bool = False, alpn: tuple[str, ...] = ()) -> Stream:
        """An open stream, over TLS when asked; where the client keeps connections it may be one that was kept."""
        if self.pool is None:
            return self.open(host, port, tls=tls, alpn=alpn)
        if stream := self.reuse((host, port, tls, alpn)):
            return stream
        stream = self.open(host, port, tls=tls, alpn=alpn)
        self.pool.opened += 1
        return stream

    def reuse(self, place: Any) -> Stream | None:
        """The stream that was kept for a place, which is whatever tells one connection from another; `keep` uses it too."""
        self.place = place
        if begun := self.begun:
            self.begun = None
            return begun.taken_up()
        stream = self.pool.take(self._key(place)) if self.pool else None
        if stream:
            stream.hand_over(self.recorder, self.deadline, self.request.idle_timeout)
        return stream

    def repeats(self, asked: bytes, reads: Reads | None = None) -> None:
        """Say that the exchange is the same each time: it sends these bytes, over a connection that is nobody else's meanwhile, and what
        is received then is its answer and nothing else. To be said before any of it is read. `reads` tells the status of a whole answer,
        `None` of one that has more to it than a status of success.
        """
        if self.shared.repeats and self.recorder.reused and not self.follows and len(asked) <= MOST_ASKED:
            self.asked, self.reads = asked, reads
            if self.recorder.answer is None:
                self.recorder.answer = bytearray()

    def _key(self, place: Any) -> Any:
        """What a kept connection is found by: a place, and how it is reached; one that trusts others, or goes another way, is another."""
        from rrcli.options.request import TransportOptions

        options = self.connection_options
        return place, tuple([getattr(options, name) for name in TransportOptions.options_])

    def session(self, place: Any) -> Any:
        """The connection to a place that several exchanges share, while it takes more of them; `None` where there is none."""
        return self.pool.session(self._key(place)) if self.pool else None

    def shared_begun(self) -> Any:
        """The part of a shared connection over which this exchange is under way; `None` where it begins only now."""
        if self.begun is None or self.begun.shared is None:
            return None
        begun, self.begun = self.begun, None
        return begun.shared_up()

    def repeats_shared(self, place: Any, asked: Any, answer: Hashable) -> None:
        """Say that the exchange is the same each time: its session's `ask` sends it again, and this was all of its answer."""
        if self.shared.repeats and not self.follows:
            self.shared.repeated = Repeated(self._key(place), asked, answer)

    def share(self, place: Any, session: Any) -> None:
        """Let further exchanges with that place use this connection."""
        assert self.pool
        self.pool.share(self._key(place), session)

    def open(self, host: str, port: int, *, tls: bool = False, alpn: tuple[str, ...] = (), deadline: Deadline | None = None) -> Stream:
        """A new stream; trust is loaded before the clock starts. With a `deadline` that holds for the connecting, and afterwards too."""
        from rrcli.wire.dial import connect

        options, forwards = self.connection_options, bool(self.route and self.route.forwards)
        if options.proxy:
            from rrcli.options.proxyurl import parse

            self.secret(*parse(options.proxy).secrets)
        tls_context = self.tls_context(alpn) if tls else None
        return connect(options, host, port, self.recorder, deadline or self.deadline, tls_context, forwards=forwards)

    def keep(self, stream: Stream) -> None:
        """The exchange is over, and another could go over its stream: it is kept where the client keeps connections, else closed."""
        if self.pool:
            place = self._key(self.place)
            if self.asked is not None and self.recorder.answer is not None:
                self.shared.repeated = Repeated(place, self.asked, bytes(self.recorder.answer), self.reads)
            self.pool.keep(place, stream)
        else:
            stream.close()

    def tls_context(self, alpn: tuple[str, ...] = (), options: TlsOptions | None = None) -> Any:
        """The TLS settings of the request, or of `options` in its place, for a stream that changes to TLS later."""
        from rrcli.wire.tls import make_context

        chosen = options or self.connection_options
        made = make_context(chosen, alpn)
        self.note_trust(chosen)
        return made

    def note_trust(self, options: TlsOptions) -> None:
        """Note a variable of another tool that says whom to trust, once for all hops: it is easily forgotten."""
        from rrcli.wire.trust import from_environment

        if options.insecure or options.cacert or not (named := from_environment()):
            return
        note = Note(code="trust", message=f"{named[0]} says whom to trust: {named[1]}")
        if note not in self.notes:
            self.notes.append(note)

    def datagram_places(self, host: str, port: int, deadline: Deadline | None = None) -> list[Address]:
        """The addresses that datagrams for `host` may go to, in the order to try."""
        from rrcli.wire.datagram import places_of

        options = self.connection_options
        if options.proxy:
            raise usage("--proxy carries connections, no datagrams", "use TCP, or leave the proxy out")
        return places_of(options, host, port, self.recorder, deadline or self.deadline)

    def datagrams(self, place: Address) -> Datagrams:
        """A UDP socket for one peer."""
        from rrcli.wire.datagram import Datagrams

        return Datagrams(self.connection_options, place, self.recorder, self.deadline)

    def datagrams_in_turn(self, places: Sequence[Address], deadline: Deadline) -> Turns:
        """UDP sockets for several peers, of which any may answer."""
        from rrcli.wire.datagram import Turns

        return Turns(self.connection_options, places, self.recorder, deadline)

    def note(self, code: str, message: str) -> None:
        """Add a note: something was accepted, but is suspicious."""
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

    def wants_events(self) -> bool:
        """Whether anybody still looks at the events of content that can do without: `--until`, `--max-events`, a printer, the document."""
        log = self.event_log()
        return log.awaits or self.shows_events or (self.keeps_content and not log.is_full)

    def takes_its_time(self) -> None:
        """The answer is a stream: nothing but silence ends it, unless the user limited the attempt. To be said again as it comes.

        Of a series each exchange keeps its limit.
        """
        request, deadline = self.request, self.deadline
        if request.timeout is not None or self.pool or deadline is self.whole:
            return
        from rrcli.base.deadline import Deadline
        from rrcli.options.request import IDLE_TIMEOUT

        silence = None if request.idle_timeout is not None else IDLE_TIMEOUT  # else the connection looks after it
        limit = Deadline.after(silence, "--idle-timeout").sooner(self.whole)
        deadline.at_ns, deadline.limit = limit.at_ns, limit.limit

    def secret(self, *values: str | None) -> None:
        """Mask these values wherever the exchange is shown."""
        self.secrets.add(*values)
