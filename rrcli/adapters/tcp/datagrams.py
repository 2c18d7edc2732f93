"""UDP: what is sent as datagrams, and those that answer."""

from __future__ import annotations

from rrcli.adapters.tcp.content import named
from rrcli.base.errors import ExchangeError
from rrcli.engine.events import Content, Finished, Received
from rrcli.model.values import Body, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.tcp.request import TcpRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Target
    from rrcli.wire.datagram import Datagrams
    from rrcli.wire.resolve import Address


def exchange_datagrams(request: TcpRequest, context: Context, target: Target, payloads: list[bytes]) -> Iterator[Event]:
    """Each payload as one datagram; the answer is the next datagram, or all until a silence with `--read-idle`.

    Where an address refuses, or there is no way to it, all of them go to the host's next one.
    """
    *others, last = context.datagram_places(target.host or "", target.port or 0)
    for place in others:
        try:
            yield from _exchange_with(place, request, context, payloads)
            return
        except ExchangeError as error:
            if error.kind not in ("refused", "unreachable") or context.recorder.answered:
                raise
            recorder = context.recorder
            recorder.attempts[-1] = recorder.attempts[-1].replace(error=error.kind)
            recorder.wrote = False  # nobody has got it
            recorder.timeline.count_in_vain()
    yield from _exchange_with(last, request, context, payloads)


def _exchange_with(place: Address, request: TcpRequest, context: Context, payloads: list[bytes]) -> Iterator[Event]:
    socket = context.datagrams(place)
    try:
        for data in payloads or [b""]:
            socket.send(data)
        yield from _receive(request, context, socket)
    finally:
        socket.close()


def _receive(request: TcpRequest, context: Context, socket: Datagrams) -> Iterator[Event]:
    from rrcli.base.deadline import Deadline

    answer = Response(summary="", status=Status(text="answered"), body=Body())
    size, until = 0, None
    socket.deadline = context.deadline.sooner(Deadline.after(request.idle_timeout, "--idle-timeout"))
    while (data := socket.receive(until)) is not None:
        if until is None:
            yield Received(answer=answer)
        size += len(data)
        yield Content(data=data)
        if request.read_idle is None:
            break
        until = Deadline.after(request.read_idle, "--read-idle")
    if socket.foreign_datagrams:
        context.note("spoofed", f"{socket.foreign_datagrams} datagrams from other sources were ignored")
    framing = "datagram" if request.read_idle is None else "read-idle"
    yield Finished(answer=named(context, answer, size, framing, spoke_first=False))
