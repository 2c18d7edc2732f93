"""Datagrams: a closed port is told by ICMP, strangers are set aside, and no flood of them moves the deadline."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from peers.base import Peer, free_port
from peers.script import Responder, datagram_responder

from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.options.parse import connect_rule, resolve_rule
from rrcli.options.request import Request
from rrcli.wire.datagram import Datagrams, places_of
from rrcli.wire.recorder import Recorder


@contextlib.contextmanager
def opened(host: str, port: int, request: Request | None = None, timeout: float = 5, wire: int | None = None) -> Iterator[Datagrams]:
    options, recorder, deadline = request or Request(), Recorder(wire), Deadline.after(timeout, "--timeout")
    datagrams = Datagrams(options, places_of(options, host, port, recorder, deadline)[0], recorder, deadline)
    try:
        yield datagrams
    finally:
        datagrams.close()


def echo(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
    server.sendto(data, sender)


def failure(caught: pytest.ExceptionInfo[ExchangeError]) -> tuple[str, str]:
    return caught.value.layer, caught.value.kind


def test_one_goes_out_and_one_comes_back(udp_echo: Peer) -> None:
    with opened(udp_echo.host, udp_echo.port, wire=100) as datagrams:
        datagrams.send(b"hello", "a greeting")
        assert datagrams.receive() == b"hello"
        recorder = datagrams.recorder
        assert (recorder.bytes_sent, recorder.bytes_received, recorder.wrote, recorder.answered) == (5, 5, True, True)
        assert [(entry.direction, entry.data, entry.note) for entry in recorder.transcript() or ()] == [
            ("sent", b"hello", "a greeting"),
            ("received", b"hello", None),
        ]
        assert recorder.peer == f"127.0.0.1:{udp_echo.port}"
        assert (recorder.local or "").startswith("127.0.0.1:")
        assert [(attempt.address, attempt.error) for attempt in recorder.attempts] == [("127.0.0.1", None)]
        recorder.timeline.finish()
        assert list(recorder.timeline.phases) == ["connect", "send", "wait", "receive"]


@pytest.mark.parametrize("host", ["::1", "0:0:0:0:0:0:0:1", "::0001"])
def test_ipv6_however_it_is_written(host: str) -> None:
    try:
        responder = datagram_responder(echo, "::1")
        with responder as peer, opened(host, peer.port, timeout=1) as datagrams:
            datagrams.send(b"six")
            assert datagrams.receive() == b"six"
            assert datagrams.recorder.peer == f"[::1]:{peer.port}"
            assert datagrams.foreign_datagrams == 0
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")


def test_an_empty_datagram_is_an_answer() -> None:
    with datagram_responder(echo) as peer, opened(peer.host, peer.port) as datagrams:
        datagrams.send(b"")
        assert datagrams.receive() == b""


def test_the_largest_datagram_and_one_that_is_larger() -> None:
    with datagram_responder(echo) as peer, opened(peer.host, peer.port) as datagrams:
        datagrams.send(bytes(65_507))
        assert datagrams.receive() == bytes(65_507)
        with pytest.raises(ExchangeError, match="^65508 bytes do not fit into a datagram$") as caught:
            datagrams.send(bytes(65_508))
        assert failure(caught) == ("usage", "usage")


def test_a_closed_port_refuses() -> None:
    port = free_port()
    with opened("127.0.0.1", port) as datagrams:
        datagrams.send(b"anybody?")
        began = time.monotonic()
        with pytest.raises(ExchangeError) as caught:
            datagrams.receive()
        assert failure(caught) == ("transport", "refused")
        assert caught.value.message == f"waiting for 127.0.0.1:{port}: connection refused"
        assert time.monotonic() - began < 1


def test_a_closed_port_refuses_over_ipv6() -> None:
    port = free_port()
    try:
        with opened("::1", port) as datagrams:
            datagrams.send(b"anybody?")
            with pytest.raises(ExchangeError, match=rf"^waiting for \[::1\]:{port}: connection refused$"):
                datagrams.receive()
    except ExchangeError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")


def test_a_closed_port_refuses_the_next_sending_too() -> None:
    with opened("127.0.0.1", free_port()) as datagrams:
        datagrams.send(b"anybody?")
        time.sleep(0.02)
        with pytest.raises(ExchangeError, match=r"^sending to 127\.0\.0\.1:\d+: connection refused$"):
            datagrams.send(b"anybody?")


@contextlib.contextmanager
def flood(target: Datagrams, every_s: float = 0.0) -> Iterator[None]:
    """Datagrams of a stranger, without a pause unless one is given."""
    stop = threading.Event()
    address = target.sock.getsockname()

    def send() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            while not stop.is_set():
                stranger.sendto(b"spoofed", address)
                time.sleep(every_s)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


def test_strangers_are_counted_and_not_heard() -> None:
    def answer(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as same_host, socket.socket(type=socket.SOCK_DGRAM) as other_host:
            same_host.sendto(b"from another port", sender)
            other_host.bind(("127.0.0.2", server.getsockname()[1]))
            other_host.sendto(b"from another host", sender)
        server.sendto(data, sender)

    with datagram_responder(answer) as peer, opened(peer.host, peer.port, wire=100) as datagrams:
        datagrams.send(b"true")
        assert datagrams.receive() == b"true"
        assert datagrams.foreign_datagrams == 2
        assert datagrams.recorder.bytes_received == 4
        assert [entry.data for entry in datagrams.recorder.transcript() or ()] == [b"true", b"true"]


def test_a_flood_of_strangers_does_not_move_the_deadline() -> None:
    with datagram_responder(lambda *_: None) as peer, opened(peer.host, peer.port, timeout=0.2) as datagrams, flood(datagrams):
        datagrams.send(b"hello")
        began = time.monotonic()
        with pytest.raises(ExchangeError, match=r"^the time limit passed \(--timeout 200ms\)$"):
            datagrams.receive()
        assert time.monotonic() - began < 0.5
        assert datagrams.foreign_datagrams > 0


def test_a_flood_of_strangers_does_not_move_the_end_of_a_silence() -> None:
    with datagram_responder(lambda *_: None) as peer, opened(peer.host, peer.port) as datagrams, flood(datagrams):
        datagrams.send(b"hello")
        began = time.monotonic()
        assert datagrams.receive(Deadline.after(0.1, "")) is None
        assert time.monotonic() - began < 0.5


def test_a_silence_costs_no_work() -> None:
    with datagram_responder(lambda *_: None) as peer, opened(peer.host, peer.port) as datagrams:
        datagrams.send(b"hello")
        before = time.thread_time()
        assert datagrams.receive(Deadline.after(0.1, "")) is None
        assert time.thread_time() - before < 0.02


def test_the_deadline_goes_before_a_longer_silence() -> None:
    with datagram_responder(lambda *_: None) as peer, opened(peer.host, peer.port, timeout=0.05) as datagrams:
        datagrams.send(b"hello")
        with pytest.raises(ExchangeError) as caught:
            datagrams.receive(Deadline.after(5, ""))
        assert failure(caught) == ("transport", "timeout")


def _rules(peer: Responder) -> list[Request]:
    return [
        Request(resolve=(resolve_rule("some.test:1:127.0.0.1"),), connect_to=(connect_rule(f"::127.0.0.1:{peer.port}"),)),
        Request(connect_to=(connect_rule(f"some.test:1:other.test:{peer.port}"),), resolve=(resolve_rule(f"*:{peer.port}:127.0.0.1"),)),
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_rules_about_names_hold(number: int) -> None:
    with datagram_responder(echo) as peer, opened("Some.Test", 1, _rules(peer)[number]) as datagrams:
        datagrams.send(b"hello")
        assert datagrams.receive() == b"hello"


def test_the_interface_is_sent_from() -> None:
    with datagram_responder(echo) as peer, opened(peer.host, peer.port, Request(interface="127.0.0.6")) as datagrams:
        datagrams.send(b"hello")
        assert datagrams.receive() == b"hello"
        assert (datagrams.recorder.local or "").startswith("127.0.0.6:")


@pytest.mark.parametrize(("interface", "layer"), [("::1", "usage"), ("no-such-device", "usage"), ("192.0.2.250", "usage")])
def test_what_fails_leaves_nothing_open(interface: str, layer: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ExchangeError) as caught, opened("127.0.0.1", 9, Request(interface=interface)):
        pass
    assert caught.value.layer == layer
    assert len(os.listdir("/proc/self/fd")) == before


def test_only_a_wanted_datagram_is_the_answer() -> None:
    def handle(server: socket.socket, _: bytes, sender: tuple[str, int]) -> None:
        server.sendto(b"spoofed", sender)
        time.sleep(0.05)
        server.sendto(b"answer", sender)

    with datagram_responder(handle) as peer, opened(peer.host, peer.port, wire=100) as datagrams:
        datagrams.send(b"hello")
        assert datagrams.receive(wanted=b"answer".__eq__) == b"answer"
        recorder = datagrams.recorder
        assert recorder.bytes_received == len(b"spoofed" + b"answer")
        assert [(entry.data, entry.note) for entry in recorder.transcript() or ()] == [
            (b"hello", None),
            (b"spoofed", "ignored"),
            (b"answer", None),
        ]
        recorder.timeline.finish()
        assert recorder.timeline.phases["wait"] > 50_000_000
        assert recorder.timeline.phases["receive"] < 50_000_000


def test_what_is_not_wanted_is_no_answer() -> None:
    with datagram_responder(echo) as peer, opened(peer.host, peer.port) as datagrams:
        datagrams.send(b"hello")
        assert datagrams.receive(Deadline.after(0.1, ""), lambda _: False) is None
        assert not datagrams.recorder.answered
        assert list(datagrams.recorder.timeline.phases) == ["connect", "send"]
        assert datagrams.recorder.timeline.current == "wait"


def test_of_what_is_sealed_only_the_size_is_told() -> None:
    with datagram_responder(echo) as peer, opened(peer.host, peer.port, wire=100) as datagrams:
        datagrams.sealed = True
        datagrams.send(b"hello")
        assert datagrams.receive() == b"hello"
        recorder = datagrams.recorder
        assert (recorder.bytes_sent, recorder.bytes_received, recorder.wrote, recorder.answered, recorder.transcript()) == (
            5,
            5,
            False,
            False,
            (),
        )
