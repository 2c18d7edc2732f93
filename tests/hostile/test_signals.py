"""Ctrl-C and TERM while something is under way: what arrived is reported, a file is kept and said how to go on with."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from peers import flood
from peers.bounds import judged
from peers.child import finish, let_run, started
from peers.script import hear, pause, say, script
from peers.websocket import serving_ws

ASKED = hear(b"\r\n\r\n")
OK = b"HTTP/1.1 200 OK\r\n"
STREAM = OK + b"Content-Type: text/event-stream\r\n\r\n"
BUSY = flood.answer(b"\r\n\r\n", b"HTTP/1.1 503 No\r\nRetry-After: 50\r\nContent-Length: 0\r\n\r\n")
COURSES = {
    "a stream": (script(ASKED, say(STREAM + b"data: hello\n\n"), pause(20)), ("sse", "{url}"), b"hello"),
    "a reconnection": (flood.answer(b"\r\n\r\n", STREAM + b"retry: 60000\ndata: hello\n\n"), ("sse", "--reconnect", "{url}"), b"hello"),
    "a body": (script(ASKED, say(OK + b"Content-Length: 100\r\n\r\nhello"), pause(20)), ("http", "{url}"), b"hello"),
    "a download": (script(ASKED, say(OK + b"Content-Length: 100\r\n\r\nhello"), pause(20)), ("http", "-o", "{file}", "{url}"), b"-C -"),
    "a wait between polls": (
        flood.answer(b"\r\n\r\n", OK + b"Content-Length: 2\r\n\r\nno"),
        ("http", "--until", "body == yes", "--every", "30s", "{url}"),
        b"asked once",
    ),
    "a wait between attempts": (BUSY, ("http", "--retry", "5", "{url}"), b"503"),
    "an endless upload": (pause(20), ("http", "-T", "/dev/zero", "{url}"), b"/dev/zero"),
    "an upgrade": (pause(20), ("graphql", "{url}", "subscription {{ a }}"), b"handshake"),
    "a WebSocket": (serving_ws(b"\x81\x05hello"), ("ws", "{url}"), b"hello"),
    "a diagnosis": (pause(20), ("doctor", "{url}"), b"127.0.0.1"),
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "TERM"])
@pytest.mark.parametrize("name", COURSES)
def test_an_end_from_outside(name: str, number: signal.Signals, serve, tmp_path: Path) -> None:
    handler, words, told = COURSES[name]
    peer = serve(handler)
    line = [word.format(url=f"http://{peer.host}:{peer.port}/", file=tmp_path / "file") for word in words]
    with started(*line, *(() if name == "an upgrade" else ("--json",))) as process:
        let_run(process, 0.8)  # until it waits: nothing tells
        process.send_signal(number)
        ended = judged(finish(process))
    assert (ended.code, told in ended.all or name == "an endless upload") == (128 + number if number == 15 else 130, True)
