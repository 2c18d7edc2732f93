"""The responder's steps put exact bytes on the wire at their times."""

from __future__ import annotations

import errno
import socket
import ssl
import time

import pytest
from peers import script
from peers.ca import Authority


def connect(peer: script.Responder) -> socket.socket:
    return socket.create_connection((peer.host, peer.port), timeout=5)


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(100), b""))


def test_steps_are_taken_in_turn() -> None:
    heard: list[bytes] = []
    steps = script.script(script.hear(b"\n", into=heard), script.say(b"one "), script.hear(b"!", into=heard), script.say(b"two"))
    with script.responder(steps) as peer, connect(peer) as client:
        client.sendall(b"first\nsecond!")
        assert read_all(client) == b"one two"
    assert heard == [b"first\n", b"second!"]


def test_each_connection_has_a_handler_of_its_own() -> None:
    with script.responder(script.script(script.hear(b"\n"), script.say(b"hello"))) as peer, connect(peer) as first, connect(peer) as second:
        second.sendall(b"\n")
        assert read_all(second) == b"hello"
        first.sendall(b"\n")
        assert read_all(first) == b"hello"


def test_pauses_and_drips_take_their_time() -> None:
    with script.responder(script.script(script.pause(0.05), script.drip(b"abc", every_s=0.02))) as peer:
        start = time.monotonic()
        with connect(peer) as client:
            assert client.recv(1) == b"a"
            assert time.monotonic() - start >= 0.05
            assert read_all(client) == b"bc"
            assert time.monotonic() - start >= 0.11


def test_what_still_runs_is_cut_at_the_end_of_the_block() -> None:
    start = time.monotonic()
    with script.responder(script.pause(60)) as sleeping, script.responder(script.hear_end) as listening:
        with connect(sleeping), connect(listening):
            pass
        with connect(sleeping) as client, connect(listening):
            client.settimeout(0.05)
            with pytest.raises(TimeoutError):
                client.recv(1)
    assert time.monotonic() - start < 2


def test_the_end_can_come_before_the_last_word_of_the_client() -> None:
    heard: list[bytes] = []
    steps = script.script(script.say(b"bye"), script.end, script.hear(b"\n", into=heard))
    with script.responder(steps) as peer, connect(peer) as client:
        assert read_all(client) == b"bye"
        client.sendall(b"wait\n")
        assert read_all(client) == b""
    assert heard == [b"wait\n"]


def test_reset() -> None:
    with script.responder(script.script(script.hear(b"\n"), script.reset)) as peer, connect(peer) as client:
        client.sendall(b"\n")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_tls_after_a_delay(ca: Authority) -> None:
    context = ssl.create_default_context(cafile=str(ca.root))
    with script.responder(script.over_tls(ca.good, script.say(b"hello"), delay_s=0.05)) as peer, connect(peer) as client:
        start = time.monotonic()
        with context.wrap_socket(client, server_hostname="localhost") as secure:
            assert time.monotonic() - start >= 0.05
            assert read_all(secure) == b"hello"


def test_tls_that_the_client_refuses_is_not_an_error_here(ca: Authority) -> None:
    context = ssl.create_default_context(cafile=str(ca.root))
    refused = pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired")
    with script.responder(script.over_tls(ca.expired, script.say(b"hello"))) as peer, connect(peer) as client, refused:
        context.wrap_socket(client, server_hostname="localhost")


def test_datagrams_are_answered_by_the_handler() -> None:
    def handle(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        server.sendto(data.upper(), sender)
        server.sendto(b"again", sender)

    with script.datagram_responder(handle) as peer, socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"hello", (peer.host, peer.port))
        assert [client.recv(100), client.recv(100)] == [b"HELLO", b"again"]


def test_ipv6() -> None:
    try:
        responder = script.responder(script.say(b"six"), host="::1")
        with responder as peer, connect(peer) as client:
            assert read_all(client) == b"six"
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        pytest.skip("this machine has no IPv6 loopback")


def test_connecting_to_the_deaf_takes_forever() -> None:
    with script.deaf() as peer, pytest.raises(TimeoutError):
        socket.create_connection((peer.host, peer.port), timeout=0.1)
