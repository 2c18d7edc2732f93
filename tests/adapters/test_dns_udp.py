"""`rrcli dns` over UDP: what is sent again and to whom, answers that were cut or spoilt, and addresses with a scope."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rrset
import pytest
from peers.base import free_port
from peers.exchange import notes
from peers.script import DatagramHandler, datagram_responder, responder

from rrcli.adapters.dns import questions
from rrcli.adapters.dns import udp as dnsudp
from rrcli.adapters.dns.request import DnsRequest
from rrcli.adapters.tcp.request import TcpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.fanout import parts_of
from rrcli.engine.send import send
from rrcli.model.values import Exchange

NAME = "www.example.test"


def link_local() -> str | None:
    """An IPv6 address of this machine that is only valid with its interface, and that."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/if_inet6").read_text().splitlines():
            digits, _, _, scope, _, name = line.split()
            if scope == "20":
                return f"{socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))}%{name}"
    return None


SCOPED = link_local()
needs_scope = pytest.mark.skipif(SCOPED is None, reason="no interface has a link-local IPv6 address")


def right(query: bytes) -> bytes:
    asked = dns.message.from_wire(query)
    answer = dns.message.make_response(asked)
    answer.answer.append(dns.rrset.from_text(asked.question[0].name, 300, "IN", "A", "192.0.2.80", "192.0.2.81"))
    return answer.to_wire(want_shuffle=False)


def answering(heard: list[bytes] | None = None, change: Callable[[bytes], bytes] = lambda answer: answer) -> DatagramHandler:
    """Answers every query, and appends it to `heard`."""

    def handle(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        if heard is not None:
            heard.append(data)
        server.sendto(change(right(data)), sender)

    return handle


def silent(heard: list[bytes]) -> DatagramHandler:
    return lambda _server, data, _sender: heard.append(data)


def ask(*words: str, **options: Any) -> Exchange:
    return send(DnsRequest(NAME, *words, **options))


def addresses(exchange: Exchange) -> list[str]:
    assert exchange.response is not None, exchange.error
    return [record["data"] for record in exchange.response.data["answer"]]


def attempts(exchange: Exchange) -> list[tuple[str, str | None]]:
    return [(attempt.address, attempt.error) for attempt in exchange.connection.attempts]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Datagrams count as lost after a moment."""
    monkeypatch.setattr(dnsudp, "RESEND", 0.01)


# --- what is sent again


def test_the_schedule_is_that_of_the_contract() -> None:
    assert (dnsudp.RESEND, dnsudp.TIMEOUT, DnsRequest(NAME).tries) == (1.0, 10.0, 4)


@pytest.mark.usefixtures("quick")
def test_a_silent_server_is_asked_four_times_the_same() -> None:
    heard: list[bytes] = []
    with datagram_responder(silent(heard)) as peer:
        exchange = ask(f"@{peer.host}:{peer.port}", timeout=0.2, wire=1 << 20)
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.phase) == ("timeout", "wait")
    assert len(heard) == 4
    assert len(set(heard)) == 1
    assert exchange.transcript is not None
    assert [entry.note for entry in exchange.transcript] == [None, *["the same question again"] * 3]
    assert notes(exchange) == [("resent", "no answer to the first datagram: asked again, 3 times")]


@pytest.mark.parametrize("tries", [1, 6])
@pytest.mark.usefixtures("quick")
def test_the_number_of_datagrams_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tries: int) -> None:
    monkeypatch.setattr(dnsudp, "RESEND", 0.002)
    heard: list[bytes] = []
    with datagram_responder(silent(heard)) as peer:
        ask(f"@{peer.host}:{peer.port}", timeout=0.25, tries=tries)
    assert len(heard) == tries


@pytest.mark.usefixtures("quick")
def test_the_number_of_datagrams_is_in_the_answers_data() -> None:
    heard: list[bytes] = []

    def third_time(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        heard.append(data)
        if len(heard) == 3:
            server.sendto(right(data), sender)

    with datagram_responder(third_time) as peer:
        exchange = ask(f"@{peer.host}:{peer.port}")
    assert exchange.response is not None
    assert exchange.response.data["tries"] == 3


@pytest.mark.usefixtures("quick")
def test_without_a_limit_of_the_users_it_is_over_after_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dnsudp, "TIMEOUT", 0.1)
    with datagram_responder(silent([])) as peer:
        error = ask(f"@{peer.host}:{peer.port}").error
    assert error is not None
    assert error.message == "waiting for the answer: the time limit passed (--timeout 100ms)"


# --- whom it is sent to


@pytest.fixture
def two_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, str]:
    """The system's name servers; both have the same port, and datagrams count as lost after a moment."""
    monkeypatch.setattr(dnsudp, "RESEND", 0.01)
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 127.0.0.2\nnameserver 127.0.0.3\n")
    monkeypatch.setattr(questions, "RESOLV_CONF", str(path))
    return "127.0.0.2", "127.0.0.3"


def test_the_next_name_server_is_asked_where_the_first_refuses(two_servers: tuple[str, str]) -> None:
    first, second = two_servers
    with datagram_responder(answering(), second) as peer:
        exchange = ask(port=peer.port, tries=2)
        assert addresses(exchange) == ["192.0.2.80", "192.0.2.81"]
    assert attempts(exchange) == [(first, "refused"), (second, None)]
    assert exchange.connection.peer == f"{second}:{peer.port}"
    assert exchange.response is not None
    assert (exchange.response.data["server"], exchange.response.data["tries"]) == (f"{second}:{peer.port}", 2)


def test_the_datagrams_are_shared_out_where_the_first_is_silent(two_servers: tuple[str, str]) -> None:
    first, second = two_servers
    dead: list[bytes] = []
    other: list[bytes] = []
    with datagram_responder(silent(other), second) as peer, datagram_responder(silent(dead), first, peer.port):
        exchange = ask(port=peer.port, timeout=0.2)
    assert (len(dead), len(other)) == (2, 2)
    assert attempts(exchange) == [(first, "timeout"), (second, "timeout")]


def test_the_answer_of_a_slow_one_counts_while_the_next_is_asked(two_servers: tuple[str, str]) -> None:
    first, second = two_servers
    waiting: list[tuple[bytes, tuple[str, int]]] = []

    def late(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        waiting.append((data, sender))
        if len(waiting) == 2:  # its turn has come again
            server.sendto(right(waiting[0][0]), waiting[0][1])

    with datagram_responder(silent([]), second) as peer, datagram_responder(late, first, peer.port):
        exchange = ask(port=peer.port)
    assert addresses(exchange) == ["192.0.2.80", "192.0.2.81"]
    assert attempts(exchange) == [(first, None), (second, "timeout")]
    assert exchange.connection.peer == f"{first}:{peer.port}"


def test_all_refuse(two_servers: tuple[str, str]) -> None:
    exchange = ask(port=free_port())
    assert exchange.error is not None
    assert exchange.error.kind == "refused"
    assert attempts(exchange) == [(place, "refused") for place in two_servers]


def test_a_cut_answer_is_asked_for_again_where_it_came_from(two_servers: tuple[str, str]) -> None:
    def cut(answer: bytes) -> bytes:
        return answer[:2] + bytes([answer[2] | 2]) + answer[3:]

    with datagram_responder(answering(change=cut), two_servers[1]) as peer:
        exchange = ask(port=peer.port)
    assert exchange.error is not None
    assert exchange.error.message == f"connecting to {two_servers[1]}:{peer.port}: connection refused"


def test_the_next_name_server_is_asked_over_tcp_too(two_servers: tuple[str, str]) -> None:
    def handle(connection: socket.socket) -> None:
        answer = right(connection.recv(512)[2:])
        connection.sendall(len(answer).to_bytes(2, "big") + answer)

    with responder(handle, two_servers[1]) as peer:
        exchange = ask(port=peer.port, tcp=True)
    assert addresses(exchange) == ["192.0.2.80", "192.0.2.81"]
    assert attempts(exchange) == [(two_servers[0], "refused"), (two_servers[1], None)]


def test_several_types_are_asked_of_all_the_systems_servers(two_servers: tuple[str, str]) -> None:
    with datagram_responder(answering(), two_servers[1]) as peer:
        parts = parts_of(DnsRequest(NAME, "A", "TXT", port=peer.port))
        assert [addresses(send(part))[0] for part in parts] == ["192.0.2.80", "192.0.2.80"]


@pytest.mark.usefixtures("quick")
def test_every_address_of_a_servers_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(_host: bytes, port: int, *_more: int) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in ("127.0.0.2", "127.0.0.3")]

    monkeypatch.setattr("rrcli.wire.resolve.getaddrinfo", look_up)
    with datagram_responder(answering(), "127.0.0.3") as peer:
        exchange = ask(f"@ns.example.test:{peer.port}")
    assert addresses(exchange) == ["192.0.2.80", "192.0.2.81"]
    assert attempts(exchange) == [("127.0.0.2", "refused"), ("127.0.0.3", None)]


def test_datagrams_of_tcp_go_to_the_next_address_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(_host: bytes, port: int, *_more: int) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in ("127.0.0.2", "127.0.0.3")]

    monkeypatch.setattr("rrcli.wire.resolve.getaddrinfo", look_up)
    with datagram_responder(lambda server, data, sender: server.sendto(data, sender) and None, "127.0.0.3") as peer:
        exchange = send(TcpRequest(f"echo.example.test:{peer.port}", udp=True, steps=(("--send", b"hello"),)))
    assert exchange.response is not None, exchange.error
    assert exchange.response.body is not None
    assert exchange.response.body.data == b"hello"
    assert attempts(exchange) == [("127.0.0.2", "refused"), ("127.0.0.3", None)]
    assert list(exchange.timing.phases) == ["resolve", "connect", "send", "wait", "receive"]


# --- answers that were cut, or spoilt


def cut_within(answer: bytes, size: int) -> bytes:
    """Cut to this size without regard to its records, TC set; the header counts them all."""
    return (answer[:2] + bytes([answer[2] | 2]) + answer[3:])[:size]


@pytest.mark.parametrize("missing", [1, 8, 17, 33])
def test_an_answer_that_was_cut_within_a_record_is_asked_for_over_tcp(missing: int) -> None:
    def handle(connection: socket.socket) -> None:
        answer = right(connection.recv(512)[2:])
        connection.sendall(len(answer).to_bytes(2, "big") + answer)

    def shorter(answer: bytes) -> bytes:
        return cut_within(answer, len(answer) - missing)

    with responder(handle) as peer, datagram_responder(answering(change=shorter), peer.host, peer.port):
        exchange = ask(f"@{peer.host}:{peer.port}", no_edns=True)
    assert addresses(exchange) == ["192.0.2.80", "192.0.2.81"]
    assert notes(exchange) == [("truncated-udp", "the UDP answer was cut (TC); asked again over TCP")]


def test_an_answer_that_was_cut_within_a_record_is_shown_as_far_as_it_goes() -> None:
    with datagram_responder(answering(change=lambda answer: cut_within(answer, len(answer) - 8))) as peer:
        exchange = ask(f"@{peer.host}:{peer.port}", no_edns=True, no_fallback=True)
    assert addresses(exchange) == ["192.0.2.80"]
    assert notes(exchange) == [("truncated-udp", "the UDP answer was cut (TC), within a record")]


def test_a_header_alone_with_tc_is_a_cut_answer() -> None:
    with datagram_responder(answering(change=lambda answer: cut_within(answer, 12))) as peer:
        exchange = ask(f"@{peer.host}:{peer.port}")
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.phase) == ("refused", "connect")
    assert [note.code for note in exchange.notes] == ["truncated-udp"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda answer: answer[:-1], "record 2 of 2 in the answer section: the message ends at byte 65, where 1 bytes more should be"),
        (lambda answer: answer[:4] + b"\0\2" + answer[6:34], "question 2 of 2: the message ends within a name, at byte 34"),
        (lambda answer: answer[:12] + b"\xc0\xff" + answer[14:], "question 1 of 1: the name at byte 12 points to byte 255, not backwards"),
    ],
    ids=["short", "questions", "pointer"],
)
@pytest.mark.usefixtures("quick")
def test_a_broken_answer_is_told_at_the_deadline(spoil: Callable[[bytes], bytes], why: str) -> None:
    with datagram_responder(answering(change=spoil)) as peer:
        exchange = ask(f"@{peer.host}:{peer.port}", timeout=0.2, no_edns=True)
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind) == ("protocol", "malformed")
    assert exchange.error.message == f"the only answer is broken: {why}"
    assert exchange.error.hint == "@tcp://SERVER shows whether the server or something on the way spoils it; --wire shows the bytes"


def test_a_good_answer_behind_a_broken_one_is_taken() -> None:
    def handle(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        server.sendto(right(data)[:-1], sender)
        server.sendto(right(data), sender)

    with datagram_responder(handle) as peer:
        exchange = ask(f"@{peer.host}:{peer.port}", no_edns=True)
    assert addresses(exchange) == ["192.0.2.80", "192.0.2.81"]
    assert [note.code for note in exchange.notes] == ["malformed-datagram"]


# --- addresses that are valid on one interface only


@pytest.fixture
def scoped_port() -> Iterator[int]:
    """Where a server answers at the link-local address of this machine, and echoes at the port after it."""
    assert SCOPED
    place = socket.getaddrinfo(SCOPED, 0, socket.AF_INET6, socket.SOCK_DGRAM)[0][4]
    with datagram_responder_at(place, answering()) as port:
        yield port


@contextlib.contextmanager
def datagram_responder_at(place: Any, handle: DatagramHandler) -> Iterator[int]:
    import threading

    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.bind(place)
        server.settimeout(5)

        def answer() -> None:
            with contextlib.suppress(OSError):
                data, sender = server.recvfrom(65_535)
                handle(server, data, sender)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


@needs_scope
@pytest.mark.parametrize("written", ["[{address}%{name}]:{port}", "udp://[{address}%25{name}]:{port}"])
def test_a_server_at_an_address_with_a_scope(scoped_port: int, written: str) -> None:
    address, _, name = str(SCOPED).partition("%")
    exchange = ask("@" + written.format(address=address, name=name, port=scoped_port), timeout=2.0)
    assert addresses(exchange) == ["192.0.2.80", "192.0.2.81"]


@needs_scope
def test_datagrams_of_tcp_to_an_address_with_a_scope() -> None:
    place = socket.getaddrinfo(SCOPED, 0, socket.AF_INET6, socket.SOCK_DGRAM)[0][4]
    with datagram_responder_at(place, lambda server, data, sender: server.sendto(data, sender) and None) as port:
        exchange = send(TcpRequest(f"[{SCOPED}]:{port}", udp=True, steps=(("--send", b"hello"),), timeout=2.0))
    assert exchange.response is not None, exchange.error
    assert exchange.response.body is not None
    assert exchange.response.body.data == b"hello"


@needs_scope
def test_quic_reaches_an_address_with_a_scope() -> None:
    place = socket.getaddrinfo(SCOPED, 0, socket.AF_INET6, socket.SOCK_DGRAM)[0][4]
    heard: list[bytes] = []
    with datagram_responder_at(place, silent(heard)) as port:
        error = ask(f"@quic://[{SCOPED}]:{port}", timeout=0.4, insecure=True).error
    assert error is not None
    assert (error.kind, error.phase) == ("timeout", "tls")
    assert heard[0][0] & 0xC0 == 0xC0  # a long header, as the first packet of QUIC has (RFC 9000 section 17.2)


@needs_scope
def test_sending_from_an_address_with_a_scope(scoped_port: int) -> None:
    exchange = ask(f"@[{SCOPED}]:{scoped_port}", timeout=2.0, interface=SCOPED)
    assert addresses(exchange) == ["192.0.2.80", "192.0.2.81"]


def test_an_interface_that_there_is_not() -> None:
    with pytest.raises(ExchangeError, match=r"^there is no interface 'nosuch0' \(in fe80::1%nosuch0\)$"):
        ask("@fe80::1%nosuch0")
