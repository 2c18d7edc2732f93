"""The runner: from a request to a frozen `Exchange`, whatever the network does.

It owns the deadline, folds an adapter's events, turns failures into values, and judges: the protocol's status,
`--ok` and the expectations. It never raises for what a peer did; what it raises is a wrong request
(`ExchangeError` of layer `usage` or `local`) or a bug.
"""

from __future__ import annotations

import os
from time import time_ns

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.fields import MASK
from rrcli.engine import registry
from rrcli.engine.builder import ExchangeBuilder
from rrcli.engine.context import Context
from rrcli.engine.events import Blocked, NoMoreWanted, Observer
from rrcli.engine.interrupt import interruption
from rrcli.model.values import LARGE, Exchange, Note, Timing
from rrcli.options.request import timeout_of
from rrcli.wire.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.engine.attempts import Attempts
    from rrcli.engine.events import Event
    from rrcli.engine.history import History
    from rrcli.model.values import Body, Response
    from rrcli.options.request import Request
    from rrcli.policy.judge import Judge

MAX_HOPS = 20  # that one exchange may lead on to


def new_id() -> str:
    """A UUID of version 7 (RFC 9562 §5.7): it sorts by time."""
    stamp = (time_ns() // 10**6).to_bytes(6, "big")
    random = bytearray(os.urandom(10))
    random[0] = random[0] & 0x0F | 0x70
    random[2] = random[2] & 0x3F | 0x80
    text = (stamp + random).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def run_hops(
    entry: registry.Protocol, context: Context, observer: Observer, whole: Deadline, began: int
) -> Generator[Event, None, Exchange]:
    """One hop after the other, each attempted as often as is asked for and sound, until one leads no further.

    The earlier ones are the history of the last. A hop that fails is repeated by itself, not those that led to it.
    """
    exchange_of = entry.load()[1]
    request = context.request
    attempts = _attempts_of(request, whole, observer)
    history: History | None = None
    hops = 0
    while True:
        builder = ExchangeBuilder(context, attempts.begin() if attempts else observer)
        failure = yield from _drive(exchange_of(request, context), builder, context)
        then = builder.then
        if context.log and not then and (failure or (builder.answer and builder.answer.status.ok)):
            failure = context.log.judge(failure)
        if then and hops == MAX_HOPS and then.limited and not then.resumes:
            failure = ExchangeError("protocol", "too_many_redirects", f"the answers lead on and on: {MAX_HOPS} were followed")
        exchange = _finish(entry, context, builder, failure or builder.failure, began)
        if then and not failure:
            hops = 0 if then.resumes else hops + then.limited
            history = _filed(history, exchange, then.why)
            context = context.hop(then)
            continue
        if failure and context.pool and (anew := _on_another_connection(context, exchange)):
            context = anew
            continue
        again = False
        if attempts:
            again, exchange = attempts.retry_or_finish(exchange)
        if not again:
            return history.of(exchange) if history else exchange
        history = _filed(history, exchange, "retry")
        context = context.again(attempt_deadline(request, whole))


def _on_another_connection(context: Context, exchange: Exchange) -> Context | None:
    """The context in which to send it again, where a kept connection turned out to be over; else `None`."""
    from rrcli.engine.reopen import reopened

    return reopened(context, exchange)


def _filed(history: History | None, exchange: Exchange, why: str | None) -> History:
    """The history, which begins with the first earlier exchange, and one more in it."""
    if history is None:
        from rrcli.engine.history import History

        history = History()
    history.add(exchange, why)
    return history


def attempt_deadline(request: Request, whole: Deadline) -> Deadline:
    """The deadline of an attempt that begins now, within the whole."""
    return whole.sooner(Deadline.after(timeout_of(request), "--timeout"))


def _attempts_of(request: Request, whole: Deadline, observer: Observer) -> Attempts | None:
    """Who decides on further attempts, when any were asked for."""
    if not request.retry:
        return None
    from rrcli.engine.attempts import Attempts

    return Attempts(request, whole, observer)


def refuse_masks(request: Request) -> None:
    """A mask within a request was copied from shown output: sending it would be sending nonsense."""
    if _holds_mask(tuple(request.__dict__.values())):
        raise usage(f"the request contains {MASK}, which stands for a value that was masked", "put the true value there")


def _holds_mask(value: object) -> bool:
    if isinstance(value, tuple):
        return any(_holds_mask(part) for part in value)
    return MASK in value if isinstance(value, str) else isinstance(value, bytes) and MASK.encode() in value


def judge_of(request: Request) -> Judge | None:
    """The checks of the request, read before anything is sent so that a wrong one costs nothing."""
    expect = (*request.expect, *request.own_checks)
    if not (expect or request.ok):
        return None
    from rrcli.policy.judge import Judge

    return Judge(expect, request.ok)


def _drive(events: Iterator[Event], builder: ExchangeBuilder, context: Context) -> Generator[Event, None, ExchangeError | None]:
    """Run the adapter to its end; its failure, if any. Usage errors pass: nothing was sent."""
    failure = None
    try:
        for event in events:
            if isinstance(event, Blocked):
                yield event
                continue
            builder.apply(event)
            if context.stepwise:
                yield event
    except ExchangeError as error:
        if error.layer in ("usage", "local") and not (context.recorder.timeline.origin_ns or context.follows):
            raise
        failure = error
    except KeyboardInterrupt as signal:
        failure = interruption(signal)
    except NoMoreWanted:
        if builder.answer is None:
            failure = ExchangeError("internal", "interrupted", "given up by the program before an answer came")
    finally:  # an adapter left half-way by an observer's exception would keep its socket
        if close := getattr(events, "close", None):
            close()
    if failure and failure.phase is None:
        failure.phase = context.recorder.timeline.current
    context.recorder.timeline.finish(failed=failure is not None)
    return failure


def _suspicions(entry: registry.Protocol, recorder: Recorder, answer: Response | None, warn_days: int) -> list[Note]:
    """What is suspicious, whatever the protocol and by its own rules."""
    notes: list[Note] = []
    if recorder.tls:
        from rrcli.policy.notes import tls_notes, unverified_notes

        notes += tls_notes(recorder.tls, warn_days)
        if answer:  # else they may be what it failed with
            notes += unverified_notes(recorder.tls)
    if answer:
        notes += entry.load_hooks().notes(answer, recorder.timeline.started_at_ns / 1e9)
    if answer and answer.body:
        notes += _content_suspicions(answer.body)
    return notes


def _content_suspicions(body: Body) -> list[Note]:
    """What is suspicious about content; nothing is loaded for what is plainly in order."""
    notes: list[Note] = []
    if len(body.data) > LARGE:
        from rrcli.policy.notes import body_notes

        return body_notes(body)
    if body.charset not in (None, "utf-8") or not body.data.isascii():
        from rrcli.policy.notes import charset_notes

        notes += charset_notes(body)
    if body.media_type and body.media_type.endswith(("/json", "+json")) and not body.truncated and body.data:
        from rrcli.base.jsontext import loads

        try:
            loads(body.data.decode())
        except ValueError:
            from rrcli.policy.notes import bad_json_notes

            return notes + bad_json_notes(body)
    if not body.truncated and body.data.count(b'":') > 1:
        from rrcli.policy.notes import json_notes

        notes += json_notes(body)
    return notes


def _finish(entry: registry.Protocol, context: Context, builder: ExchangeBuilder, failure: ExchangeError | None, began: int) -> Exchange:
    """The exchange as it happened, judged by the protocol's status alone."""
    recorder, timeline, answer = context.recorder, context.recorder.timeline, builder.response()
    exchange = Exchange(
        id=context.id,
        protocol=entry.name,
        target=builder.target,
        request=builder.message,
        response=answer,
        timing=Timing(
            started_at_ns=timeline.started_at_ns or time_ns(),
            phases=dict(timeline.phases),
            total_ns=timeline.total_ns,
            elapsed_ns=now() - began,
        ),
        connection=recorder.connection(),
        notes=(*context.notes, *_suspicions(entry, recorder, answer, context.request.warn_days)),
        transcript=recorder.transcript(),
        secrets=builder.secrets(),
        content_spans=None if context.request.wire is None else entry.load_manifest().content_spans,
    )
    if failure is None and answer and answer.status.ok:
        return exchange
    from rrcli.policy.failures import application_failure, network_failure

    if failure is None:
        from rrcli.engine.catalogue import meaning_of

        assert answer
        error = application_failure(exchange, meaning_of(answer.status, entry), sent=recorder.wrote)
        return exchange.replace(outcome="application_error", error=error)
    error = network_failure(
        exchange,
        failure,
        recorder,
        label=lambda: entry.load_manifest().label,
        scheme_of=_scheme_of_greeting,
        whole=builder.finished and answer is not None,
    )
    return exchange.replace(outcome="error", error=error)


def _scheme_of_greeting(name: str) -> str | None:
    from rrcli.engine.catalogue import scheme_of_greeting

    return scheme_of_greeting(name)
