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
from rrcli.fold import Fold
from rrcli.model import Exchange, Failure, Note, Timing
from rrcli.policy.redact import MASK, field_secrets, url_secrets
from rrcli.wire.clock import Deadline, now
from rrcli.wire.trace import Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from rrcli.attempts import Attempts
    from rrcli.model import Answer
    from rrcli.options import Request
    from rrcli.wire.datagram import Datagrams
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


class Observer:
    """Sees the answer while it comes. The base sees nothing; printing is one kind of it."""

    keeps_content = True  # False: the observer takes the content itself, and nothing of it is kept in memory

    @property
    def shows(self) -> bool:
        """Whether what it is told goes on to the user, who must not be told it twice."""
        return type(self) is not Observer

    def begins(self) -> None:
        """A request is about to go out: the first, that of another hop, or of another attempt."""

    def received(self, answer: Answer) -> None:
        """The status is known."""

    def content(self, data: bytes) -> None:
        """The next piece of content."""

    def item(self, value: dict[str, Any], text: bytes, secrets: list[str]) -> None:
        """The next event of a stream, as the document will hold it, and as its raw line."""

    def waits(self, seconds: float, number: int) -> None:
        """Retry `number` follows in so many seconds."""


class Context:
    """What an adapter is given to send one request: the wire, and where to leave notes and secrets."""

    def __init__(self, request: Request, deadline: Deadline, exchange_id: str) -> None:
        self.request = request
        self.deadline = deadline
        self.id = exchange_id
        self.trace = Trace(request.wire)
        self.notes: list[Note] = []
        self.secrets: list[str] = []
        self.follows = False  # an earlier hop or attempt was sent
        self.events = 0
        self.keeps_content = True  # False: content is passed on, however much there is of it
        self._notes_before = 0  # those of earlier hops

    def hop(self, request: Request) -> Context:
        """The context of the next hop: a trace of its own, the same deadline and id; notes and secrets add up."""
        context = Context(request, self.deadline, self.id)
        context.notes, context.secrets, context.follows = self.notes, self.secrets, True
        context._notes_before = len(self.notes)
        return context

    def again(self, request: Request, deadline: Deadline) -> Context:
        """The context of another attempt of the same hop, with a deadline of its own and without this one's notes."""
        context = Context(request, deadline, self.id)
        context.notes, context.secrets, context.follows = self.notes[: self._notes_before], self.secrets, True
        context._notes_before = self._notes_before
        return context

    def connect(self, host: str, port: int, *, tls: bool = False, alpn: tuple[str, ...] = ()) -> Stream:
        """An open stream, over TLS when asked; trust is loaded before the clock starts."""
        from rrcli.wire.dial import connect

        if self.request.proxy:
            from rrcli.wire.proxy import parse

            self.secret(*parse(self.request.proxy).secrets)
        return connect(self.request, host, port, self.trace, self.deadline, self.tls_context(alpn) if tls else None)

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
        self.notes.append(Note(code=code, message=message))

    def enough(self) -> bool:
        """Whether a stream has brought as many events as were asked for."""
        return self.request.max_events is not None and self.events >= self.request.max_events

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
    began = now()
    entry = registry.entry_of(request)
    _refuse_masks(request)
    if request.streams():
        request = unhurried(request)
    if request.idempotency_key == "auto":
        request = request.replace(idempotency_key=new_id())
    judge = _judge_of(request)
    whole = until or Deadline.after(request.deadline, "--deadline")
    if request.retry:
        whole = whole.sooner(Deadline.after(request.retry_max_time, "--retry-max-time"))
    exchange_id = request.request_id if request.request_id not in (None, "auto") else new_id()
    context = Context(request, _deadline_of(request, whole), str(exchange_id))
    exchange = _hops(entry, context, observer or Observer(), whole, began)
    return judge(exchange) if judge else exchange


def _hops(entry: registry.Entry, context: Context, observer: Observer, whole: Deadline, began: int) -> Exchange:
    """One hop after the other, each attempted as often as is asked for and sound, until one leads no further.

    The earlier ones are the history of the last. A hop that fails is repeated by itself, not those that led to it.
    """
    exchange_of = entry.load()[1]
    attempts = _attempts_of(context.request, whole, observer)
    history: list[Exchange] = []
    hops = 0
    while True:
        request = context.request  # the adapter may put what it makes of it in its place
        fold = Fold(context, attempts.begin() if attempts else observer)
        failure = _drive(exchange_of(request, context), fold, context)
        if fold.next and hops == MAX_HOPS:
            failure = ExchangeError("protocol", "too_many_redirects", f"the answers lead on and on: {MAX_HOPS} were followed")
        exchange = _finish(entry, context, fold, failure or fold.failure, began)
        if fold.next and not failure:
            hops += 1
            history.append(exchange.replace(why=fold.why))
            context = context.hop(fold.next)
            continue
        again = False
        if attempts:
            again, exchange = attempts.another(exchange)
        if not again:
            return exchange.replace(history=tuple(history))
        history.append(exchange.replace(why="retry"))
        context = context.again(request, _deadline_of(request, whole))


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


def _judge_of(request: Request) -> Callable[[Exchange], Exchange] | None:
    """The checks of the request, read before anything is sent so that a wrong one costs nothing."""
    if not (request.expect or request.ok):
        return None
    from rrcli.policy.expect import Judge

    return Judge(request.expect, request.ok).judge


def _drive(events: Iterator[registry.Event], fold: Fold, context: Context) -> ExchangeError | None:
    """Run the adapter to its end; its failure, if any. Usage errors pass: nothing was sent."""
    failure = None
    try:
        for event in events:
            fold.take(event)
    except ExchangeError as error:
        if error.layer in ("usage", "local") and not (context.trace.timeline.origin_ns or context.follows):
            raise
        failure = error
    except KeyboardInterrupt as signal:
        failure = interruption(signal)
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
