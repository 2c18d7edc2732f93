"""One upgrade to WebSocket, and the conversation where it is granted."""

from __future__ import annotations

from rrcli.adapters.ws.conversation import WsConversation, sent
from rrcli.adapters.ws.upgrade import UpgradeLeads, prepared_upgrade, upgrade
from rrcli.codec.ws import Handshake
from rrcli.engine.events import Finished, Received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.ws.prepare import Step
    from rrcli.adapters.ws.request import WsRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Response


def run_hop(request: WsRequest, state: HopState, steps: list[Step], context: Context) -> Iterator[Event]:
    """One upgrade, and the conversation where it is granted."""
    handshake = Handshake(request.subprotocols, compress=not request.no_compress, largest=request.max_size)
    prepared = prepared_upgrade(state, handshake, context)
    yield sent(prepared, says_something=bool(steps) or request.stdin)
    stream = context.connect(prepared.host, prepared.port, tls=prepared.scheme == "https", alpn=("http/1.1",))
    try:
        socket = None
        asking = upgrade(stream, prepared, handshake, UpgradeLeads(state, prepared, context), context)
        try:
            while True:
                event = next(asking)
                yield event.replace(answer=_of_ws(event.answer)) if isinstance(event, (Received, Finished)) and event.answer else event
        except StopIteration as end:
            socket = end.value
        if socket is not None:
            yield from WsConversation(request, prepared, steps, socket, context).run()
    finally:
        stream.close()


def _of_ws(answer: Response) -> Response:
    """An answer of HTTP with the keys that a WebSocket's has."""
    data = {**answer.data, "events": [], "close_code": None, "close_reason": None, "subprotocol": None, "extensions": []}
    if answer.status.code == 101:  # the connection goes on, and what ends it is to be seen
        return answer.replace(body=None, framing=None, data=data)
    return answer.replace(data=data)
