"""The application behind `peers.asgi`: streams of events that end, break off, go on and stamp themselves; any version of HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import parse_qs

EVENTS = [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-store")]
connections: dict[str, int] = {}  # by the name that a test gives its stream


class Exchange:
    """One request, read whole, and the answer to it."""

    def __init__(self, scope, receive, send) -> None:
        self.scope = scope
        self.headers = {name.decode(): value.decode("utf-8") for name, value in scope["headers"]}
        self.query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        self._receive = receive
        self._send = send

    async def body(self) -> bytes:
        body, more = b"", True
        while more:
            message = await self._receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return body

    async def start(self, status=200, headers=EVENTS) -> None:
        fields = [(name.encode(), value.encode()) for name, value in headers]
        await self._send({"type": "http.response.start", "status": status, "headers": fields})

    async def say(self, text: str, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": more})


async def count(exchange: Exchange) -> None:
    """`?to=N`: numbered events from behind Last-Event-ID on; with `?break=K` each connection ends after K of them."""
    last, to = int(exchange.headers.get("last-event-id", 0)), int(exchange.query.get("to", 3))
    if last >= to:
        await exchange.start(204, [])
        await exchange.say("", more=False)
        return
    await exchange.start()
    await exchange.say(f"retry: {exchange.query.get('retry', '10')}\n\n")
    most = min(to, last + int(exchange.query.get("break", to)))
    for number in range(last + 1, most + 1):
        await exchange.say(f'id: {number}\nevent: count\ndata: {{"number": {number}, "done": {json.dumps(number == to)}}}\n\n')
    await exchange.say("", more=False)


async def stamps(exchange: Exchange) -> None:
    """`?n=N`: events 10 ms apart, each with the nanoseconds of this machine's monotonic clock when it was written."""
    await exchange.start()
    for _ in range(int(exchange.query["n"])):
        await asyncio.sleep(0.01)
        await exchange.say(f"data: {time.monotonic_ns()}\n\n")
    await exchange.say("", more=False)


async def chat(exchange: Exchange) -> None:
    """What was posted, word by word as JSON, then `[DONE]`; the connection stays open behind it."""
    words = json.loads(await exchange.body())["prompt"].split()
    await exchange.start()
    for word in words:
        await exchange.say(f"data: {json.dumps({'delta': word})}\n\n")
    await exchange.say("data: [DONE]\n\n")
    await asyncio.sleep(30)


async def silence(exchange: Exchange) -> None:
    """One event, then nothing."""
    await exchange.start()
    await exchange.say("data: one\n\n")
    await asyncio.sleep(30)


async def echo(exchange: Exchange) -> None:
    """One event that holds method, fields and content of the request."""
    body = await exchange.body()
    await exchange.start()
    said = {
        "method": exchange.scope["method"],
        "version": exchange.scope["http_version"],
        "headers": exchange.headers,
        "body": body.decode(),
    }
    await exchange.say(f"data: {json.dumps(said)}\n\n", more=False)


async def page(exchange: Exchange) -> None:
    await exchange.start(200, [("content-type", "text/html")])
    await exchange.say("<p>no stream</p>", more=False)


async def missing(exchange: Exchange) -> None:
    await exchange.start(404, [("content-type", "application/json")])
    await exchange.say('{"error": "no such stream"}', more=False)


async def moved(exchange: Exchange) -> None:
    await exchange.start(307, [("location", f"/count?{exchange.scope['query_string'].decode()}")])
    await exchange.say("", more=False)


async def slow_job(exchange: Exchange) -> None:
    """`?name=X&after=N`: a state that is done at the Nth time it is asked for."""
    name = exchange.query["name"]
    connections[name] = connections.get(name, 0) + 1
    done = connections[name] >= int(exchange.query["after"])
    await exchange.start(200, [("content-type", "application/json")])
    await exchange.say(json.dumps({"state": "done" if done else "busy", "asked": connections[name]}), more=False)


PATHS = {
    "/count": count, "/stamps": stamps, "/chat": chat, "/silence": silence, "/echo": echo, "/page": page, "/moved": moved,
    "/job": slow_job,
}  # fmt: skip


async def app(scope, receive, send) -> None:
    if scope["type"] == "http":
        await PATHS.get(scope["path"], missing)(Exchange(scope, receive, send))
