"""GraphQL over HTTP, and its subscriptions over WebSocket or Server-Sent Events.

`document.py` reads what a document asks for, `words.py` what the command line does; over HTTP the request is that of
`adapters/http`, whose events pass through `answer.py`, which knows what a GraphQL answer is. `subscription.py` speaks
graphql-transport-ws over a WebSocket, `distinct.py` reads graphql-sse, `schema.py` is all that loads graphql-core.
"""

from __future__ import annotations

from rrcli.adapters.graphql.call import CallState
from rrcli.adapters.graphql.prepare import carrier, prepare_call, split_words
from rrcli.adapters.graphql.request import GraphqlRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange

__all__ = ["GraphqlRequest", "as_command", "exchange"]


def exchange(request: GraphqlRequest, context: Context) -> Iterator[Event]:
    """Send one request of GraphQL, or subscribe, and read what comes."""
    state = context.state or CallState(call=prepare_call(request))
    if request.schema_file and context.state is None:
        from rrcli.adapters.graphql.schema import check

        check(state.call, request.schema_file)
    transport = transport_of(request, state)
    if transport == "ws":
        from rrcli.adapters.graphql.subscription import subscribe

        return subscribe(request, state.call, context)
    if transport == "sse":
        from rrcli.adapters.graphql.distinct import distinct

        return distinct(request, state, context)
    return _over_http(request, state, context)


def transport_of(request: GraphqlRequest, state: CallState) -> str:
    """What carries the call: http, ws or sse. Raises `usage` where two things asked for exclude each other."""
    from rrcli.base.errors import usage

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


def _over_http(request: GraphqlRequest, state: CallState, context: Context) -> Iterator[Event]:
    from rrcli.adapters.graphql.answer import front
    from rrcli.adapters.http.hop import run_hop
    from rrcli.adapters.http.hopstate import HopState

    http = state.http or HopState(options=carrier(request, state.call, registering=state.registering))
    return front(run_hop(http, context), request, state, context)


def as_command(exchange: Exchange, request: GraphqlRequest | None = None) -> str | None:
    """The curl command for the same exchange, with what `request` asks of it; there is none for a WebSocket."""
    if exchange.target.url.startswith("ws"):
        return None
    from rrcli.adapters.http.curl.exported import as_command

    return as_command(exchange, request)
