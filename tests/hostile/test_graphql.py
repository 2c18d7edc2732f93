"""`rrcli graphql` against answers that are none, errors of the wrong shape, and WebSockets that break every rule."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct

import pytest
from peers import flood
from peers.bounds import Run, as_json, drawn
from peers.flood import STEER_TEXT, forever
from peers.made import Made
from peers.script import Handler, drip, end, hear, hear_end, pause, reset, say, script

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def answer(content: bytes) -> Handler:
    return flood.answer(b"\r\n\r\n", JSON + b"Content-Length: %d\r\n\r\n" % len(content), content)


def error(**members: object) -> bytes:
    return json.dumps({"data": None, "errors": [{"message": "m", **members}]}).encode()


ANSWERS = Made(
    {
        "no JSON": lambda: (b"<html>", 7),
        "nested too deep": lambda: (b'{"data":' + b"[" * 500_000, 7),
        "a list": lambda: (b"[{}]", 7),
        "null": lambda: (b"null", 7),
        "errors as text": lambda: (b'{"errors": "x"}', 7),
        "errors of every type": lambda: (
            b'{"errors": [1, null, "x", [], {}, {"message": 1}, {"message": {}, "path": {}, "locations": 1}]}',
            1,
        ),
        "places beyond the query": lambda: (
            error(locations=[{"line": 10**20, "column": -1}, {"line": "x"}, None, {"line": 1.5, "column": True}]),
            1,
        ),
        "places of zero": lambda: (error(locations=[{"line": 0, "column": 0}]), 1),
        "paths to nothing": lambda: (error(path=[None, {}, [], -1, 10**20, 1.5]), 1),
        "a path of a million steps": lambda: (error(path=["p"] * 1_000_000), 1),
        "codes of every type": lambda: (error(extensions={"code": {"a": [1e300]}}), 1),
        "a hundred thousand errors": lambda: (b'{"errors": [' + b",".join([b'{"message": "m", "path": ["a", 0]}'] * 100_000) + b"]}", 1),
        "half letters": lambda: (error(message="\ud800", path=["\udfff"]), 1),
        "60 MB in one text": lambda: (b'{"data": {"a": "' + b"x" * 60_000_000 + b'"}}', None),
        "a million keys": lambda: (b'{"data": {' + b",".join(b'"k%d": 1' % number for number in range(1_000_000)) + b"}}", None),
        "the same key twice": lambda: (b'{"data": 1, "data": {"a": 2}}', 0),
        "controls inside": lambda: (b'{"data": null, "errors": [{"message": "' + STEER_TEXT + b'"}]}', 7),
        "controls escaped": lambda: (error(message="\x1b]0;x\x07\u009b\u202e", extensions={"code": "\x1b[2J"}, path=["\x1b"]), 1),
    }
)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer(name: str, serve, document_or_drawing: Run) -> None:
    content, code = ANSWERS[name]
    peer = serve(answer(content))
    document_or_drawing("graphql", f"http://{peer.host}:{peer.port}/", "{ a }", code=code)


SCHEMAS = {
    "none": {},
    "null": {"__schema": None},
    "types of every type": {
        "__schema": {"types": [1, None, {"kind": "OBJECT"}, {"kind": [], "name": {}}], "queryType": 5, "directives": "x"}
    },
    "controls": {
        "__schema": {
            "types": [{"kind": "OBJECT", "name": "Q\x1b]0;x", "description": '\x1b[2J"""', "fields": [], "interfaces": []}],
            "queryType": {"name": "Q\x1b]0;x"},
            "directives": [],
        }
    },
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema(name: str, serve, document_or_drawing: Run) -> None:
    peer = serve(answer(json.dumps({"data": SCHEMAS[name]}).encode()))
    assert document_or_drawing("graphql", f"http://{peer.host}:{peer.port}/", "--schema").code in (0, 7)


# --- over WebSocket


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, size: int | None = None) -> bytes:
    """One as a server sends it; `size` is what it says of itself."""
    number = len(data) if size is None else size
    length = (
        bytes([number]) if number < 126 else b"\x7e" + struct.pack(">H", number) if number < 65536 else b"\x7f" + struct.pack(">Q", number)
    )
    return bytes([fin << 7 | opcode]) + length + data


def text(value: object) -> bytes:
    return frame(1, value if isinstance(value, bytes) else json.dumps(value).encode())


def opened(*steps: Handler, fields: bytes = b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n") -> Handler:
    """Agree to the upgrade, and take the steps."""

    def agree(connection: socket.socket) -> None:
        heard: list[bytes] = []
        hear(b"\r\n\r\n", heard)(connection)
        key = next(line for line in heard[0].split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key")).split(b": ")[1]
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        head = b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n"
        connection.sendall(head + fields + b"\r\n")

    return script(agree, *steps)


def over(connection: socket.socket) -> None:
    end(connection)
    hear_end(connection)


def endless(data: bytes) -> Handler:
    def flooding(connection: socket.socket) -> None:
        while True:
            connection.sendall(data * max(1, 65536 // len(data)))

    return flooding


ACK = say(text({"type": "connection_ack"}))
NEXT = text({"id": "1", "type": "next", "payload": {"data": {"a": 1}}})
SOCKETS = Made(
    {
        "endless results": lambda: (opened(ACK, endless(NEXT)), 6),
        "endless large results": lambda: (opened(ACK, endless(text({"id": "1", "type": "next", "payload": {"data": "x" * 900_000}}))), 6),
        "endless pings": lambda: (opened(ACK, endless(frame(9, b"x"))), 7),
        "endless pongs": lambda: (opened(ACK, endless(frame(10))), 7),
        "endless pings of the protocol's own": lambda: (opened(ACK, endless(text({"type": "ping"}))), 7),
        "endless pings before the ack": lambda: (opened(endless(text({"type": "ping"}))), 7),
        "endless frames of one message": lambda: (opened(ACK, say(frame(1, b"x", fin=False)), endless(frame(0, b"", fin=False))), 7),
        "a frame of 2^62 bytes": lambda: (opened(ACK, say(frame(1, b"x", size=1 << 62)), pause(20)), 7),
        "a message of 60 MB": lambda: (
            opened(ACK, say(text(b'{"id": "1", "type": "next", "payload": "' + b"x" * 60_000_000 + b'"}')), over),
            7,
        ),
        "silence": lambda: (opened(pause(20)), 6),
        "silence after the ack": lambda: (opened(ACK, pause(20)), 6),
        "a drip": lambda: (opened(ACK, drip(NEXT * 5, 0.05)), None),
        "a continuation of nothing": lambda: (opened(ACK, say(frame(0, b"x")), over), 7),
        "an unknown opcode": lambda: (opened(ACK, say(frame(3)), over), 7),
        "a ping that is too long": lambda: (opened(ACK, say(frame(9, b"x" * 126)), over), 7),
        "text that is no UTF-8": lambda: (opened(ACK, say(frame(1, b"\xff")), over), 7),
        "binary": lambda: (opened(ACK, say(frame(2, b"{}")), over), 7),
        "a message without a type": lambda: (opened(ACK, say(text([1])), over), 7),
        "a type that steers": lambda: (opened(ACK, say(text({"type": "\x1b]0;x\x07\u009b", "id": "\x1b"})), over), 7),
        "a result without a payload": lambda: (opened(ACK, say(text({"id": "1", "type": "next"})), over), 7),
        "an error of another shape": lambda: (opened(ACK, say(text({"id": "1", "type": "error", "payload": "x"})), over), 1),
        "an ack and a close": lambda: (opened(say(text({"type": "connection_ack"}) + frame(8, b"\x03\xe8"))), 4),
        "an ack and a broken frame": lambda: (opened(say(text({"type": "connection_ack"}) + frame(3)), over), 7),
        "a close of one byte": lambda: (opened(ACK, say(frame(8, b"\x03")), over), 7),
        "a close with a reason that steers": lambda: (opened(ACK, say(frame(8, b"\x11\x31" + "\x1b]0;x\x07\u202e".encode())), over), 1),
        "a close, and more": lambda: (opened(ACK, say(frame(8, b"\x03\xe8")), endless(NEXT)), 4),
        "the end without a close": lambda: (opened(ACK, over), 4),
        "a reset": lambda: (opened(ACK, reset), 4),
        "more after complete": lambda: (opened(ACK, say(text({"id": "1", "type": "complete"})), endless(NEXT)), 0),
        "extensions that nobody asked for": lambda: (opened(over, fields=b"Sec-WebSocket-Extensions: permessage-deflate\r\n"), 7),
        "extensions without end": lambda: (opened(over, fields=b"Sec-WebSocket-Extensions: " + b"a;b=c, " * 8000 + b"\r\n"), 7),
        "a subprotocol that steers": lambda: (opened(over, fields=b"Sec-WebSocket-Protocol: \x1b[2J\r\n"), 7),
        "endless fields": lambda: (forever(b"HTTP/1.1 101 Go\r\n", b"A: b\r\n"), 7),
    }
)


@pytest.mark.parametrize("name", SOCKETS)
@pytest.mark.parametrize("run", [as_json, drawn])
def test_a_subscription(name: str, run: Run, serve) -> None:
    handler, code = SOCKETS[name]
    peer = serve(handler)
    run("graphql", f"http://{peer.host}:{peer.port}/", "subscription { a }", code=code)
