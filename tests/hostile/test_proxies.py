"""Requests by way of proxies that stall, never end, or answer nonsense, before the tunnel stands and within it."""

from __future__ import annotations

import pytest
from peers.flood import STEER, answer, forever, numbered
from peers.script import Handler, drip, end, hear, hear_end, over_tls, pause, say, script

ASKED = b"\r\n\r\n"
OK = b"HTTP/1.1 200 Connection established\r\n"
HARMFUL = STEER.replace(b"\0", b"")

# What the proxy does, and the exit codes that may follow.
CONNECT: dict[str, tuple[Handler, set[int]]] = {
    "silence": (script(hear(ASKED), pause(20)), {6}),
    "silence before anything is read": (pause(20), {6}),
    "slow drip": (script(hear(ASKED), drip(OK + b"A: b\r\n" * 100, 0.05)), {6}),
    "slow drip of fields": (script(hear(ASKED), say(OK), drip(b"A: b\r\n" * 100, 0.05)), {6}),
    "endless status line": (forever(b"HTTP/1.1 200 ", b"x"), {7}),
    "endless field": (forever(OK + b"A: ", b"x"), {7}),
    "endless fields": (numbered(OK, b"A%d: b\r\n".__mod__), {7}),
    "endless empty lines": (forever(b"", b"\r\n"), {7}),
    "endless digits": (forever(b"HTTP/1.1 ", b"2"), {7}),
    "nothing": (answer(ASKED), {4}),
    "half a line": (answer(ASKED, b"HTTP/1.1 200"), {4, 7}),
    "half a head": (answer(ASKED, OK + b"A: b\r\n"), {4, 7}),
    "nonsense": (answer(ASKED, HARMFUL + b"\r\n\r\n"), {7}),
    "random bytes": (answer(ASKED, bytes(range(256)) * 100), {7}),
    "a banner": (answer(b"", b"SSH-2.0-OpenSSH_9.2\r\n"), {7}),
    "SOCKS": (answer(ASKED, b"\5\0"), {7}),
    "a reason that steers": (answer(ASKED, b"HTTP/1.1 403 " + HARMFUL + b"\r\n\r\n"), {4}),
    "an odd status": (answer(ASKED, "HTTP/1.1 ²⁰⁰ x\r\n\r\n".encode()), {7}),
    "a refusal without end": (forever(b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b"x"), {4}),
    "102 without end": (forever(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), {4, 7}),
    "a tunnel to silence": (script(hear(ASKED), say(OK + b"\r\n"), pause(20)), {6}),
    "a tunnel to a flood": (forever(OK + b"\r\n", b"\r\n"), {5, 7}),
    "a tunnel that ends": (answer(ASKED, OK + b"\r\n"), {4, 5}),
}


@pytest.mark.parametrize("name", CONNECT)
def test_connect(name: str, serve, document_or_drawing) -> None:
    handler, codes = CONNECT[name]
    peer = serve(handler)
    assert document_or_drawing("http", "--proxy", f"http://ann:hunter2@{peer.host}:{peer.port}", "https://h.test/").code in codes


GREETED = b"\5\1\0"
AGREED = script(hear(GREETED), say(b"\5\0"))
SOCKS5: dict[str, tuple[Handler, set[int]]] = {
    "silence": (pause(20), {6}),
    "silence after the greeting": (script(hear(GREETED), pause(20)), {6}),
    "silence after the agreement": (script(AGREED, pause(20)), {6}),
    "half a reply": (script(AGREED, say(b"\5\0\0\1\x7f"), pause(20)), {6}),
    "half a reply, then the end": (script(AGREED, say(b"\5\0\0\1\x7f"), end, hear_end), {4, 7}),
    "slow drip": (script(hear(GREETED), drip(b"\5\0" + bytes(100), 0.6)), {6, 7}),
    "nothing": (script(end, hear_end), {4}),
    "nothing after the agreement": (script(AGREED, end, hear_end), {4}),
    "another version": (script(hear(GREETED), say(b"\4\0"), end, hear_end), {7}),
    "HTTP": (script(hear(GREETED), say(b"HTTP/1.1 400 Bad Request\r\n" + HARMFUL), end, hear_end), {7}),
    "a flood": (forever(b"", b"\5", b""), {4, 7}),
    "a flood of zeros": (forever(b"", b"\0", b""), {7}),
    "no way to log in": (script(hear(GREETED), say(b"\5\xff"), end, hear_end), {4}),
    "a way that was not offered": (script(hear(GREETED), say(b"\5\1"), end, hear_end), {4}),
    "an unknown reply": (script(AGREED, say(b"\5\xee\0\1" + bytes(6)), end, hear_end), {4}),
    "an unknown kind of address": (script(AGREED, say(b"\5\0\0\7" + bytes(6)), end, hear_end), {7}),
    "a name that steers": (script(AGREED, say(b"\5\0\0\3" + bytes([len(STEER)]) + STEER + b"\0\0"), end, hear_end), {4, 5}),
    "a name cut short": (script(AGREED, say(b"\5\0\0\3\xffabc"), end, hear_end), {4, 7}),
    "a tunnel to silence": (script(AGREED, say(b"\5\0\0\1" + bytes(6)), pause(20)), {6}),
    "a tunnel to a flood": (script(AGREED, forever(b"\5\0\0\1" + bytes(6), b"\xff", b"")), {5, 7}),
}


@pytest.mark.parametrize("name", SOCKS5)
def test_socks5(name: str, serve, document_or_drawing) -> None:
    handler, codes = SOCKS5[name]
    peer = serve(handler)
    assert document_or_drawing("http", "--proxy", f"socks5h://{peer.host}:{peer.port}", "https://h.test/").code in codes


SOCKS4: dict[str, tuple[Handler, set[int]]] = {
    "silence": (pause(20), {6}),
    "half a reply": (script(say(b"\0\x5a"), pause(20)), {6}),
    "nothing": (script(end, hear_end), {4}),
    "refused": (script(say(b"\0\x5b" + bytes(6)), end, hear_end), {4}),
    "an unknown reply": (script(say(b"\0\0" + bytes(6)), end, hear_end), {4}),
    "another version": (script(say(b"\5\0"), end, hear_end), {7}),
    "a flood": (forever(b"", b"\0", b""), {4}),
    "a flood of text": (forever(b"", b"x", b""), {7}),
}


@pytest.mark.parametrize("name", SOCKS4)
def test_socks4(name: str, serve, document_or_drawing) -> None:
    handler, codes = SOCKS4[name]
    peer = serve(handler)
    assert document_or_drawing("http", "--proxy", f"socks4a://{peer.host}:{peer.port}", "https://h.test/").code in codes


def test_a_proxy_over_tls_that_stalls(ca, serve, document_or_drawing) -> None:
    peer = serve(over_tls(ca.good, pause(20)))
    words = ("http", "--cacert", str(ca.root), "--proxy", f"https://ann:hunter2@localhost:{peer.port}", "https://h.test/")
    document_or_drawing(*words, code=6)


@pytest.mark.parametrize("handler", [pause(20), drip(bytes(100), 0.05)], ids=["silence", "drip"])
def test_a_proxy_that_never_speaks_tls(handler: Handler, serve, document_or_drawing) -> None:
    peer = serve(handler)
    assert document_or_drawing("http", "--proxy", f"https://{peer.host}:{peer.port}", "https://h.test/").code in (5, 6)
