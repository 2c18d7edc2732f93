"""A strawberry schema under hypercorn: queries, mutations, errors, partial data, and subscriptions over graphql-transport-ws.

graphql-sse has no server in Python that is its own reference: the ASGI route `/sse` runs the same schema by graphql-core and
writes the events of the "distinct connections mode" as PROTOCOL.md of graphql-sse has them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, running

SDL = """\
type User {
  id: Int!
  name: String!
  friends: [User!]!
  secret: String
}

type Query {
  user(id: Int!): User
  users: [User!]!
  echo(value: String!): String!
  "Whatever the request brought."
  header(name: String!): String
}

type Mutation {
  rename(id: Int!, name: String!): User!
}

type Subscription {
  count(to: Int!, pause: Float! = 0): Int!
  failing: Int!
}
"""

_APP = '''
import asyncio, json
from collections.abc import AsyncIterator
import strawberry
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

NAMES = {1: "ann", 2: "bob"}
LEFT = []


@strawberry.type
class User:
    id: int
    name: str

    @strawberry.field
    def friends(self) -> list["User"]:
        return [User(id=id, name=name) for id, name in NAMES.items() if id != self.id]

    @strawberry.field
    def secret(self) -> str | None:
        raise PermissionError("not for you")


@strawberry.type
class Query:
    @strawberry.field
    def user(self, id: int) -> User | None:
        return User(id=id, name=NAMES[id]) if id in NAMES else None

    @strawberry.field
    def users(self) -> list[User]:
        return [User(id=id, name=name) for id, name in NAMES.items()]

    @strawberry.field
    def echo(self, value: str) -> str:
        return value

    @strawberry.field
    def left(self) -> list[str]:
        return LEFT

    @strawberry.field
    def header(self, info: Info, name: str) -> str | None:
        return info.context["request"].headers.get(name)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, id: int, name: str) -> User:
        return User(id=id, name=name)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int, pause: float = 0.0) -> AsyncIterator[int]:
        try:
            for number in range(to):
                yield number
                await asyncio.sleep(pause)
        except (asyncio.CancelledError, GeneratorExit):
            LEFT.append("count")
            raise

    @strawberry.subscription
    async def failing(self) -> AsyncIterator[int]:
        yield 1
        raise ValueError("it broke")


class Strict(GraphQL):
    """Refuses a connection_init that names a wrong token."""

    async def on_ws_connect(self, context):
        from strawberry.exceptions import ConnectionRejectionError

        if (context.get("connection_params") or {}).get("token") == "wrong":
            raise ConnectionRejectionError()
        return await super().on_ws_connect(context)


schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)
graphql = Strict(schema, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL])
batching = GraphQL(schema=strawberry.Schema(query=Query, config=StrawberryConfig(batching_config={"max_operations": 10})))


async def body_of(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def distinct(scope, receive, send):
    """graphql-sse, distinct connections mode."""
    asked = json.loads(await body_of(receive))
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream; charset=utf-8")]}
    await send(start)

    async def event(kind, value=""):
        data = f"event: {kind}\\ndata: {value}\\n\\n".encode()
        await send({"type": "http.response.body", "body": data, "more_body": True})

    await send({"type": "http.response.body", "body": b":\\n\\n", "more_body": True})
    results = await schema.subscribe(asked["query"], asked.get("variables"), operation_name=asked.get("operationName"))
    if hasattr(results, "__aiter__"):
        async for result in results:
            value = {"data": result.data}
            if result.errors:
                value["errors"] = [error.formatted for error in result.errors]
            await event("next", json.dumps(value))
    else:
        await event("next", json.dumps({"errors": [error.formatted for error in results.errors]}))
    await event("complete")
    await send({"type": "http.response.body", "body": b""})


async def text(send, status, kind, body):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body})


PERSISTED = {}


async def apq(scope, receive, send):
    """Automatic persisted queries, as Apollo Server answers them."""
    import hashlib

    asked = json.loads(await body_of(receive))
    digest = asked["extensions"]["persistedQuery"]["sha256Hash"]
    if "query" in asked:
        assert hashlib.sha256(asked["query"].encode()).hexdigest() == digest
        PERSISTED[digest] = asked["query"]
    if digest not in PERSISTED:
        error = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}
        return await text(send, 200, b"application/json", json.dumps({"errors": [error]}).encode())
    result = await schema.execute(PERSISTED[digest], asked.get("variables"))
    await text(send, 200, b"application/graphql-response+json", json.dumps({"data": result.data}).encode())


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    path = scope["path"]
    if path == "/sse" and scope["type"] == "http":
        await distinct(scope, receive, send)
    elif path == "/apq":
        await apq(scope, receive, send)
    elif path == "/batch":
        await batching(scope, receive, send)
    elif path == "/page":
        await text(send, 200, b"text/html", b"<!doctype html><title>not here</title>")
    else:
        await graphql(scope, receive, send)
'''


@pytest.fixture(scope="session")
def graphql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """The server; its path is `/graphql`."""
    pytest.importorskip("strawberry")
    folder: Path = tmp_path_factory.mktemp("graphql")
    (folder / "answering.py").write_text(_APP)
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "hypercorn", "--graceful-timeout", "0", "-b", f"{LOOPBACK}:{port}", "answering:app"]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Peer(LOOPBACK, port, log)
