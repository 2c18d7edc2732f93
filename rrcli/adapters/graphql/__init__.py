"""GraphQL over HTTP, and its subscriptions over WebSocket or Server-Sent Events.

`document.py` reads what a document asks for, `prepare.py` what the command line does; over HTTP the request is that of
`adapters/http`, whose events pass through `answer.py`, which knows what a GraphQL answer is. `subscription.py` speaks
graphql-transport-ws over a WebSocket, `distinct.py` reads graphql-sse, `schema.py` is all that loads graphql-core.
"""

from __future__ import annotations

from rrcli.adapters.graphql.call import CallState
from rrcli.adapters.graphql.prepare import prepare_call
from rrcli.adapters.graphql.transport import over_http, transport_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.graphql.request import GraphqlRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


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
    return over_http(request, state, context)
