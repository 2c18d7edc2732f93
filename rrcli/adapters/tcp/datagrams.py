"""UDP: what is sent as datagrams, and those that answer."""

from __future__ import annotations

from rrcli.adapters.tcp.content import named
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


def exchange_datagrams(request: TcpRequest, context: Context, target: Target, payloads: list[bytes]) -> Iterator[Event]:
    """Each payload as one datagram; the answer is the next datagram, or all until a silence with `--read-idle`."""
    socket = context.datagrams(target.host or "", target.port or 0)
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
