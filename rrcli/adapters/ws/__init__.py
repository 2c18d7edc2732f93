"""WebSocket (RFC 6455): the upgrade of an HTTP connection, and the messages both ways behind it.

The upgrade is HTTP's, with its credentials, cookies, redirects and proxies (`upgrade.py`); `conversation.py` is the conversation behind it.
"""

from __future__ import annotations

from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.ws.hop import run_hop
from rrcli.adapters.ws.prepare import loaded, opening, refuse_contradictions
from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.ws.request import WsRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: WsRequest, context: Context) -> Iterator[Event]:
    """Ask for the upgrade and talk, or go on where the hop before led to."""
    if not request.arguments:
        raise usage("the URL is missing", "write rrcli ws URL [MESSAGE...]")
    refuse_contradictions(request)
    steps = loaded(request)
    state = context.state or HopState(options=opening(request, request.arguments[0]))
    if state.jar is None and (state.options.keeps_state or context.shared.cookies is not None):
        from rrcli.adapters.http.state.opening import open_state

        state = open_state(state, context)
    events = run_hop(request, state, steps, context)
    yield from state.jar.around(events, context) if state.jar else events
