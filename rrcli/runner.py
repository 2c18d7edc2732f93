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
from rrcli.digest import sha256
from rrcli.errors import EXIT_TERMINATED, ExchangeError, usage
from rrcli.events import Content, Item, Received, Sent
from rrcli.model import Answer, Body, Exchange, Failure, Message, Note, Target, Timing
from rrcli.policy.redact import MASK, field_secrets, url_secrets
from rrcli.wire.clock import Deadline, now
from rrcli.wire.trace import Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from rrcli.options import Request
    from rrcli.wire.datagram import Datagrams
    from rrcli.wire.stream import Stream

DEFAULT_TIMEOUT = 30.0
IDLE_TIMEOUT = 30.0  # seconds of silence that end a stream or a download
MOST_EVENTS = 10_000  # of a stream that are kept; the others are counted
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

    def received(self, answer: Answer) -> None:
        """The status is known."""

    def content(self, data: bytes) -> None:
        """The next piece of content."""

    def item(self, value: dict[str, Any], text: bytes, secrets: list[str]) -> None:
        """The next event of a stream, as the document will hold it, and as its raw line."""


class Context:
    """What an adapter is given to send one request: the wire, and where to leave notes and secrets."""

    def __init__(self, request: Request, deadline: Deadline, exchange_id: str) -> None:
        self.request = request
        self.deadline = deadline
        self.id = exchange_id
        self.trace = Trace(request.wire)
        self.notes: list[Note] = []
        self.secrets: list[str] = []
        self.follows = False  # an earlier hop was sent
        self.events = 0

    def hop(self, request: Request) -> Context:
        """The context of the next hop: a trace of its own, the same deadline and id; notes and secrets add up."""
        context = Context(request, self.deadline, self.id)
        context.notes, context.secrets, context.follows = self.notes, self.secrets, True
        return context

    def connect(self, host: str, port: int, *, tls: bool = False, alpn: tuple[str, ...] = ()) -> Stream:
        """An open stream, over TLS when asked; trust is loaded before the clock starts."""
        from rrcli.wire.dial import connect

        return connect(self.request, host, port, self.trace, self.deadline, self.tls_context(alpn) if tls else None)

    def tls_context(self, alpn: tuple[str, ...] = ()) -> Any:
        """The request's TLS settings, for a stream that changes to TLS later."""
        from rrcli.wire.tls import make_context

        return make_context(self.request, alpn)

    def datagrams(self, host: str, port: int) -> Datagrams:
        """A UDP socket for one peer."""
        from rrcli.wire.datagram import Datagrams

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
    judge = _judge_of(request)
    whole = until or Deadline.after(request.deadline, "--deadline")
    deadline = whole.sooner(Deadline.after(timeout_of(request), "--timeout"))
    exchange_id = request.request_id if request.request_id not in (None, "auto") else new_id()
    context = Context(request, deadline, str(exchange_id))
    exchange = _hops(entry, context, observer or Observer(), began)
    return judge(exchange) if judge else exchange


def _hops(entry: registry.Entry, context: Context, observer: Observer, began: int) -> Exchange:
    """One hop after the other, until one leads no further; the earlier ones are the history of the last."""
    exchange_of = entry.load()[1]
    history: list[Exchange] = []
    while True:
        fold = _Fold(context, observer)
        failure = _drive(exchange_of(context.request, context), fold, context)
        if fold.next and len(history) == MAX_HOPS:
            failure = ExchangeError("protocol", "too_many_redirects", f"the answers lead on and on: {MAX_HOPS} were followed")
        exchange = _finish(entry, context, fold, failure, began)
        if failure or not fold.next:
            return exchange.replace(history=tuple(history))
        history.append(exchange.replace(why=fold.why))
        context = context.hop(fold.next)


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


class _Fold:
    """Folds the events of one hop: what was asked, the answer so far, its content up to a limit."""

    def __init__(self, context: Context, observer: Observer) -> None:
        self.message = Message(summary="")
        self.target = Target(url="")
        self.answer: Answer | None = None
        self.finished = False
        self.next: Request | None = None
        self.why: str | None = None
        self.size = 0
        self.kept: list[bytes] = []
        self._keeps = observer.keeps_content
        self._room = context.request.max_size if self._keeps else 0
        self._events: list[dict[str, Any]] = []
        self._context = context
        self._digest = sha256()
        self._observer = observer

    def take(self, event: registry.Event) -> None:
        if isinstance(event, Sent):
            self.message, self.target = event.message, event.target
        elif isinstance(event, Content):
            self._content(event.data)
        elif isinstance(event, Item):
            self._item(event)
        elif isinstance(event, Received):
            self.answer = event.answer
            self._observer.received(event.answer)
        else:
            self.answer, self.next, self.why = event.answer, event.next, event.why
            self.finished = True

    def _content(self, data: bytes) -> None:
        self.size += len(data)
        self._digest.update(data)
        self._observer.content(data)
        if self._room:
            self.kept.append(data[: self._room])
            self._room -= len(self.kept[-1])

    def _item(self, event: Item) -> None:
        timeline = self._context.trace.timeline
        at_ms = round((timeline.last_ns - timeline.origin_ns) / 1e6, 3)
        value = {"at_ms": at_ms, "type": event.type, "data": event.data, **event.more}
        self._context.events += 1
        if len(self._events) < MOST_EVENTS:
            self._events.append(value)
        elif self._context.events == MOST_EVENTS + 1:
            self._context.note("events-left-out", f"only the first {MOST_EVENTS} events are kept in the document")
        self._observer.item(value, event.text, self._context.secrets)

    def response(self) -> Answer | None:
        """The answer with its content; `None` when not even the status came."""
        if self.answer is None:
            return None
        if self._events:
            self.answer = self.answer.replace(data={**self.answer.data, "events": self._events})
        body = self.answer.body or (Body() if self.size else None)
        if body is None:
            return self.answer
        data = b"".join(self.kept)
        truncated = (self._keeps and len(data) < self.size) or not self.finished
        return self.answer.replace(body=body.replace(data=data, size=self.size, sha256=self._digest.hexdigest(), truncated=truncated))


def _drive(events: Iterator[registry.Event], fold: _Fold, context: Context) -> ExchangeError | None:
    """Run the adapter to its end; its failure, if any. Usage errors pass: nothing was sent."""
    failure = None
    try:
        for event in events:
            fold.take(event)
    except ExchangeError as error:
        if error.layer in ("usage", "local") and not (context.trace.timeline.origin_ns or context.follows):
            raise
        failure = error
    except Interrupted as error:
        failure = ExchangeError("internal", "interrupted", f"ended by signal {error.signal}")
    except KeyboardInterrupt:
        failure = ExchangeError("internal", "interrupted", "interrupted (Ctrl-C)")
    finally:  # an adapter left half-way by an observer's exception would keep its socket
        if close := getattr(events, "close", None):
            close()
    if failure and failure.phase is None:
        failure.phase = context.trace.timeline.current
    context.trace.timeline.finish(failed=failure is not None)
    return failure


def _suspicions(trace: Trace) -> list[Note]:
    """What is suspicious whatever the protocol."""
    if trace.tls is None:
        return []
    from rrcli.policy.suspicion import tls_notes

    return tls_notes(trace.tls)


def _finish(entry: registry.Entry, context: Context, fold: _Fold, failure: ExchangeError | None, began: int) -> Exchange:
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
        notes=(*context.notes, *_suspicions(trace)),
        transcript=trace.transcript(),
        secrets=tuple(secrets),
    )
    if failure is None and answer and answer.status.ok:
        return exchange
    from rrcli.policy.advise import application_failure, network_failure

    error: Failure
    if failure is None:
        outcome, error = "application_error", application_failure(entry, exchange)
    else:
        outcome, error = "error", network_failure(entry, exchange, failure, trace)
    return exchange.replace(outcome=outcome, error=error)
