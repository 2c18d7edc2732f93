"""GraphQL over HTTP, and its subscriptions over WebSocket or Server-Sent Events.

`document.py` reads what a document asks for, `words.py` what the command line does; over HTTP the request is that of
`adapters/http`, whose events pass through `answer.py`, which knows what a GraphQL answer is. `subscription.py` speaks
graphql-transport-ws over a WebSocket, `distinct.py` reads graphql-sse, `schema.py` is all that loads graphql-core.
"""

from __future__ import annotations

from rrcli.adapters.graphql.prepare import carrier, prepare_call, split_words
from rrcli.adapters.graphql.request import GraphqlRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.graphql.call import Call
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: GraphqlRequest, context: Context) -> Iterator[Event]:
    """Send one request of GraphQL, or subscribe, and read what comes."""
    call = prepare_call(request)
    if request.schema_file and not request.hop:
        from rrcli.adapters.graphql.schema import check

        check(call, request.schema_file)
    transport = transport_of(request, call)
    if transport == "ws":
        from rrcli.adapters.graphql.subscription import subscribe

        return subscribe(request, call, context)
    if transport == "sse":
        from rrcli.adapters.graphql.distinct import distinct

        return distinct(request, call, context)
    return _over_http(request, call, context)


def transport_of(request: GraphqlRequest, call: Call) -> str:
    """What carries the call: http, ws or sse. Raises `usage` where two things asked for exclude each other."""
    from rrcli.base.errors import usage

    url = split_words(request)[0] if request.hop is None else request.hop.url
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


def _over_http(request: GraphqlRequest, call: Call, context: Context) -> Iterator[Event]:
    from rrcli.adapters.graphql.answer import front
    from rrcli.adapters.http import exchange as over_http

    sent = request if request.hop else carrier(request, call)
    return front(over_http(sent, context), request, call, context)
