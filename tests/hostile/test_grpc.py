"""`rrcli grpc` against servers that announce too much, never end, unfold, stop short or say nothing; frame by frame."""

from __future__ import annotations

import gzip
import socket

import pytest
from peers.bounds import Run
from peers.child import piped
from peers.frames import DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS, fields, frame, goaway, reset
from peers.grpc import PROTO
from peers.made import Made
from peers.script import Handler, end, hear, hear_end, say, script

from rrcli.codec.grpc.framing import frame as message
from rrcli.codec.grpc.protobuf import field, varint

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HELLO = frame(SETTINGS)
HEAD = frame(HEADERS, b"\x88" + fields(("content-type", "application/grpc"), ("grpc-encoding", "gzip")), END_HEADERS, 1)
OK = frame(HEADERS, fields(("grpc-status", "0")), END_HEADERS | END_STREAM, 1)
ECHO = ("--proto", str(PROTO / "demo.proto"), "rr.demo.v1.Demo/Echo", "name=x")
STREAM = ("--proto", str(PROTO / "demo.proto"), "rr.demo.v1.Demo/Server", "count:=1")


def data(payload: bytes, flags: int = 0) -> bytes:
    """The payload in frames of the usual size."""
    pieces = [payload[at : at + 16384] for at in range(0, len(payload), 16384)] or [b""]
    return b"".join(frame(DATA, piece, flags if piece is pieces[-1] else 0, 1) for piece in pieces)


def answer(*parts: bytes) -> Handler:
    def over(connection: socket.socket) -> None:
        end(connection)
        hear_end(connection)

    return script(hear(PREFACE), *map(say, (HELLO, *parts)), over)


def forever(start: bytes, again: bytes) -> Handler:
    def flood(connection: socket.socket) -> None:
        many = again * max(1, 65536 // len(again))
        while True:
            connection.sendall(many)

    return script(hear(PREFACE), say(HELLO + start), flood)


def packed(content: bytes) -> bytes:
    """A message that says it is compressed."""
    return b"\1" + len(content).to_bytes(4, "big") + content


def bomb(size: int) -> bytes:
    return packed(gzip.compress(bytes(size)))


DEEP = b""
for _ in range(200):
    DEEP = field(2, DEEP)
WRONG = Made(
    {
        "a length of 4 GiB": lambda: (HEAD + data(b"\0\xff\xff\xff\xff"), 7, "too_large"),
        "a flag that gRPC has not": lambda: (HEAD + data(b"\x07\0\0\0\0") + OK, 7, "malformed"),
        "a cut header": lambda: (HEAD + data(b"\0\0") + OK, 7, "truncated"),
        "a cut message": lambda: (HEAD + data(b"\0\0\0\0\x09abc") + OK, 7, "truncated"),
        "no trailers": lambda: (HEAD + data(message(b""), END_STREAM), 7, "truncated"),
        "no trailers and no message": lambda: (HEAD + data(b"", END_STREAM), 7, "truncated"),
        "an end within the stream": lambda: (HEAD + data(message(b"")), 7, "truncated"),
        "OK without a message": lambda: (HEAD + OK, 7, "malformed"),
        "two messages for one": lambda: (HEAD + data(message(b"") * 2) + OK, 7, "malformed"),
        "a message that is none": lambda: (HEAD + data(message(b"\xff\xff\xff")) + OK, 7, "malformed"),
        "a message nested too deep": lambda: (HEAD + data(message(field(8, DEEP))) + OK, 7, "malformed"),
        "gzip that is none": lambda: (HEAD + data(packed(b"no gzip")) + OK, 7, "malformed"),
        "gzip that is cut": lambda: (HEAD + data(packed(gzip.compress(b"x" * 1000)[:-9])) + OK, 7, "malformed"),
        "gzip that unfolds": lambda: (HEAD + data(bomb(200 << 20)) + OK, 7, "too_large"),
        "millions of values": lambda: (HEAD + data(message(field(8, b"\x12\0" * 8_000_000))) + OK, 7, "too_large"),
        "millions of packed numbers": lambda: (HEAD + data(message(field(4, b"\1" * 30_000_000))) + OK, 7, "too_large"),
        "a status that is no number": lambda: (HEAD + frame(HEADERS, fields(("grpc-status", "no")), 5, 1), 1, "bad_status"),
        "a reset": lambda: (HEAD + reset(2), 4, "reset"),
        "a refusal": lambda: (reset(7), 4, "refused"),
        "a goodbye before the call": lambda: (goaway(0, 0, b"later"), 4, "refused"),
        "a page": lambda: (frame(HEADERS, b"\x88" + fields(("content-type", "text/html")), 4, 1) + data(b"<html>", 1), 7, "wrong_protocol"),
        "a page of an error": lambda: (
            frame(HEADERS, fields((":status", "502"), ("content-type", "text/html")), 4, 1) + data(b"<html>", 1),
            1,
            "bad_status",
        ),
    }
)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_ends_with_its_kind(name: str, serve: object) -> None:
    import json

    parts, code, kind = WRONG[name]
    peer = serve(answer(parts))  # type: ignore[operator]  # the fixture of this folder
    ended = piped("grpc", "--json", "--deadline", "8s", f"127.0.0.1:{peer.port}", *ECHO)
    found = json.loads(ended.out)
    assert (ended.code, found["error"]["kind"]) == (code, kind), found["error"]
    assert ended.peak < 300 << 20
    if kind == "refused":
        assert (found["error"]["delivery"], found["error"]["retry"]) == ("not_sent", "safe")


FLOODS = Made(
    {
        "messages": lambda: (STREAM, HEAD, data(message(field(1, 7)))),
        "large messages": lambda: (STREAM, HEAD, data(message(field(9, b"x" * 100_000)))),
        "empty messages for a method with one": lambda: (ECHO, HEAD, data(message(b""))),
        "bombs": lambda: (STREAM, HEAD, data(bomb(8 << 20))),
        "a message that never ends": lambda: (ECHO, HEAD + data(b"\0\x03\xff\xff\xff"), data(bytes(16384))),
        "a page that never ends": lambda: (ECHO, frame(HEADERS, b"\x88", 4, 1), data(bytes(16384))),
    }
)


@pytest.mark.parametrize("name", FLOODS)
def test_what_never_ends_is_over_at_a_limit(name: str, serve: object, document_or_drawing: Run) -> None:
    words, start, again = FLOODS[name]
    peer = serve(forever(start, again))  # type: ignore[operator]
    assert document_or_drawing("grpc", f"127.0.0.1:{peer.port}", *words).code in (6, 7)


def test_reflection_that_never_ends_is_over_at_the_deadline(serve: object, document_or_drawing: Run) -> None:
    """Each answer names a file that imports another one."""
    files = b"".join(data(message(field(4, field(1, field(1, f"{at}.proto") + field(3, f"{at + 1}.proto"))))) for at in range(2000))
    peer = serve(script(hear(PREFACE), say(HELLO + HEAD + files), hear_end))  # type: ignore[operator]
    assert document_or_drawing("grpc", f"127.0.0.1:{peer.port}", "a.B/C").code in (6, 7)


@pytest.mark.parametrize(
    "said",
    [
        field(4, field(1, b"\xff\xff")),
        field(4, field(1, field(1, "a.proto") + field(3, "a.proto"))),
        field(4, field(1, field(1, "a.proto") + field(4, field(1, "1 no name")))),
        field(4, 5),
        field(7, field(1, 2) + field(2, "no")),
        b"\x07",
        varint(1 << 70),
    ],
)
def test_reflection_that_is_none_ends_with_a_sentence(said: bytes, serve: object, document_or_drawing: Run) -> None:
    peer = serve(answer(HEAD + data(message(said))))  # type: ignore[operator]
    assert document_or_drawing("grpc", f"127.0.0.1:{peer.port}", "a.B/C").code in (1, 2, 4, 7)


@pytest.mark.parametrize("size", [0, 1, 8, 9, 12, 20, 60, 100, 110])
def test_an_answer_cut_anywhere_is_told(size: int, serve: object, document_or_drawing: Run) -> None:
    whole = HELLO + HEAD + data(message(field(1, "x"))) + OK
    peer = serve(script(hear(PREFACE), say(whole[:size]), end, hear_end))  # type: ignore[operator]
    assert document_or_drawing("grpc", f"127.0.0.1:{peer.port}", *ECHO).code in (4, 6, 7)


def test_a_silent_server_is_left_at_the_deadline(serve: object, document_or_drawing: Run) -> None:
    peer = serve(script(hear(PREFACE), hear_end))  # type: ignore[operator]
    document_or_drawing("grpc", f"127.0.0.1:{peer.port}", *ECHO, code=6)
