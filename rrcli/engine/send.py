"""Sends one request: once, or until `--until` holds."""

from __future__ import annotations

from rrcli.base.deadline import Deadline, now
from rrcli.engine import registry
from rrcli.engine.context import Context
from rrcli.engine.observer import Observer
from rrcli.engine.runner import _deadline_of, _hops, _refuse_masks, judge_of, new_id
from rrcli.engine.timeouts import without_attempt_timeout
from rrcli.options.commandline import command_of, reads_stdin, shown_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange
    from rrcli.options.request import Request
    from rrcli.wire.pool import Pool


def send(request: Request, observer: Observer | None = None, *, until: Deadline | None = None) -> Exchange:
    """Send one request and return what became of it, before `until` when that is sooner than the request's own limits.

    Raises `ExchangeError` of layer `usage` or `local` when the request is wrong in itself: nothing was sent then.
    """
    running = steps(request, observer, until=until)
    while True:
        try:
            next(running)
        except StopIteration as end:
            exchange: Exchange = end.value
            return exchange


def steps(
    request: Request, observer: Observer | None = None, *, until: Deadline | None = None, pool: Pool | None = None, stepwise: bool = False
) -> Generator[Event, None, Exchange]:
    """What `send` does, in steps: with a `pool` it comes back while it waits for a connection that others use too."""
    began = now()
    entry = registry.protocol_of(request)
    asked = request
    _refuse_masks(request)
    streams = request.streams()
    if streams:
        request = without_attempt_timeout(request)
    if request.idempotency_key == "auto":
        request = request.replace(idempotency_key=new_id())
    judge = judge_of(request)
    whole = until or Deadline.after(request.deadline, "--deadline")
    exchange_id = request.request_id if request.request_id not in (None, "auto") else new_id()
    if request.is_offline():
        from rrcli.engine.offline import build

        exchange = with_command(build(request, observer or Observer(), str(exchange_id)), entry, asked)
        return judge(exchange, whole) if judge else exchange

    def once(request: Request, observer: Observer) -> Generator[Event, None, Exchange]:
        limit = whole.sooner(Deadline.after(request.retry_max_time, "--retry-max-time")) if request.retry else whole
        context = Context(request, _deadline_of(request, limit), str(exchange_id))
        context.pool, context.stepwise, context.whole = pool, stepwise, limit
        if streams:
            context.event_log()
        return _hops(entry, context, observer, limit, began)

    if request.until and not streams:
        from rrcli.engine.until import until_it_holds

        exchange = yield from until_it_holds(request, once, observer or Observer(), whole)
    else:
        exchange = yield from once(request, observer or Observer())
    if pool is None:  # in a series they would all be the same
        exchange = with_command(exchange, entry, asked)
    return judge(exchange, whole) if judge else exchange


def with_command(exchange: Exchange, entry: registry.Protocol, asked: Request) -> Exchange:
    """The exchange with the words that send it again, unless something came from standard input."""
    command = command_of(entry.name, asked, options_end=entry.first_word_ends_options)
    if command is None or reads_stdin(asked):
        return exchange
    shown = shown_command(entry.name, asked, options_end=entry.first_word_ends_options)
    return exchange.replace(command=command, shown_command=shown)
