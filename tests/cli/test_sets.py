"""The exit code of exchanges sent side by side: that of the worst, and 1 where those that are to be compared differ."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import dns.message
import dns.rrset
import pytest
from peers.script import DatagramHandler, datagram_responder

from rrcli.__main__ import main

Servers = tuple[str, str, str]


def answering(address: str) -> DatagramHandler:
    def handle(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        asked = dns.message.from_wire(data)
        answer = dns.message.make_response(asked)
        if asked.question[0].rdtype == 1:
            answer.answer.append(dns.rrset.from_text(asked.question[0].name, 300, "IN", "A", address))
        server.sendto(answer.to_wire(), sender)

    return handle


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Two name servers that agree, and one that does not."""
    with ExitStack() as stack:
        peers = [stack.enter_context(datagram_responder(answering(address))) for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2")]
        yield tuple(f"@{peer.host}:{peer.port}" for peer in peers)  # type: ignore[misc]  # there are three


def dns_exit(*words: str) -> int:
    return main(["dns", "www.example.test", *words, "-q"])


def test_servers_that_agree_are_a_success(servers: Servers) -> None:
    assert dns_exit(servers[0], servers[1]) == 0


def test_servers_that_differ_are_a_failure(servers: Servers) -> None:
    assert dns_exit(servers[0], servers[2]) == 1


def test_one_type_that_differs_is_enough(servers: Servers) -> None:
    assert dns_exit("TXT", "A", servers[0], servers[2]) == 1
    assert dns_exit("TXT", "MX", servers[0], servers[2]) == 0


def test_ok_any_takes_the_difference(servers: Servers) -> None:
    assert dns_exit(servers[0], servers[2], "--ok", "any") == 0


@pytest.mark.parametrize(("check", "code"), [("status == NOERROR", 0), ("status == NXDOMAIN", 8)])
def test_checks_decide_in_its_stead(servers: Servers, check: str, code: int) -> None:
    assert dns_exit(servers[0], servers[2], "--expect", check) == code


def test_several_types_of_one_server_are_not_compared(servers: Servers) -> None:
    assert dns_exit("A", "TXT", servers[0]) == 0


def test_the_addresses_of_one_host_are_compared(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(servers[0].rpartition(":")[2])

    def look_up(_host: bytes, port: int, *_more: int) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in ("127.0.0.1", "127.0.0.2")]

    monkeypatch.setattr("rrcli.wire.resolve.getaddrinfo", look_up)
    words = (f"@ns.example.test:{port}", "--all-addresses")
    with datagram_responder(answering("192.0.2.1"), "127.0.0.2", port):
        assert dns_exit(*words) == 0
    with datagram_responder(answering("192.0.2.2"), "127.0.0.2", port):
        assert dns_exit(*words) == 1
