"""Endpoints of the HTTP responder that answer over time: Server-Sent Events (WHATWG HTML, section 9.2) and long polling."""

from __future__ import annotations

import json
import time

from rrcli.responders.http_call import Call, document, whole
from rrcli.responders.http_message import Refusal, ServerResponse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = 100_000  # of one stream, at most
WORDS = 10_000  # of a prompt, at most
ANSWERED = 100  # messages of one answer to a poll
RETRY_MS = 200  # before a client comes again
LOOK = 0.01  # seconds between two looks whether there is something new
STREAM = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"))


def event(data: str, **fields: object) -> bytes:
    """One event; `data` is one line of JSON, and the other fields come before it."""
    return "".join(f"{name}: {value}\n" for name, value in (fields | {"data": data}).items()).encode() + b"\n"


def events(call: Call) -> ServerResponse:
    """`count` events, `every` so often, at most `per` of them on one connection; behind Last-Event-ID go the others, and then 204."""
    count, every = call.whole("count", 3, EVENTS), call.seconds("every", "100ms")
    per = call.whole("per", EVENTS, EVENTS)
    given = "".join(call.request.values("last-event-id"))
    seen = whole(given, 0, EVENTS) if given else 0
    if given and seen >= count:
        return ServerResponse(status=204)  # the one way to have a browser stop

    def pieces() -> Iterator[bytes]:
        for number in range(seen + 1, min(count, seen + per) + 1):
            if number > seen + 1:
                call.pause(every)
            retry = {"retry": RETRY_MS} if number == seen + 1 else {}
            yield event(json.dumps({"number": number, "of": count}), event="tick", id=number, **retry)

    return ServerResponse(fields=STREAM, content=pieces())


def chat(call: Call) -> ServerResponse:
    """The prompt's words, one by one, as servers of language models send theirs; `[DONE]` is no JSON, and the last."""
    value = call.json()
    prompt = value.get("prompt") if isinstance(value, dict) else None
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refusal(422, 'the content is an object with a prompt: {"prompt": "hello there"}')
    words, every = prompt.split()[:WORDS], call.seconds("every", "20ms")

    def pieces() -> Iterator[bytes]:
        for number, word in enumerate(words):
            if number:
                call.pause(every)
            yield event(json.dumps({"index": number, "delta": word if number == 0 else f" {word}"}))
        yield event("[DONE]")

    return ServerResponse(fields=STREAM, content=pieces())


def poll(call: Call) -> ServerResponse:
    """What is new behind `since`, held until there is something or `wait` is over: then 204.

    A POST of {"text": …} is something new. Where none comes, the responder itself writes a message to whoever has waited `every`.
    """
    if call.request.method == "POST":
        value = call.json()
        text = value.get("text") if isinstance(value, dict) else None
        if not isinstance(text, str):
            raise Refusal(422, 'the content is an object with a text: {"text": "hello"}')
        return document(call.state.feed.add(text), 201)
    since, feed = call.whole("since", 0, 10**11), call.state.feed
    wait, every = call.seconds("wait", "10s"), call.seconds("every", "500ms")
    began = time.monotonic()
    while not (news := feed.since(since)[:ANSWERED]):
        waited = time.monotonic() - began
        if waited >= wait:
            return ServerResponse(status=204)
        if waited >= every:
            feed.add()
        call.pause(max(0.0, min(LOOK, wait - waited)))
    return document({"next": news[-1]["id"], "items": news})
