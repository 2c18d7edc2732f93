"""Sends one request: once, or until `--until` holds."""

from __future__ import annotations

from rrcli.base.deadline import Deadline, now
from rrcli.engine import registry
from rrcli.engine.context import Context, Shared
from rrcli.engine.events import Blocked, Observer
from rrcli.engine.runner import attempt_deadline, judge_of, new_id, refuse_masks, run_hops
from rrcli.options.commandline import command_of, reads_stdin, shown_command
from rrcli.options.request import without_attempt_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from rrcli.engine.begun import Begun
    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange
    from rrcli.options.request import Request


def send(
    request: Request, observer: Observer | None = None, *, until: Deadline | None = None, shared: Shared | None = None, state: Any = None
) -> Exchange:
    """Send one request and return what became of it, before `until` when that is sooner than the request's own limits.

    `shared` has the connections and cookies that it may use, `state` is what the adapter's first hop begins with.
    Raises `ExchangeError` of layer `usage` or `local` when the request is wrong in itself: nothing was sent then.
    """
    return finish(steps(request, observer, until=until, shared=shared, state=state))


def finish(running: Generator[Event, None, Exchange]) -> Exchange:
    """The exchange that these steps come to, waited for whenever they say that they have to."""
    while True:
        try:
            event = next(running)
        except StopIteration as end:
            exchange: Exchange = end.value
            return exchange
        if isinstance(event, Blocked) and event.on and not event.on.ready:
            from rrcli.wire.pool import wait

            wait((event.on.session,), event.until.at_ns if event.until else None)


def steps(
    request: Request,
    observer: Observer | None = None,
    *,
    until: Deadline | None = None,
    shared: Shared | None = None,
    state: Any = None,
    stepwise: bool = False,
    begun: Begun | None = None,
    judges: bool = True,
) -> Generator[Event, None, Exchange]:
    """What `send` does, in steps: it comes back with `Blocked` while it waits for a connection that others use too.

    With `stepwise` it comes back with every event. One that was `begun` goes on from there; without `judges` nothing is checked.
    """
    began = begun.began_ns if begun else now()
    entry = registry.protocol_of(request)
    asked = request
    shared = shared or Shared()
    if shared.accepted is not request:
        refuse_masks(request)
        shared.accepted = request
    hooks = entry.load_hooks()
    streams = hooks.streams(request)
    if streams:
        request = without_attempt_timeout(request, hooks.idle_limit(request))
    if request.idempotency_key == "auto":
        request = request.replace(idempotency_key=new_id())
    if request.traceparent == "auto":
        from rrcli.base.tracecontext import new_trace

        request = request.replace(traceparent=new_trace())  # that all attempts and hops belong to
    judge = judge_of(request) if judges else None
    whole = until or Deadline.after(request.deadline, "--deadline")
    exchange_id = request.request_id if request.request_id not in (None, "auto") else new_id()
    if hooks.is_offline(request):
        from rrcli.engine.offline import build

        exchange = with_command(build(request, observer or Observer(), str(exchange_id), state), entry, asked, shared)
        return judge.judge(exchange, whole) if judge else exchange

    def once(request: Request, observer: Observer) -> Generator[Event, None, Exchange]:
        limit = whole.sooner(Deadline.after(request.retry_max_time, "--retry-max-time")) if request.retry else whole
        context = Context(request, shared, begun.deadline if begun else attempt_deadline(request, limit), str(exchange_id), state)
        if begun:
            context.begun, context.recorder = begun, begun.recorder
        context.stepwise, context.whole = stepwise, limit
        if streams:
            context.event_log()
        return run_hops(entry, context, observer, limit, began)

    if request.until and not streams:
        from rrcli.engine.until import until_it_holds

        exchange = yield from until_it_holds(request, once, observer or Observer(), whole)
    else:
        exchange = yield from once(request, observer or Observer())
    exchange = with_command(exchange, entry, asked, shared)
    return judge.judge(exchange, whole) if judge else exchange


def with_command(exchange: Exchange, entry: registry.Protocol, asked: Request, shared: Shared | None = None) -> Exchange:
    """The exchange with the words that send it again, unless something came from standard input."""
    if reads_stdin(asked):
        return exchange
    shared = shared or Shared()
    if shared.command is None or shared.command[0] is not asked:  # a series sends one request many times
        command = command_of(entry.name, asked, options_end=asked.options_end_at_data)
        shared.command = asked, command, shown_command(entry.name, asked, options_end=asked.options_end_at_data)
    _, command, shown = shared.command
    return exchange.replace(command=command, shown_command=shown)
