"""The responder's WebSockets, driven by the client of the `websockets` library, and its faults, which that client refuses too."""

from __future__ import annotations

import time

import pytest
from peers.verdict import Ask, serving

from rrcli.responders.http import HttpResponder

pytest.importorskip("websockets")

from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidHandshake, InvalidMessage
from websockets.sync.client import connect


def url(web: HttpResponder, path: str) -> str:
    return f"ws{web.url.removeprefix('http')}{path}"


@pytest.mark.parametrize("compression", ["deflate", None])
def test_every_message_comes_back(web: HttpResponder, compression: str | None) -> None:
    with connect(url(web, "/ws/echo"), compression=compression) as client:
        for message in ("hello", "A" * 100_000, b"\x00\xff", "", "\u00fc"):
            client.send(message)
            assert client.recv(timeout=5) == message
        client.send(["in ", "several ", "frames"])
        assert client.recv(timeout=5) == "in several frames"
        assert client.ping().wait(5)


def test_numbers_are_pushed_and_then_the_close(web: HttpResponder) -> None:
    with connect(url(web, "/ws/push?count=3&every=20ms")) as client:
        assert list(client) == ['{"n": 1}', '{"n": 2}', '{"n": 3}']
        assert client.close_code == 1000


def test_a_client_that_leaves_ends_the_numbers(web: HttpResponder) -> None:
    begin = time.monotonic()
    with connect(url(web, "/ws/push?count=1000&every=1s")) as client:
        assert client.recv(timeout=5) == '{"n": 1}'
    assert time.monotonic() - begin < 4


def test_the_close_has_the_code_and_reason_asked_for(web: HttpResponder) -> None:
    with connect(url(web, "/ws/close?code=4001&reason=bye")) as client, pytest.raises(ConnectionClosedError):
        client.recv(timeout=5)
    assert (client.close_code, client.close_reason) == (4001, "bye")
    with connect(url(web, "/ws/close")) as client, pytest.raises(ConnectionClosedOK):
        client.recv(timeout=5)


def test_a_binary_message_and_the_subprotocol(web: HttpResponder) -> None:
    with connect(url(web, "/ws/binary"), subprotocols=["v9", "chat"]) as client:  # type: ignore[list-item]
        assert (client.recv(timeout=5), client.subprotocol) == (bytes(range(256)), "chat")


def test_a_request_that_asks_for_no_websocket_and_one_for_no_code(web: HttpResponder) -> None:
    import httpx

    assert (httpx.get(f"{web.url}/ws/echo").status_code, httpx.get(f"{web.url}/ws/echo").headers["upgrade"]) == (426, "websocket")
    with pytest.raises(InvalidHandshake, match="400"):
        connect(url(web, "/ws/close?code=1005"))


BAD = {
    "utf-8": ("7 protocol malformed receive answered useless", 1007),
    "masked": ("7 protocol malformed receive answered useless", 1002),
    "rsv": ("7 protocol malformed receive answered useless", 1002),
    "length": ("7 protocol too_large receive answered useless", 1009),
    "no-close": ("4 transport closed receive answered safe", 1006),
    "fragments": ("7 protocol too_large receive answered useless", None),
    "bomb": ("7 protocol too_large receive answered useless", 1009),
}


@pytest.mark.parametrize("value", BAD)
def test_bad_frames(ask: Ask, value: str) -> None:
    line, code = BAD[value]
    with serving("ws", f"bad-frames={value}") as (served, _):
        verdict = ask("ws", "--max-size", "4MiB", f"{served.url}/ws/silent")
        assert verdict.line == line
        assert verdict.value["response"]["data"]["events"][0]["json"] == {"n": 1}
        if code is not None:
            with connect(url(served, "/ws/silent"), max_size=1 << 20, close_timeout=0.5) as client:
                assert client.recv(timeout=5) == '{"n": 1}'
                with pytest.raises((ConnectionClosedError, TimeoutError)):  # it waits for the end after its own goodbye
                    client.recv(timeout=1)
            said = client.protocol.close_sent
            assert (said.code if said else 1006) == code


def test_a_wrong_accept(ask: Ask) -> None:
    with serving("ws", "bad-frames=accept") as (served, _):
        assert ask("ws", f"{served.url}/ws/echo", "x").line == "7 protocol malformed handshake not_sent useless"
        with pytest.raises((InvalidHandshake, InvalidMessage)):
            connect(url(served, "/ws/echo"))


def test_faults_of_http_are_had_too(ask: Ask) -> None:
    with serving("ws", "503-then-ok=1") as (served, _):
        assert ask("ws", f"{served.url}/ws/echo", "x").line.startswith("1 application bad_status - not_sent")
        assert ask("ws", f"{served.url}/ws/echo", "x").line == "0 - - - - -"
