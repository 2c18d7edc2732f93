"""/graphql: requests by GET and POST, batches, and results as JSON or as events.

After the GraphQL-over-HTTP draft: with `application/graphql-response+json` a request that cannot be run is a 400, with plain JSON a 200;
events are graphql-sse's "distinct connections mode".
"""

from __future__ import annotations

import json

from graphql import GraphQLError

from rrcli.responders import graphql
from rrcli.responders.http_call import Call, document
from rrcli.responders.http_message import Refusal, ServerResponse
from rrcli.responders.http_streams import STREAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

RESPONSE = "application/graphql-response+json"
EVENTS = "text/event-stream"
BATCH = 20  # requests in one, at most


def endpoint(call: Call) -> ServerResponse:
    """The answer to a request, or to a batch of them. Raises `Refusal` for what is no request of GraphQL."""
    asked = _asked(call)
    accepted = [word.partition(";")[0].strip() for word in call.request.words("accept")]
    streams = EVENTS in accepted
    if isinstance(asked, list):
        if not 0 < len(asked) <= BATCH:
            raise Refusal(400, f"a batch has from 1 to {BATCH} requests")
        return document([_result(call, one)[0] for one in asked])
    if streams:
        return ServerResponse(fields=STREAM, content=_stream(call, asked))
    result, ran = _result(call, asked)
    if RESPONSE in accepted:
        return document(result, 200 if ran else 400, RESPONSE)
    return document(result)


def _asked(call: Call) -> Any:
    """The request, of JSON or of the query of the URL."""
    if call.request.method == "POST":
        kind = "".join(call.request.values("content-type")).partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(415, "the content is JSON: Content-Type: application/json")
        return call.json()
    if "websocket" in call.request.words("upgrade"):
        raise Refusal(400, "there is no WebSocket here: a subscription's results are Server-Sent Events (rrcli graphql --transport sse)")
    if "query" not in call.query:
        raise Refusal(400, "there is no query: POST it as JSON, or GET /graphql?query=...")
    asked: dict[str, Any] = dict(call.query)
    try:
        asked |= {name: json.loads(asked[name]) for name in ("variables", "extensions") if asked.get(name)}
    except (ValueError, RecursionError):
        raise Refusal(400, "the variables are not JSON") from None
    return asked


def _parts(asked: Any) -> tuple[str, dict[str, Any], str | None]:
    """Document, variables, name of the operation. Raises `Refusal` 400."""
    if not isinstance(asked, dict):
        raise Refusal(400, "a request is an object with a query")
    source, variables, name = asked.get("query"), asked.get("variables") or {}, asked.get("operationName") or None
    if not isinstance(source, str):
        raise Refusal(400, "the request has no query that is a text; persisted queries are not kept here")
    if not isinstance(variables, dict) or not isinstance(name, str | None):
        raise Refusal(400, "variables are an object, and operationName is a text")
    return source, variables, name


def _result(call: Call, asked: Any) -> tuple[dict[str, Any], bool]:
    """The result of one request, and whether it was run. Raises `Refusal`."""
    source, variables, name = _parts(asked)
    try:
        prepared = graphql.prepare(source, variables, name)
    except graphql.Refused as refused:
        return refused.result, False
    if prepared.kind == "mutation" and call.request.method != "POST":
        raise Refusal(405, "a mutation goes by POST", ("Allow", "POST"))
    if prepared.kind == "subscription":
        problem = GraphQLError(f"a subscription is a stream of events here: Accept: {EVENTS}", prepared.operation)
        return graphql.Refused(problem).result, False
    result = graphql.run(prepared, call.state.library)
    return result, "data" in result


def _stream(call: Call, asked: Any) -> Iterator[bytes]:
    """`next` for each result, and `complete`; what was wrong before the first is the one result. Raises `Refusal` at once."""
    source, variables, name = _parts(asked)
    try:
        prepared = graphql.prepare(source, variables, name)
    except graphql.Refused as refused:
        return _events(iter((refused.result,)))
    if prepared.kind == "subscription":
        return _events(graphql.events(prepared, call.state.library, call.pause))
    return _events(iter((_result(call, asked)[0],)))


def _events(results: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for result in results:
        yield b"event: next\ndata: " + json.dumps(result).encode() + b"\n\n"
    yield b"event: complete\ndata:\n\n"
