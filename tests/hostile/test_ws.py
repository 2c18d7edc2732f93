"""`rrcli ws` against servers that never end, lie about lengths, flood, squeeze too much or break off: a limit or the deadline ends it."""

from __future__ import annotations

import functools
import json
import socket
import threading
import zlib

import pytest
from peers.bounds import as_json, as_raw, drawn
from peers.flood import STEER
from peers.made import Made
from peers.script import Handler, drip, hear_end, pause, reset, responder
from peers.websocket import serving_ws

from rrcli.adapters.ws.request import WsRequest
from rrcli.codec.wsframes import BINARY, CLOSE, CONTINUATION, PING, PONG, RSV1, TEXT, frame
from rrcli.engine.send import send

HELLO = frame(TEXT, b"hello")


def forever(*pieces: bytes) -> Handler:
    """The last of the pieces again and again."""

    def flood(connection: socket.socket) -> None:
        piece = pieces[-1] * max(1, 65536 // len(pieces[-1]))
        while True:
            connection.sendall(piece)

    return serving_ws(*pieces, then=flood)


def squeezed(data: bytes) -> bytes:
    squeezer = zlib.compressobj(9, wbits=-15)
    return squeezer.compress(data) + squeezer.flush(zlib.Z_SYNC_FLUSH)[:-4]


@functools.cache
def bomb() -> bytes:
    return squeezed(bytes(100 << 20))


CASES = Made({
    "endless messages": lambda: (forever(HELLO), 6, "timeout"),
    "endless large messages": lambda: (forever(frame(BINARY, bytes(1 << 20))), 6, "timeout"),
    "endless messages of JSON": lambda: (forever(frame(TEXT, b'{"a": [1, {"b": null}]}')), 6, "timeout"),
    "endless fragments": lambda: (forever(frame(TEXT, b"a", fin=False), frame(CONTINUATION, b"a", fin=False)), 7, "too_large"),
    "endless empty fragments": lambda: (forever(frame(TEXT, b"", fin=False), frame(CONTINUATION, b"", fin=False)), 7, "too_large"),
    "endless large fragments": lambda: (
        forever(frame(BINARY, b"", fin=False), frame(CONTINUATION, bytes(1 << 20), fin=False)), None, None,
    ),
    "endless pings": lambda: (forever(frame(PING, b"x")), 7, "too_large"),
    "endless pongs": lambda: (forever(frame(PONG, b"x")), 7, "too_large"),
    "a length of 2^62": lambda: (serving_ws(b"\x82\x7f" + (1 << 62).to_bytes(8, "big")), 7, "too_large"),
    "a length of 2^63": lambda: (serving_ws(b"\x82\x7f" + (1 << 63).to_bytes(8, "big")), 7, "malformed"),
    "a length in too many bytes": lambda: (serving_ws(b"\x82\x7e\x00\x05hello"), 7, "malformed"),
    "a bomb": lambda: (serving_ws(frame(BINARY, bomb(), rsv=RSV1)), 7, "too_large"),
    "an endless bomb": lambda: (forever(frame(TEXT, squeezed(bytes(1 << 20)), rsv=RSV1)), None, None),
    "no deflate": lambda: (serving_ws(frame(TEXT, b"\xff\xff\xff\xff", rsv=RSV1)), 7, "malformed"),
    "text that is no UTF-8": lambda: (serving_ws(frame(TEXT, b"\xff")), 7, "malformed"),
    "a masked frame": lambda: (serving_ws(frame(TEXT, b"x", key=b"abcd")), 7, "malformed"),
    "a reserved bit": lambda: (serving_ws(frame(TEXT, b"x", rsv=0x20)), 7, "malformed"),
    "an opcode that means nothing": lambda: (serving_ws(frame(3, b"x")), 7, "malformed"),
    "a continuation of nothing": lambda: (serving_ws(frame(CONTINUATION, b"x")), 7, "malformed"),
    "a close that nobody may say": lambda: (serving_ws(frame(CLOSE, (1005).to_bytes(2, "big"))), 7, "malformed"),
    "a close of one byte": lambda: (serving_ws(frame(CLOSE, b"x")), 7, "malformed"),
    "garbage": lambda: (serving_ws(bytes(range(256))), 7, "malformed"),
    "HTTP behind the upgrade": lambda: (serving_ws(b"HTTP/1.1 200 OK\r\n\r\n"), 7, "malformed"),
    "a frame that is cut": lambda: (serving_ws(HELLO[:4], then=lambda _: None), 4, "closed"),
    "a head that is cut": lambda: (serving_ws(HELLO[:1], then=lambda _: None), 4, "closed"),
    "no close frame": lambda: (serving_ws(HELLO, then=lambda _: None), 4, "closed"),
    "a reset": lambda: (serving_ws(HELLO, then=reset), 4, None),
    "a drip": lambda: (serving_ws(then=drip(frame(TEXT, bytes(100)), 0.1)), 6, "timeout"),
    "a drip of pings": lambda: (serving_ws(then=drip(frame(PING, b"") * 100, 0.1)), 6, "timeout"),
    "silence": lambda: (serving_ws(then=pause(20)), 6, "timeout"),
    "JSON nested too deep": lambda: (serving_ws(frame(TEXT, b"[" * 1_000_000), frame(CLOSE, b"")), 0, None),
    "a number of a million digits": lambda: (serving_ws(frame(TEXT, b"9" * 1_000_000), frame(CLOSE, b"")), 0, None),
})  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_server(name: str, serve) -> None:
    handler, code, kind = CASES[name]
    peer = serve(handler)
    ended = as_json("ws", f"ws://{peer.host}:{peer.port}/", code=code)
    assert code is not None or ended.code in (6, 7)  # which limit is met first depends on the machine
    error = json.loads(ended.out)["error"]
    if kind:
        assert (error["kind"], error["layer"]) == (kind, {4: "transport", 6: "transport", 7: "protocol"}[ended.code])


@pytest.mark.parametrize("name", ["endless messages", "endless large messages", "endless messages of JSON"])
@pytest.mark.parametrize("run", [as_raw, drawn])
def test_a_flood_that_is_shown(name: str, run, serve) -> None:
    peer = serve(CASES[name][0])
    run("ws", f"ws://{peer.host}:{peer.port}/", code=6)


def test_what_steers(serve, way) -> None:
    steering = STEER.decode("utf-8", "replace").encode()
    close = frame(CLOSE, (4000).to_bytes(2, "big") + steering[:100].decode("utf-8", "ignore").encode())
    peer = serve(serving_ws(frame(TEXT, steering), frame(BINARY, STEER), frame(PING, STEER[:125]), close))
    way("ws", f"ws://{peer.host}:{peer.port}/", code=1)


def test_a_server_that_talks_on_after_the_goodbye(serve) -> None:
    peer = serve(forever(HELLO))
    ended = as_json("ws", "--max-events", "1", f"ws://{peer.host}:{peer.port}/")
    assert (ended.code, len(json.loads(ended.out)["response"]["data"]["events"])) == (0, 1)


@pytest.mark.parametrize("name", ["messages", "pings", "silence"])
def test_a_server_that_reads_nothing(name: str, serve, tmp_path) -> None:
    """Both sides send and neither reads: the deadline ends that."""
    path = tmp_path / "large"
    path.write_bytes(bytes(30 << 20))
    talks = {"messages": frame(BINARY, bytes(1000)), "pings": frame(PING, b"x"), "silence": b""}[name]

    def deaf(connection: socket.socket) -> None:
        if talks:
            for _ in range(20):
                connection.sendall(talks * 100)
        threading.Event().wait(8)

    peer = serve(serving_ws(then=deaf))
    as_json("ws", "--no-compress", "--send-file", str(path), f"ws://{peer.host}:{peer.port}/", code=6)


@pytest.mark.parametrize(("data", "code"), [(frame(TEXT, b"\xff"), 1007), (frame(TEXT, b"x", rsv=0x20), 1002)])
def test_the_server_is_told_why_it_is_left(data: bytes, code: int) -> None:
    heard = bytearray()

    def hear(connection: socket.socket) -> None:
        while piece := connection.recv(65536):
            heard.extend(piece)

    with responder(serving_ws(data, then=hear)) as peer:
        exchange = send(WsRequest(f"ws://{peer.host}:{peer.port}/"))
        assert exchange.error
    key, masked = heard[2:6], heard[6:8]
    assert (heard[0], int.from_bytes(bytes(one ^ other for one, other in zip(masked, key, strict=False)), "big")) == (0x88, code)


def test_what_came_before_the_break_is_told(serve) -> None:
    peer = serve(serving_ws(HELLO, frame(TEXT, b"\xff"), then=hear_end))
    value = json.loads(as_json("ws", f"ws://{peer.host}:{peer.port}/").out)
    assert [event["data"] for event in value["response"]["data"]["events"]] == ["hello"]
    assert value["error"]["delivery"] == "answered"
