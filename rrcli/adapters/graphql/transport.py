"""What carries a call, and the call over plain HTTP."""

from __future__ import annotations

from rrcli.adapters.graphql.prepare import carrier, split_words
from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.graphql.call import CallState
    from rrcli.adapters.graphql.request import GraphqlRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def transport_of(request: GraphqlRequest, state: CallState) -> str:
    """What carries the call: http, ws or sse. Raises `usage` where two things asked for exclude each other."""
    call, prepared = state.call, state.http.prepared if state.http else None
    url = prepared.url if prepared else split_words(request)[0]
    by_scheme = "ws" if url.partition("://")[0].lower() in ("ws", "wss") else None
    chosen = request.transport or by_scheme or ("ws" if call.kind == "subscription" else "http")
    if by_scheme and chosen != "ws":
        raise usage(f"--transport {chosen} and {url.partition('://')[0]}:// exclude each other", "write http:// or https://")
    if call.kind == "subscription" and chosen == "http":
        raise usage("a subscription is a stream of events, which --transport http has not", "choose --transport ws or sse")
    if chosen == "http":
        if request.init is not None:
            raise usage("--init belongs to the WebSocket transport", "add --transport ws, or leave --init out")
        return chosen
    for flag, given in {"--batch": bool(call.parts), "--persisted": request.persisted, "--schema": request.asks_for_schema}.items():
        if given:
            raise usage(f"{flag} and --transport {chosen} exclude each other", "it goes over HTTP")
    return chosen


def over_http(request: GraphqlRequest, state: CallState, context: Context) -> Iterator[Event]:
    """Send the call as HTTP does, and read its answer as GraphQL."""
    from rrcli.adapters.graphql.answer import front
    from rrcli.adapters.http.hop import run_hop
    from rrcli.adapters.http.hopstate import HopState

    http = state.http or HopState(options=carrier(request, state.call, registering=state.registering))
    return front(run_hop(http, context), request, state, context)
