"""What an expression costs on a large answer: the content is in memory once, and what passes it by reads none of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from peers.script import hear, responder, say, script

import rrcli
from rrcli.model.values import Body, Exchange, RequestMessage, Response, Status, Target
from rrcli.policy.paths import Path, read_for

SIZE = 16 << 20


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def answered(data: bytes) -> Exchange:
    body = Body(data=data, size=len(data), media_type="text/plain")
    answer = Response(summary="200 OK", status=Status(code=200, text="OK", ok=True), body=body)
    return Exchange(id="a", protocol="http", target=Target(url="http://a.test/"), request=RequestMessage(summary="GET /"), response=answer)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    ("path", "copies"),
    [("response.status.code", 0), ("status", 0), ("response.headers", 0), ("body", 1), ("length(body)", 1)],
)
def test_content_is_read_for_what_asks_for_it(path: str, copies: int) -> None:
    exchange = answered(b"a line of text\n" * (SIZE // 15))
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    found = Path(path).find(read_for(exchange, [Path(path)]))
    taken = (tracemalloc.get_traced_memory()[1] - before) / SIZE
    assert found is not None
    assert copies <= taken + 0.01 < copies + 0.2


@pytest.mark.parametrize("path", ["response", "@", "request", "history", "history[0].response", "[response, id]"])
def test_what_may_hold_content_is_given_all(path: str) -> None:
    exchange = answered(b"x" * (SIZE // 8))
    assert read_for(exchange, [Path("status"), Path(path)])["response"]["body"]["text"] == "x" * (SIZE // 8)


@pytest.mark.usefixtures("traced")
def test_an_answer_is_in_memory_once() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % SIZE
    with responder(script(hear(b"\r\n\r\n"), say(head), say(bytes(SIZE)))) as peer:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        exchange = rrcli.send(rrcli.HttpRequest(f"http://{peer.host}:{peer.port}/"))
        taken = (tracemalloc.get_traced_memory()[1] - before) / SIZE
    assert exchange.response
    assert exchange.response.body
    assert exchange.response.body.data == bytes(SIZE)
    assert taken < 1.5
