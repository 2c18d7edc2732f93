"""Waits until each of several peers answers well, all of them at the same time."""

from __future__ import annotations

from rrcli.base.deadline import now
from rrcli.engine.fanout import interrupted
from rrcli.engine.history import History
from rrcli.engine.send import send
from rrcli.engine.target import target_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from threading import Event

    from rrcli.base.deadline import Deadline
    from rrcli.model.values import Exchange
    from rrcli.options.request import Request


def wait_for(requests: Sequence[Request], whole: Deadline, every_s: float) -> Iterator[tuple[int, Exchange]]:
    """Send each request until its outcome is `ok`, or `whole` leaves no time for another try, with `every_s` seconds between two.

    Yields the number of a request and its last exchange as soon as that is known, its earlier ones in the history; after Ctrl-C or
    TERM every one that is still missing, as interrupted, and whoever asked for the signal knows of it.
    Raises `ExchangeError` of layer `usage` or `local` for a request that is wrong in itself, before anything is sent.
    """
    from queue import SimpleQueue
    from threading import Event, Thread

    for request in requests:
        target_of(request)
    results: SimpleQueue[tuple[int, Exchange | BaseException]] = SimpleQueue()
    ended = Event()

    def work(number: int, request: Request) -> None:
        try:
            results.put((number, _until_ok(request, whole, every_s, ended)))
        except BaseException as error:  # noqa: BLE001  # raised again where somebody can catch it
            results.put((number, error))

    waiting = dict(enumerate(requests))
    for number, request in waiting.items():
        Thread(target=work, args=(number, request), daemon=True).start()
    try:
        while waiting:
            number, found = results.get()
            if isinstance(found, BaseException):
                raise found
            del waiting[number]
            yield number, found
    except KeyboardInterrupt:
        for number, request in waiting.items():
            yield number, interrupted(request)
    finally:
        ended.set()


def _until_ok(request: Request, whole: Deadline, every_s: float, ended: Event) -> Exchange:
    """The first exchange that is well, or the last one that was not cut off by `whole`: it says what is wrong there."""
    history = History()
    before: Exchange | None = None
    while True:
        exchange = send(request, until=whole)
        if before is not None and whole.passed() and exchange.error and exchange.error.kind == "timeout":
            return history.of(before)
        if before is not None:
            history.add(before, "poll")
        no_time = whole.at_ns is not None and now() + int(every_s * 1e9) >= whole.at_ns
        if exchange.outcome == "ok" or no_time or ended.wait(every_s):
            return history.of(exchange)
        before = exchange
