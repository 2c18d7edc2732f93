"""`rrcli thrift` against servers that never end, lie about lengths, nest without end, or try to steer the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from peers.bounds import Run
from peers.flood import STEER_TEXT, answer, forever
from peers.script import Handler, Responder, drip, hear, pause, script
from peers.thrift import IDL

from rrcli.codec.thrift.answer import Shape, encode_message, wrap
from rrcli.codec.thrift.tree import EXCEPTION, I32, LIST, REPLY, STRING, STRUCT, Items, ThriftMessage

Serve = Callable[[Handler], Responder]

FILE = str(IDL / "demo.thrift")
HEARD = b"ping\0\0\0\0\0"
HEAD = b"\x80\1\0\2\0\0\0\4ping\0\0\0\0"  # of the reply, as far as its fields


def reply(fields: Any, *, name: str = "ping", type: int = REPLY, seqid: int = 0) -> bytes:
    return encode_message(ThriftMessage(name, type, seqid, fields), "binary")


GOOD = reply([(0, STRING, b"pong")])
WRONG: dict[str, tuple[Handler, int | None]] = {
    "slow drip": (script(hear(HEARD), drip(HEAD + b"\x0b\0\0\0\0\3\xe8" + b"x" * 1000, 0.05)), 6),
    "silence": (script(hear(HEARD), pause(20)), 6),
    "endless string": (forever(HEAD + b"\x0b\0\0\x7f\xff\xff\xff", b"x", HEARD), 7),
    "a string of 1 GiB": (answer(HEARD, HEAD + b"\x0b\0\0\x40\0\0\0abc"), 7),
    "a negative string": (answer(HEARD, HEAD + b"\x0b\0\0\xff\xff\xff\xff"), 7),
    "a list of 2**31": (answer(HEARD, HEAD + b"\x0f\0\0\x0b\x80\0\0\0"), 7),
    "a long list": (answer(HEARD, HEAD + b"\x0f\0\0\x02\x7f\xff\xff\xff"), 7),
    "endless fields": (forever(HEAD, b"\x02\0\1\1", HEARD), None),
    "endless nesting": (forever(HEAD, b"\x0c\0\1", HEARD), 7),
    "type 99": (answer(HEARD, HEAD + b"\x63\0\0"), 7),
    "no message's type": (answer(HEARD, b"\x80\1\0\x09\0\0\0\4ping\0\0\0\0\0"), 7),
    "another sequence number": (answer(HEARD, reply([(0, STRING, b"pong")], seqid=9)), 7),
    "another method": (answer(HEARD, reply([(0, STRING, b"pong")], name="pong")), 7),
    "no result": (answer(HEARD, reply([])), 7),
    "a result of another type": (answer(HEARD, reply([(0, LIST, Items(I32, [1]))])), 7),
    "a call": (answer(HEARD, reply([], type=1)), 7),
    "a framed answer": (answer(HEARD, wrap(GOOD, Shape(transport="framed"))), 7),
    "HTTP": (answer(HEARD, b"HTTP/1.1 400 Bad Request\r\nServer: " + STEER_TEXT + b"\r\n\r\n"), 7),
    "nothing": (answer(HEARD, b""), 4),
    "random bytes": (answer(HEARD, bytes(range(256)) * 100), 7),
    "a method's name of a gigabyte": (answer(HEARD, b"\x80\1\0\2\x40\0\0\0ping"), 7),
    "an answer and more": (answer(HEARD, GOOD + b"more"), 0),
}
FRAMED: dict[str, tuple[bytes, int]] = {
    "a frame of -1": (b"\xff\xff\xff\xff", 7),
    "a frame of 2 GiB": (b"\x7f\xff\xff\xff\x80\1\0\2\0\0\0\4", 7),
    "an empty frame": (b"\0\0\0\0\0\0\0\0\0\0\0\0", 7),
    "a frame that ends within its message": (b"\0\0\0\x08" + GOOD, 7),
    "a frame that does not end": (b"\0\0\1\0" + GOOD, 7),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str, serve: Serve, document_or_drawing: Run) -> None:
    handler, code = WRONG[name]
    peer = serve(handler)
    ended = document_or_drawing("thrift", f"{peer.host}:{peer.port}", FILE, "ping", code=code)
    assert code is not None or ended.code in (6, 7)  # a limit, or the deadline where the machine is slow


@pytest.mark.parametrize("name", FRAMED)
def test_what_is_wrong_with_a_frame(name: str, serve: Serve, document_or_drawing: Run) -> None:
    data, code = FRAMED[name]
    peer = serve(answer(HEARD, data))
    document_or_drawing("thrift", f"{peer.host}:{peer.port}", FILE, "ping", "--transport", "framed", code=code)


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_an_answer_that_is_cut_off_is_told_at_every_byte(size: int, serve: Serve) -> None:
    from peers.exchange import failure_of

    from rrcli.adapters.thrift.request import ThriftRequest
    from rrcli.engine.send import send

    peer = serve(answer(HEARD, GOOD[:size]))
    failure = failure_of(send(ThriftRequest(f"{peer.host}:{peer.port}", FILE, "ping", timeout=5.0)))
    assert failure.kind == ("closed" if size == 0 else "truncated")
    assert failure.delivery == "unknown"


STEERING = {
    "a result": reply([(0, STRING, STEER_TEXT)]),
    "an exception's message": reply([(1, STRING, STEER_TEXT), (2, I32, 6)], type=EXCEPTION),
    "a method's name": reply([(0, STRING, b"pong")], name=STEER_TEXT.decode("utf-8", "replace")),
    "an unknown field": reply([(0, STRING, b"pong"), (7, STRUCT, [(1, STRING, STEER_TEXT)])]),
}


@pytest.mark.parametrize("where", STEERING)
def test_nothing_steers_the_terminal(where: str, serve: Serve, way: Run) -> None:
    peer = serve(answer(HEARD, STEERING[where]))
    way("thrift", f"{peer.host}:{peer.port}", FILE, "ping")
