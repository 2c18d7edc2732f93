"""`rrcli dns` asking over TLS and HTTPS servers that stall, never end, or answer nonsense."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import pytest
from peers.ca import Authority
from peers.flood import STEER, STEER_TEXT, forever, numbered
from peers.script import Handler, drip, over_tls, pause, say, script

Ask = Callable[[str, Handler], int]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\n"


@pytest.fixture
def ask(ca: Authority, serve, document_or_drawing) -> Ask:
    """Ask a server that agrees on TLS and then does as the handler says; the exit code."""

    def run(scheme: str, handler: Handler) -> int:
        def handle(connection: socket.socket) -> None:
            with contextlib.suppress(OSError):  # a client that has seen enough may be gone
                handler(connection)

        peer = serve(over_tls(ca.good, handle))
        where = f"@{scheme}://localhost:{peer.port}" + ("/dns-query" if scheme == "https" else "")
        code: int = document_or_drawing("dns", "--cacert", str(ca.root), "www.example.test", where).code
        return code

    return run


TLS: dict[str, tuple[Handler, set[int]]] = {
    "silence": (pause(20), {6}),
    "half a length": (script(say(b"\0"), pause(20)), {6}),
    "half a message": (script(say(b"\xff\xff" + bytes(100)), pause(20)), {6, 7}),
    "slow drip": (drip(b"\xff\xff" + bytes(100), 0.05), {6, 7}),
    "nothing": (script(), {4, 7}),
    "empty messages": (forever(b"", b"\0\0", b""), {6, 7}),
    "messages without end": (forever(b"", b"\0\x0c" + b"\xab\xcd\x81\x80" + bytes(8), b""), {6, 7}),
    "large messages without end": (forever(b"", b"\xff\xff" + b"\xab\xcd\x81\x80" + bytes(65531), b""), {6, 7}),
    "HTTP": (script(say(b"HTTP/1.1 400 Bad Request\r\n\r\n" + STEER)), {4, 6, 7}),
    "text that steers": (script(say(STEER * 100)), {4, 6, 7}),
}


@pytest.mark.parametrize("name", TLS)
def test_over_tls(name: str, ask: Ask) -> None:
    handler, codes = TLS[name]
    assert ask("tls", handler) in codes


HTTPS: dict[str, tuple[Handler, set[int]]] = {
    "silence": (pause(20), {6}),
    "slow drip": (drip(OK + b"A: b\r\n" * 100, 0.05), {6}),
    "a stalled body": (script(say(OK + b"Content-Length: 100\r\n\r\nabc"), pause(20)), {6}),
    "endless body": (forever(OK + b"\r\n", bytes(65536), b""), {6, 7}),
    "endless chunks": (forever(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", b""), {6, 7}),
    "endless fields": (numbered(OK, b"A%d: b\r\n".__mod__, b""), {7}),
    "endless 1xx": (forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", b""), {7}),
    "a huge length": (script(say(OK + b"Content-Length: 99999999999999\r\n\r\n"), pause(20)), {6, 7}),
    "no message": (script(say(OK + b"Content-Length: 3\r\n\r\nabc"), pause(20)), {7}),
    "another type": (script(say(b"HTTP/1.1 200 x\r\nContent-Type: t/" + STEER_TEXT + b"\r\nContent-Length: 3\r\n\r\nabc"), pause(20)), {7}),
    "a refusal that steers": (script(say(b"HTTP/1.1 403 " + STEER_TEXT + b"\r\nContent-Length: 0\r\n\r\n"), pause(20)), {1, 7}),
    "a redirect to itself": (script(say(b"HTTP/1.1 302 Found\r\nLocation: /dns-query\r\nContent-Length: 0\r\n\r\n"), pause(20)), {1, 7}),
    "a bomb": (script(say(OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), pause(20)), {7}),
    "nothing": (script(), {4, 7}),
    "nonsense": (script(say(STEER * 100)), {4, 7}),
}  # fmt: skip


@pytest.mark.parametrize("name", HTTPS)
def test_over_https(name: str, ask: Ask) -> None:
    handler, codes = HTTPS[name]
    assert ask("https", handler) in codes


@pytest.mark.parametrize("scheme", ["tls", "https"])
@pytest.mark.parametrize("handler", [pause(20), drip(b"\x16\x03\x03\x3f\xff" + bytes(200), 0.05)], ids=["silence", "drip"])
def test_a_handshake_that_stalls(scheme: str, handler: Handler, serve, document_or_drawing) -> None:
    peer = serve(handler)
    document_or_drawing("dns", "www.example.test", f"@{scheme}://{peer.host}:{peer.port}", code=6)


def test_quic_that_never_answers(document_or_drawing) -> None:
    from peers.script import datagram_responder

    pytest.importorskip("aioquic")
    for reply in (b"", bytes(1200), b"\xc0\0\0\0\1" + bytes(1195)):
        with datagram_responder(lambda server, _data, sender, reply=reply: server.sendto(reply, sender) and None) as peer:
            assert document_or_drawing("dns", "www.example.test", f"@quic://{peer.host}:{peer.port}").code in (5, 6, 7)
