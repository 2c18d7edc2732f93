"""The runner: from a request to a frozen `Exchange`, whatever the network does.

It owns the deadline, folds an adapter's events, turns failures into values, and judges: the protocol's status,
`--ok` and the expectations. It never raises for what a peer did; what it raises is a wrong request
(`ExchangeError` of layer `usage` or `local`) or a bug.
"""

from __future__ import annotations

import os
from binascii import hexlify
from time import time_ns

from rrcli import registry
from rrcli.document import LARGE
from rrcli.errors import EXIT_TERMINATED, ExchangeError, usage
from rrcli.events import Waiting
from rrcli.fold import Fold
from rrcli.model import Exchange, Failure, Note, Timing
from rrcli.policy.redact import MASK, field_secrets, url_secrets
from rrcli.wire.clock import Deadline, now
from rrcli.wire.trace import Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import Any

    from rrcli.attempts import Attempts
    from rrcli.eventlog import EventLog
    from rrcli.history import History
    from rrcli.model import Answer
    from rrcli.options import Request
    from rrcli.wire.datagram import Datagrams
    from rrcli.wire.pool import Pool
    from rrcli.wire.stream import Stream

DEFAULT_TIMEOUT = 30.0
IDLE_TIMEOUT = 30.0  # seconds of silence that end a stream or a download
MAX_HOPS = 20  # that one exchange may lead on to


class Interrupted(KeyboardInterrupt):
    """TERM arrived: the same as Ctrl-C with an exit code of its own. `signal` is its number."""

    exit_code = EXIT_TERMINATED

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class NoMoreWanted(Exception):
    """Thrown into a stepwise `course` by whoever has enough of the answer: the exchange is over, and no failure."""


class Observer:
    """Sees the answer while it comes. The base sees nothing; printing is one kind of it."""

    keeps_content = True  # False: the observer takes the content itself, and nothing of it is kept in memory

    @property
    def shows(self) -> bool:
        """Whether what it is told goes on to the user, who must not be told it twice."""
        return type(self) is not Observer

    def meets(self, fold: Fold) -> None:
        """Whoever tells it of a hop: what it may be asked is `secrets()` and `at_ns`."""

    def begins(self) -> None:
        """A request is about to go out: the first, that of another hop, or of another attempt."""

    def received(self, answer: Answer) -> None:
        """The status is known."""

    def content(self, data: bytes) -> None:
        """The next piece of content."""

    def uploaded(self, done: int, total: int | None) -> None:
        """So many bytes of the request's content are on their way, of so many where that is known."""

    def item(self, value: dict[str, Any], text: bytes, secrets: list[str]) -> None:
        """The next event of a stream, as the document will hold it, and as its raw line."""

    def waits(self, seconds: float, number: int) -> None:
        """Retry `number` follows in so many seconds."""

    def polls(self, seconds: float, number: int, found: str) -> None:
        """What `--until` waits for does not hold after `number` exchanges, as `found` tells; the next is in so many seconds."""


class Context:
    """What an adapter is given to send one request: the wire, and where to leave notes and secrets."""

    pool: Pool | None = None  # in a series: connections that earlier exchanges have left open
    stepwise = False  # whoever drives the exchange gets every event, and may take its time
    uploaded: Callable[[int, int | None], None] | None = None  # is told how much of an upload has left
    polls: Callable[[float, int, str], None] | None = None  # is told what an adapter that asks again by itself waits for
    place: Any = None  # that the latest of them leads to
    reopened = 0  # times that it was found closed

    def __init__(self, request: Request, deadline: Deadline, exchange_id: str) -> None:
        self.request = request
        self.deadline = self.whole = deadline  # of this hop, and of all hops together
        self.id = exchange_id
        self.trace = Trace(request.wire)
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
            log.origin_ns = log.origin_ns or self.trace.timeline.origin_ns
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
            from rrcli.wire.proxy import parse

            self.secret(*parse(self.request.proxy).secrets)
        return connect(self.request, host, port, self.trace, self.deadline, self.tls_context(alpn) if tls else None)

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
        return Datagrams(self.request, host, port, self.trace, self.deadline)

    def note(self, code: str, message: str) -> None:
        """Something accepted, but suspicious."""
        note = Note(code=code, message=message)
        if not (self.resumes and note in self.notes):
            self.notes.append(note)

    def event_log(self) -> EventLog:
        """Where the events of a stream are counted; it exists from the start where the request is for one."""
        if self.log is None:
            from rrcli.eventlog import EventLog

            self.log = EventLog(self.request)
        return self.log

    def enough(self) -> bool:
        """Whether a stream has brought as many events as were asked for, or the one that was waited for."""
        return self.event_log().enough()

    def secret(self, *values: str | None) -> None:
        """Mask these values wherever the exchange is shown."""
        self.secrets += [value for value in values if value]


def new_id() -> str:
    """A UUID of version 7 (RFC 9562 §5.7): it sorts by time."""
    stamp = (time_ns() // 10**6).to_bytes(6, "big")
    random = bytearray(os.urandom(10))
    random[0] = random[0] & 0x0F | 0x70
    random[2] = random[2] & 0x3F | 0x80
    text = hexlify(stamp + random).decode()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def send(request: Request, observer: Observer | None = None, *, until: Deadline | None = None) -> Exchange:
    """Send one request and return what became of it, before `until` when that is sooner than the request's own limits.

    Raises `ExchangeError` of layer `usage` or `local` when the request is wrong in itself: nothing was sent then.
    """
    steps = course(request, observer, until=until)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            exchange: Exchange = end.value
            return exchange


def course(
    request: Request, observer: Observer | None = None, *, until: Deadline | None = None, pool: Pool | None = None, stepwise: bool = False
) -> Generator[registry.Event, None, Exchange]:
    """What `send` does, in steps: with a `pool` it comes back while it waits for a connection that others use too."""
    began = now()
    entry = registry.entry_of(request)
    _refuse_masks(request)
    streams = request.streams()
    if streams:
        request = unhurried(request)
    if request.idempotency_key == "auto":
        request = request.replace(idempotency_key=new_id())
    judge = judge_of(request)
    whole = until or Deadline.after(request.deadline, "--deadline")
    exchange_id = request.request_id if request.request_id not in (None, "auto") else new_id()
    if request.is_offline():
        from rrcli.offline import build

        exchange = build(request, observer or Observer(), str(exchange_id))
        return judge(exchange) if judge else exchange

    def once(request: Request, observer: Observer) -> Generator[registry.Event, None, Exchange]:
        limit = whole.sooner(Deadline.after(request.retry_max_time, "--retry-max-time")) if request.retry else whole
        context = Context(request, _deadline_of(request, limit), str(exchange_id))
        context.pool, context.stepwise, context.whole = pool, stepwise, limit
        if streams:
            context.event_log()
        return _hops(entry, context, observer, limit, began)

    if request.until and not streams:
        from rrcli.until import until_it_holds

        exchange = yield from until_it_holds(request, once, observer or Observer(), whole)
    else:
        exchange = yield from once(request, observer or Observer())
    return judge(exchange) if judge else exchange


def _hops(
    entry: registry.Entry, context: Context, observer: Observer, whole: Deadline, began: int
) -> Generator[registry.Event, None, Exchange]:
    """One hop after the other, each attempted as often as is asked for and sound, until one leads no further.

    The earlier ones are the history of the last. A hop that fails is repeated by itself, not those that led to it.
    """
    exchange_of = entry.load()[1]
    attempts = _attempts_of(context.request, whole, observer)
    history: History | None = None
    hops = 0
    while True:
        request = context.request  # the adapter may put what it makes of it in its place
        fold = Fold(context, attempts.begin() if attempts else observer)
        failure = yield from _drive(exchange_of(request, context), fold, context)
        if context.log and not fold.next and (failure or (fold.answer and fold.answer.status.ok)):
            failure = context.log.judge(failure)
        if fold.next and hops == MAX_HOPS and not fold.resumes:
            failure = ExchangeError("protocol", "too_many_redirects", f"the answers lead on and on: {MAX_HOPS} were followed")
        exchange = _finish(entry, context, fold, failure or fold.failure, began)
        if fold.next and not failure:
            hops = 0 if fold.resumes else hops + 1
            history = _filed(history, exchange, fold.why)
            context = context.hop(fold.next, resumes=fold.resumes)
            continue
        if failure and context.pool and (anew := context.pool.reopened(context, exchange)):
            context = anew
            continue
        again = False
        if attempts:
            again, exchange = attempts.another(exchange)
        if not again:
            return history.of(exchange) if history else exchange
        history = _filed(history, exchange, "retry")
        context = context.again(request, _deadline_of(request, whole))


def _filed(history: History | None, exchange: Exchange, why: str | None) -> History:
    """The history, which begins with the first earlier exchange, and one more in it."""
    if history is None:
        from rrcli.history import History

        history = History()
    history.add(exchange, why)
    return history


def _deadline_of(request: Request, whole: Deadline) -> Deadline:
    """The deadline of an attempt that begins now, within the whole."""
    return whole.sooner(Deadline.after(timeout_of(request), "--timeout"))


def _attempts_of(request: Request, whole: Deadline, observer: Observer) -> Attempts | None:
    """Who decides on further attempts, when any were asked for."""
    if not request.retry:
        return None
    from rrcli.attempts import Attempts

    return Attempts(request, whole, observer)


def unhurried(request: Request) -> Request:
    """The request without a limit for a whole attempt, but for silence: for streams and downloads (contract, section 1)."""
    idle = IDLE_TIMEOUT if request.idle_timeout is None else request.idle_timeout
    return request.replace(timeout=request.timeout or 0.0, idle_timeout=idle)


def timeout_of(request: Request) -> float | None:
    """The limit of one attempt in seconds."""
    return DEFAULT_TIMEOUT if request.timeout is None else request.timeout


def _refuse_masks(request: Request) -> None:
    """A mask within a request was copied from shown output: sending it would be sending nonsense."""
    if _holds_mask(tuple(request.__dict__.values())):
        raise usage(f"the request contains {MASK}, which stands for a value that was masked", "put the true value there")


def _holds_mask(value: object) -> bool:
    if isinstance(value, tuple):
        return any(_holds_mask(part) for part in value)
    return MASK in value if isinstance(value, str) else isinstance(value, bytes) and MASK.encode() in value


def judge_of(request: Request) -> Callable[[Exchange], Exchange] | None:
    """The checks of the request, read before anything is sent so that a wrong one costs nothing."""
    if not (request.expect or request.ok):
        return None
    from rrcli.policy.expect import Judge

    return Judge(request.expect, request.ok).judge


def _drive(events: Iterator[registry.Event], fold: Fold, context: Context) -> Generator[registry.Event, None, ExchangeError | None]:
    """Run the adapter to its end; its failure, if any. Usage errors pass: nothing was sent."""
    failure = None
    try:
        for event in events:
            if isinstance(event, Waiting):
                yield event
                continue
            fold.take(event)
            if context.stepwise:
                yield event
    except ExchangeError as error:
        if error.layer in ("usage", "local") and not (context.trace.timeline.origin_ns or context.follows):
            raise
        failure = error
    except KeyboardInterrupt as signal:
        failure = interruption(signal)
    except NoMoreWanted:
        if fold.answer is None:
            failure = ExchangeError("internal", "interrupted", "given up by the program before an answer came")
    finally:  # an adapter left half-way by an observer's exception would keep its socket
        if close := getattr(events, "close", None):
            close()
    if failure and failure.phase is None:
        failure.phase = context.trace.timeline.current
    context.trace.timeline.finish(failed=failure is not None)
    return failure


def interruption(signal: KeyboardInterrupt) -> ExchangeError:
    """The failure of what Ctrl-C or TERM ended."""
    message = f"ended by signal {signal.signal}" if isinstance(signal, Interrupted) else "interrupted (Ctrl-C)"
    return ExchangeError("internal", "interrupted", message)


def _suspicions(trace: Trace, answer: Answer | None, warn_days: int) -> list[Note]:
    """What is suspicious whatever the protocol."""
    notes: list[Note] = []
    if trace.tls:
        from rrcli.policy.suspicion import tls_notes

        notes += tls_notes(trace.tls, warn_days)
    if answer and any(name.lower() == "date" for name, _ in answer.fields):
        from rrcli.policy.suspicion import clock_notes

        notes += clock_notes(answer.fields, trace.timeline.started_at_ns / 1e9)
    if answer and answer.body and len(answer.body.data) > LARGE:
        from rrcli.policy.suspicion import body_notes

        notes += body_notes(answer.body)
    elif answer and answer.body and not answer.body.truncated and answer.body.data.count(b'":') > 1:
        from rrcli.policy.suspicion import json_notes

        notes += json_notes(answer.body)
    return notes


def _finish(entry: registry.Entry, context: Context, fold: Fold, failure: ExchangeError | None, began: int) -> Exchange:
    """The exchange as it happened, judged by the protocol's status alone."""
    trace, timeline, answer = context.trace, context.trace.timeline, fold.response()
    fields = fold.message.fields + ((answer.fields + answer.trailers) if answer else ())
    secrets = dict.fromkeys((*context.secrets, *url_secrets(fold.target.url), *field_secrets(fields)))
    exchange = Exchange(
        id=context.id,
        protocol=entry.name,
        target=fold.target,
        request=fold.message,
        response=answer,
        timing=Timing(
            started_at_ns=timeline.started_at_ns or time_ns(),
            phases=dict(timeline.phases),
            total_ns=timeline.total_ns,
            elapsed_ns=now() - began,
        ),
        connection=trace.connection(),
        notes=(*context.notes, *_suspicions(trace, answer, context.request.warn_days)),
        transcript=trace.transcript(),
        secrets=tuple(secrets),
    )
    if failure is None and answer and answer.status.ok:
        return exchange
    from rrcli.policy.advise import application_failure, network_failure

    error: Failure
    if failure is None:
        outcome, error = "application_error", application_failure(entry, exchange, sent=trace.wrote)
    else:
        outcome, error = "error", network_failure(entry, exchange, failure, trace, whole=fold.finished)
    return exchange.replace(outcome=outcome, error=error)
