"""Raw bytes over TCP, TLS, UDP or a unix socket: send some, read until the answer ends where the user says it does.

The steps of a conversation (send, await, change to TLS) are taken in the order given, by `dialogue.py`.
"""

from __future__ import annotations

from rrcli.adapters.tcp.connection import connect
from rrcli.adapters.tcp.content import message
from rrcli.adapters.tcp.prepare import loaded, refuse_contradictions, resolve
from rrcli.engine.context import Route
from rrcli.engine.events import Finished, Sent
from rrcli.model.values import Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.tcp.request import TcpRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: TcpRequest, context: Context) -> Iterator[Event]:
    """Take the steps, read the answer. An end that was asked for and did not come is `truncated`."""
    target, request = resolve(request)
    if request.unix_socket != context.request.unix_socket:  # a URL named it
        context.route = Route(proxy=request.proxy, unix_socket=request.unix_socket, sni=request.sni)
    refuse_contradictions(request)
    steps = loaded(request)
    yield Sent(message=message(request, target, steps), target=target)
    if request.udp:
        from rrcli.adapters.tcp.datagrams import exchange_datagrams

        yield from exchange_datagrams(request, context, target, [data for _, data in steps if isinstance(data, bytes)])
        return
    from rrcli.adapters.tcp.dialogue import Dialogue  # before the clock starts

    stream = connect(request, context, target)
    try:
        if request.connect_only:
            yield Finished(answer=Response(summary="connected", status=Status(text="connected"), data={"banner": None}))
            return
        yield from Dialogue(request, context, stream, target).run(steps)
    finally:
        stream.close()
