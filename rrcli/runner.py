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
from rrcli.context import Context
from rrcli.document import LARGE
from rrcli.errors import EXIT_TERMINATED, ExchangeError, usage
from rrcli.events import Waiting
from rrcli.fold import Fold
from rrcli.model import Exchange, Failure, Note, Timing
from rrcli.observer import NoMoreWanted, Observer
from rrcli.policy.redact import MASK, field_secrets, url_secrets
from rrcli.wire.clock import Deadline, now
from rrcli.wire.trace import Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from rrcli.attempts import Attempts
    from rrcli.history import History
    from rrcli.model import Answer
    from rrcli.options import Request
    from rrcli.wire.pool import Pool

DEFAULT_TIMEOUT = 30.0
IDLE_TIMEOUT = 30.0  # seconds of silence that end a stream or a download
MAX_HOPS = 20  # that one exchange may lead on to


class Interrupted(KeyboardInterrupt):
    """TERM arrived: the same as Ctrl-C with an exit code of its own. `signal` is its number."""

    exit_code = EXIT_TERMINATED

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


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
        return judge(exchange, whole) if judge else exchange

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
    return judge(exchange, whole) if judge else exchange


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


def judge_of(request: Request) -> Callable[[Exchange, Deadline], Exchange] | None:
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
