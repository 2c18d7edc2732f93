"""The stream that every version of HTTP has: both directions at once, a status in the trailers, a connection taken over, early answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from peers.ca import Authority
from peers.script import hear, responder, say, script
from peers.web import Http2Peer

from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.http.versions.h2session import H2Session
from rrcli.adapters.http.versions.http1 import Http1Stream
from rrcli.adapters.http.versions.response import ResponseReader
from rrcli.adapters.http.versions.stream import ClientStream, drain, receive, send_request
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import first
from rrcli.engine.context import Context, Shared
from rrcli.engine.events import Content, Finished
from rrcli.model.values import Response, Status


class TrailerStatus(ResponseReader):
    """Reads the status as gRPC has it: behind the content."""

    def status_of(self, response: Response) -> Status:
        code = first(response.trailers, "grpc-status")
        return response.status if code is None else Status(code=int(code), text="NOT_FOUND", ok=code == "0")


@contextlib.contextmanager
def opened(*words: str, alpn: str = "http/1.1", reader: type[ResponseReader] = ResponseReader, **options: Any) -> Iterator[tuple[Any, ...]]:
    """A request with a stream and a reader for it, nothing of it sent yet."""
    request = HttpRequest(*words, **options)
    prepared = prepare(HopState(options=request), "1")
    context = Context(request, Shared(), Deadline.after(5, "--timeout"), "1")
    connection = context.connect(prepared.host, prepared.port, tls=prepared.scheme == "https", alpn=(alpn,))
    stream = H2Session(connection).open(context) if alpn == "h2" else Http1Stream(connection, prepared.method)
    try:
        yield stream, prepared, reader(prepared, context, stream, lambda _: None), context
    finally:
        connection.close()


def content_until(stream: ClientStream, reader: ResponseReader, size: int) -> bytes:
    """The next `size` bytes of the answer's content, waited for."""
    found = b""
    while len(found) < size:
        found += b"".join(event.data for event in receive(stream, reader) if isinstance(event, Content))
    return found


def test_content_goes_out_while_the_answer_comes_in(hypercorn: Http2Peer, ca: Authority) -> None:
    words = ("POST", hypercorn.https("/echo"), "TE:trailers")
    with opened(*words, alpn="h2", reader=TrailerStatus, cacert=str(ca.root)) as (stream, prepared, reader, _):
        fields = tuple(field for field in prepared.fields if field[0] != "Content-Length")  # nobody knows it yet
        stream.send_head(prepared.replace(fields=fields), end=False)
        for said in (b"one", b"two" * 20_000, b"three"):
            stream.send_data(said, end=False)
            events = list(drain(stream, reader))
            early = b"".join(event.data for event in events if isinstance(event, Content))
            assert early + content_until(stream, reader, len(said) - len(early)) == said
            assert not reader.ended
        assert (reader.answer.status.code, reader.answer.status.ok) == (200, True)
        stream.send_data(b"", end=True)
        events = list(drain(stream, reader))
        while not reader.ended:
            events += receive(stream, reader)
    assert [type(event) for event in events] == [Finished]
    assert events[0].answer.trailers == (("grpc-status", "5"),)
    assert (events[0].answer.status.code, events[0].answer.status.text, events[0].answer.status.ok) == (5, "NOT_FOUND", False)


def test_http1_goes_both_ways_too() -> None:
    chunk, rest = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n", b"3\r\ntwo\r\n0\r\nX-Sum: 6\r\n\r\n"
    heard: list[bytes] = []
    steps = script(hear(b"ONE\r\n", heard), say(chunk), hear(b"0\r\n\r\n", heard), say(rest))
    with (
        responder(steps) as peer,
        opened("POST", f"http://{peer.host}:{peer.port}/", "Transfer-Encoding:chunked") as (stream, prepared, reader, _),
    ):
        stream.send_head(prepared, end=False)
        stream.send_data(b"ONE", end=False)
        assert [event for event in drain(stream, reader) if isinstance(event, Content)] == []
        assert content_until(stream, reader, 3) == b"one"
        stream.send_data(b"TWO", end=True)
        list(drain(stream, reader))
        assert content_until(stream, reader, 3) == b"two"
        while not reader.ended:
            list(receive(stream, reader))
        assert reader.answer.trailers == (("X-Sum", "6"),)
    assert b"".join(heard).endswith(b"\r\n\r\n3\r\nONE\r\n3\r\nTWO\r\n0\r\n\r\n")


def test_a_connection_is_taken_over_with_what_came_behind_the_head() -> None:
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: upgrade\r\n\r\nfirst"
    with (
        responder(script(hear(b"\r\n\r\n"), say(answer), hear(b"ping"), say(b"pong"))) as peer,
        opened(f"http://{peer.host}:{peer.port}/", "Upgrade:test", "Connection:upgrade") as (stream, prepared, reader, context),
    ):
        list(send_request(stream, prepared, reader, context))
        below = stream.take_over()
        assert below.read_exact(5) == b"first"
        below.write(b"ping")
        assert below.read_exact(4) == b"pong"


def test_a_stream_of_many_cannot_be_taken_over(hypercorn: Http2Peer, ca: Authority) -> None:
    with opened(hypercorn.https("/"), alpn="h2", cacert=str(ca.root)) as (stream, prepared, reader, context):
        list(send_request(stream, prepared, reader, context))
        with pytest.raises(ExchangeError, match="cannot change to another protocol"):
            stream.take_over()


def finished(events: list[Any]) -> Response:
    (answer,) = [event.answer for event in events if isinstance(event, Finished)]
    assert answer is not None
    return answer


@pytest.mark.parametrize(("code", "whole"), [(200, True), (413, False)])
def test_an_answer_from_300_on_alone_ends_the_sending(code: int, whole: bool) -> None:
    """The rest of an upload is wanted behind a 100 and a 200, and not behind a refusal."""
    heard: list[bytes] = []
    answer = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % code
    steps = [hear(b"\r\n\r\n", heard), say(answer), *([hear(b"content", heard)] if whole else [])]
    with responder(script(*steps)) as peer:
        words = ("POST", f"http://{peer.host}:{peer.port}/", "Expect:100-continue")
        with opened(*words, data=(("-d", "content"),)) as (stream, prepared, reader, context):
            events = list(send_request(stream, prepared, reader, context))
        assert (finished(events).status.code, stream.cancelled) == (code, not whole)
        assert [note.code for note in context.notes] == ([] if whole else ["upload-stopped"])
    assert b"".join(heard).endswith(b"content") is whole


def test_the_head_and_a_short_content_are_one_write() -> None:
    heard: list[bytes] = []
    with (
        responder(script(hear(b"a=1", heard), say(b"HTTP/1.1 204 No Content\r\n\r\n"))) as peer,
        opened("POST", f"http://{peer.host}:{peer.port}/", data=(("-d", "a=1"),), wire=1 << 20) as (stream, prepared, reader, context),
    ):
        list(send_request(stream, prepared, reader, context))
        notes = [entry.note for entry in context.recorder.transcript() or ()]
    assert isinstance(prepared, PreparedRequest)
    assert notes == ["head and content", "HTTP/1.1 204 No Content"]
