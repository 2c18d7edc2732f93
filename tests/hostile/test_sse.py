"""`rrcli sse` against streams that never end, lie, or try to steer: events, their fields, and what comes back in a request."""

from __future__ import annotations

import gzip

import pytest
from peers import flood
from peers.bounds import DEADLINE_S, SLACK_S, as_json, as_raw, drawn, judged
from peers.child import on_terminal, piped
from peers.flood import STEER, forever
from peers.made import Made
from peers.script import Handler, drip, hear, pause, reset, say, script

ASKED = hear(b"\r\n\r\n")
OK = b"HTTP/1.1 200 OK\r\n"
STREAM = OK + b"Content-Type: text/event-stream\r\n\r\n"


def stream(*parts: bytes) -> Handler:
    """A stream of these bytes that then ends."""
    return flood.answer(b"\r\n\r\n", STREAM, *parts)


CASES = Made(
    {
        "endless events": lambda: (forever(STREAM, b"data: x\n\n"), 6),
        "endless events of JSON": lambda: (forever(STREAM, b'data: {"a": [1, 2, {"b": null}]}\n\n'), 6),
        "endless large events": lambda: (forever(STREAM, b"data: " + b"x" * 100_000 + b"\n\n"), 6),
        "an endless event": lambda: (forever(STREAM, b"data: x\n"), None),
        "an endless line": lambda: (forever(STREAM + b"data:", b"x"), 7),
        "endless empty lines": lambda: (forever(STREAM, b"\n"), 6),
        "endless carriage returns": lambda: (forever(STREAM, b"\r"), 6),
        "endless comments": lambda: (forever(STREAM, b": \n"), 6),
        "an endless comment": lambda: (forever(STREAM + b":", b"x"), 7),
        "endless retry": lambda: (forever(STREAM, b"retry: 1\n"), 6),
        "endless chunks of one byte": lambda: (
            forever(OK + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n:\r\n"),
            None,
        ),
        "a drip of comments": lambda: (script(ASKED, say(STREAM), drip(b": \n" * 100, 0.05)), 6),
        "silence": lambda: (script(ASKED, say(STREAM), pause(20)), 6),
        "a bomb in one event": lambda: (
            flood.answer(
                b"\r\n\r\n", STREAM[:-2] + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"data: " + bytes(100 << 20), compresslevel=1)
            ),
            7,
        ),
        "data nested too deep": lambda: (stream(b"data: " + b"[" * 1_000_000 + b"\n\n"), 0),
        "data of a million digits": lambda: (stream(b"data: " + b"9" * 1_000_000 + b"\n\n"), 0),
        "data beyond numbers": lambda: (stream(b"data: 1e999\n\ndata: NaN\n\ndata: -0\n\ndata: 1.5e400000000\n\n"), 0),
        "three million lines": lambda: (stream(b"data\n" * 3_000_000), None),
        "a reset within an event": lambda: (script(ASKED, say(STREAM + b"data: x\n\ndata: y"), reset), 4),
        "an endless answer of another type": lambda: (forever(OK + b"Content-Type: text/html\r\n\r\n", b"<p>"), 7),
    }
)


@pytest.mark.parametrize("name", CASES)
def test_a_stream(name: str, serve) -> None:
    handler, code = CASES[name]
    peer = serve(handler)
    ended = as_json("sse", f"http://{peer.host}:{peer.port}/")
    assert ended.code == code or (code is None and ended.code in (0, 6, 7))  # which limit is met first depends on the machine


@pytest.mark.parametrize("name", ["endless events of JSON", "endless large events"])
@pytest.mark.parametrize("run", [as_raw, drawn])
def test_a_flood_that_is_shown(name: str, run, serve) -> None:
    peer = serve(CASES[name][0])
    assert run("sse", f"http://{peer.host}:{peer.port}/").code == 6


def test_what_steers(serve, way) -> None:
    peer = serve(stream(b"event: " + STEER + b"\ndata: " + STEER + b"\nid: " + STEER.replace(b"\0", b"") + b"\n\n"))
    way("sse", f"http://{peer.host}:{peer.port}/", code=0)


IDS = {
    "controls": STEER.replace(b"\0", b""),
    "no UTF-8": b"\xff\xfe\x80",
    "a line end of other alphabets": b"a\x0bInjected: y\x0c\xc2\x85\xe2\x80\xa8X",
    "ten million bytes": b"i" * 10_000_000,
}


@pytest.mark.parametrize("name", IDS)
def test_an_id_that_is_sent_back(name: str, serve) -> None:
    peer = serve(stream(b"retry: 0\nid: " + IDS[name] + b"\ndata: x\n\n"))
    as_json("sse", "--reconnect=1", f"http://{peer.host}:{peer.port}/")


def test_an_id_in_a_command_for_bash(serve) -> None:
    peer = serve(stream(b"retry: 0\nid: " + IDS["controls"] + b"\ndata: x\n\n"))
    ended = judged(on_terminal("sse", "--deadline", "1s", "--format", "curl", "--reconnect=1", f"http://{peer.host}:{peer.port}/"))
    assert rb"\x1b]0;owned\x07" in ended.out
    assert rb"\xe2\x80\xae" in ended.out


@pytest.mark.parametrize("text", [b"0", b"-5", b"9" * 100_000, "٣".encode()], ids=["none", "negative", "huge", "other digits"])
def test_a_wait_that_the_server_asks_for(text: bytes, serve) -> None:
    peer = serve(stream(b"retry: " + text + b"\ndata: x\n\n"))
    as_json("sse", "--reconnect", f"http://{peer.host}:{peer.port}/")


def test_a_pattern_that_takes_for_ever(serve) -> None:
    """Neither each event nor all of them get more time than there is."""
    peer = serve(forever(STREAM, b"data: " + b"a" * 40 + b"!\n\n"))
    ended = judged(piped("sse", "--deadline", f"{DEADLINE_S}s", "--until", "data matches '^(a+)+$'", f"http://{peer.host}:{peer.port}/"))
    assert (ended.code, b"was given up at event 1" in b" ".join(ended.err.split()), ended.seconds < DEADLINE_S + SLACK_S) == (6, True, True)
