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


async def feed(exchange: Exchange) -> None:
    """`?since=N&to=M&hold=MS`: the number behind N, held back for so long; from M on nothing, after the same hold."""
    since, to = int(exchange.query.get("since") or 0), int(exchange.query.get("to", 3))
    await asyncio.sleep(int(exchange.query.get("hold", 0)) / 1000)
    if since >= to:
        await exchange.start(204, [])
        await exchange.say("", more=False)
        return
    await exchange.start(200, [("content-type", "application/json")])
    await exchange.say(json.dumps({"items": [{"id": since + 1}], "next": since + 1}), more=False)


async def tagged(exchange: Exchange) -> None:
    """`?name=X`: a state with an ETag that changes every other time it is asked for."""
    name = exchange.query["name"]
    connections[name] = connections.get(name, -1) + 1
    tag = f'"v{connections[name] // 2}"'
    if exchange.headers.get("if-none-match") == tag:
        await exchange.start(304, [("etag", tag)])
        await exchange.say("", more=False)
        return
    await exchange.start(200, [("etag", tag), ("content-type", "text/plain")])
    await exchange.say(f"state {tag}", more=False)


async def pages(exchange: Exchange) -> None:
    """`?page=N`: three pages, each with a link to the next."""
    page = int(exchange.query.get("page", 1))
    link = [("link", f'</first>; rel="first", <?page={page + 1}>; title="a, b"; rel="next last"')] if page < 3 else []
    await exchange.start(200, [("content-type", "application/json"), *link])
    await exchange.say(json.dumps([page]), more=False)


async def begin_job(exchange: Exchange) -> None:
    """`?name=X&after=N&retry=S`: 202, and where to ask; what is asked for is there after N times."""
    await exchange.body()
    query = exchange.scope["query_string"].decode()
    await exchange.start(202, [("location", f"/status?{query}"), ("content-type", "application/json")])
    await exchange.say(json.dumps({"state": "accepted", "links": {"status": f"/job?{query}"}}), more=False)


async def job_status(exchange: Exchange) -> None:
    name = exchange.query["name"]
    connections[name] = connections.get(name, 0) + 1
    said = {"method": exchange.scope["method"], "authorization": exchange.headers.get("authorization"), "asked": connections[name]}
    if connections[name] < int(exchange.query["after"]):
        await exchange.start(202, [("content-type", "application/json"), ("retry-after", exchange.query.get("retry", "0"))])
        await exchange.say(json.dumps({"state": "busy", **said}), more=False)
        return
    await exchange.start(303, [("location", f"/result?name={name}")])
    await exchange.say("", more=False)


async def job_result(exchange: Exchange) -> None:
    await exchange.start(200, [("content-type", "application/json")])
    await exchange.say(json.dumps({"result": exchange.query["name"], "method": exchange.scope["method"]}), more=False)


async def notify(exchange: Exchange) -> None:
    """Calls the `callback` that was posted `?n=N` times after the answer; with `?verify=1` it wants its challenge back before it."""
    import httpx

    asked = json.loads(await exchange.body())
    async with httpx.AsyncClient(trust_env=False) as client:
        if exchange.query.get("verify"):
            answer = await client.get(asked["callback"], params={"hub.mode": "subscribe", "hub.challenge": "c-1 2"})
            if (answer.status_code, answer.text) != (200, "c-1 2"):
                await exchange.start(400, [])
                await exchange.say("not verified", more=False)
                return
        await exchange.start(202, [("content-type", "application/json")])
        await exchange.say('{"accepted": true}', more=False)
        await asyncio.sleep(0.05)
        for number in range(1, int(exchange.query.get("n", 1)) + 1):
            fields = {"Authorization": "Bearer c4llb4ck-s3cr3t", "X-Number": str(number)}
            await client.post(asked["callback"], json={"number": number, "done": number == 2}, headers=fields)


PATHS = {
    "/count": count, "/stamps": stamps, "/chat": chat, "/silence": silence, "/echo": echo, "/page": page, "/moved": moved,
    "/job": slow_job, "/feed": feed, "/tagged": tagged, "/pages": pages, "/jobs": begin_job, "/status": job_status,
    "/result": job_result, "/notify": notify,
}  # fmt: skip


async def app(scope, receive, send) -> None:
    if scope["type"] == "http":
        await PATHS.get(scope["path"], missing)(Exchange(scope, receive, send))
