"""The DNS responder, met by dig and dnspython."""

from __future__ import annotations

import socket
import struct
import subprocess
import time

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdataclass
import dns.update
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peers.base import free_port, need

from rrcli.responders.dns import DnsResponder


def dig(names: DnsResponder, *words: str) -> str:
    command = [need("dig"), f"@{names.host}", "-p", str(names.port), "+tries=1", "+time=3", *words]
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=10).stdout


def ask(names: DnsResponder, name: str, kind: str = "A", **options: object) -> dns.message.Message:
    query = dns.message.make_query(name, kind, **options)  # type: ignore[arg-type]
    return dns.query.udp(query, names.host, port=names.port, timeout=3)


def datagram(names: DnsResponder, data: bytes) -> bytes:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(3)
        sock.sendto(data, (names.host, names.port))
        return sock.recv(65535)


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("www.rrcli.test", ["192.0.2.1", "192.0.2.2"]),
        ("WWW.rrcli.TEST AAAA", ["2001:db8::1"]),
        ("alias.rrcli.test", ["www.rrcli.test.", "192.0.2.1", "192.0.2.2"]),
        ("alias.rrcli.test CNAME", ["www.rrcli.test."]),
        ("mail.rrcli.test MX", ["10 mx1.rrcli.test.", "20 mx2.rrcli.test."]),
        ("txt.rrcli.test TXT", ['"v=spf1 -all"', '"one" "two" "three"', r'"caf\195\169 \"quoted\""']),
        ("srv.rrcli.test SRV", ["0 5 8080 www.rrcli.test.", "10 5 8081 www.rrcli.test."]),
        ("caa.rrcli.test CAA", ['0 issue "ca.rrcli.test"', '0 iodef "mailto:hostmaster@rrcli.test"']),
        ("rrcli.test SOA", ["ns.rrcli.test. hostmaster.rrcli.test. 1 3600 600 86400 60"]),
        ("rrcli.test NS", ["ns.rrcli.test."]),
        ("-x 127.0.0.1", ["localhost."]),
        ("-x ::1", ["localhost."]),
        ("www.rrcli.test MX", []),
    ],
)
def test_the_zone(names: DnsResponder, words: str, lines: list[str], transport: str) -> None:
    assert sorted(dig(names, "+short", transport, *words.split()).splitlines()) == sorted(lines)


def test_any_gives_all_types(names: DnsResponder) -> None:
    assert dig(names, "+short", "www.rrcli.test", "ANY").splitlines() == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]


def test_answers_come_in_the_same_order_every_time(names: DnsResponder) -> None:
    answers = [ask(names, "www.rrcli.test").answer[0].to_text() for _ in range(8)]
    assert set(answers) == {"www.rrcli.test. 300 IN A 192.0.2.1\nwww.rrcli.test. 300 IN A 192.0.2.2"}


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "authoritative", "soa"),
    [
        ("www.rrcli.test", "A", "NOERROR", True, False),
        ("www.rrcli.test", "MX", "NOERROR", True, True),
        ("nothing.rrcli.test", "A", "NXDOMAIN", True, True),
        ("fail.rrcli.test", "A", "SERVFAIL", False, False),
        ("refused.rrcli.test", "A", "REFUSED", False, False),
        ("example.com", "A", "REFUSED", False, False),
        ("notrrcli.test", "A", "REFUSED", False, False),
        (".", "NS", "REFUSED", False, False),
    ],
)
def test_rcodes(names: DnsResponder, name: str, kind: str, rcode: str, authoritative: bool, soa: bool) -> None:
    answer = ask(names, name, kind)
    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert dns.flags.to_text(answer.flags) == ("QR AA RD" if authoritative else "QR RD")
    shown = "rrcli.test. 60 IN SOA ns.rrcli.test. hostmaster.rrcli.test. 1 3600 600 86400 60"
    assert [rrset.to_text() for rrset in answer.authority] == ([shown] if soa else [])


def test_other_classes_are_refused(names: DnsResponder) -> None:
    assert ask(names, "www.rrcli.test", rdclass=dns.rdataclass.CH).rcode() == dns.rcode.REFUSED


def test_what_is_too_big_for_a_datagram_comes_whole_over_tcp(names: DnsResponder) -> None:
    query = dns.message.make_query("big.rrcli.test", "TXT", use_edns=0, payload=4096)
    truncated = dns.query.udp(query, names.host, port=names.port, timeout=3)
    assert (dns.flags.to_text(truncated.flags), truncated.answer, truncated.edns) == ("QR AA TC RD", [], 0)
    whole, by_tcp = dns.query.udp_with_fallback(query, names.host, port=names.port, timeout=3)
    assert (by_tcp, len(whole.answer[0]), len(whole.to_wire()) > 1232) == (True, 10, True)
    assert dig(names, "+short", "big.rrcli.test", "TXT").count("\n") == 10


def test_without_edns_512_bytes_are_the_limit_and_nobody_gets_an_opt(names: DnsResponder) -> None:
    assert ask(names, "www.rrcli.test", use_edns=False).edns == -1
    assert ask(names, "big.rrcli.test", "TXT", use_edns=False).flags & dns.flags.TC


def test_edns(names: DnsResponder) -> None:
    answer = ask(names, "www.rrcli.test", use_edns=0, payload=4096, options=[dns.edns.GenericOption(dns.edns.NSID, b"")])
    assert (answer.edns, answer.payload, [option.to_text() for option in answer.options]) == (0, 1232, ["NSID rrcli"])
    assert ask(names, "www.rrcli.test", use_edns=0).options == ()
    assert ask(names, "www.rrcli.test", use_edns=0, ednsflags=dns.flags.DO).ednsflags == dns.flags.DO
    assert ask(names, "www.rrcli.test", use_edns=1).rcode() == dns.rcode.BADVERS


def test_slow_is_slow_and_holds_up_nobody(names: DnsResponder) -> None:
    started = time.monotonic()
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(3)
        for name in ("slow.rrcli.test", "www.rrcli.test"):
            sock.sendto(dns.message.make_query(name, "A").to_wire(), (names.host, names.port))
        first, second = (dns.message.from_wire(sock.recv(999)).answer[0].name.to_text() for _ in range(2))
    assert (first, second) == ("www.rrcli.test.", "slow.rrcli.test.")
    assert 0.5 <= time.monotonic() - started < 1.5


def test_stopping_does_not_wait_for_the_slow_one() -> None:
    with DnsResponder() as names, socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(dns.message.make_query("slow.rrcli.test", "A").to_wire(), (names.host, names.port))
        ask(names, "www.rrcli.test")
        started = time.monotonic()
        names.stop()
        assert time.monotonic() - started < 0.3


def test_several_questions_on_one_connection(names: DnsResponder) -> None:
    queries = [dns.message.make_query(name, "A") for name in ("www.rrcli.test", "slow.rrcli.test", "nothing.rrcli.test")]
    with socket.create_connection((names.host, names.port), timeout=3) as sock, sock.makefile("rb") as file:
        sock.sendall(b"".join(struct.pack("!H", len(query.to_wire())) + query.to_wire() for query in queries))
        answers = [dns.message.from_wire(file.read(struct.unpack("!H", file.read(2))[0])) for _ in queries]
    assert [answer.id for answer in answers] == [query.id for query in queries]
    assert [dns.rcode.to_text(answer.rcode()) for answer in answers] == ["NOERROR", "NOERROR", "NXDOMAIN"]


def test_what_cannot_be_read_gets_formerr_with_its_id(names: DnsResponder) -> None:
    query = dns.message.make_query("www.rrcli.test", "A", id=0x1234).to_wire()
    formerr = bytes.fromhex("1234 8101 0000 0000 0000 0000")
    assert datagram(names, query[:-3]) == formerr
    assert datagram(names, query + b"more") == formerr
    assert datagram(names, bytes.fromhex("1234 0100 0000 0000 0000 0000")) == formerr  # no question
    two = bytes.fromhex("1234 0100 0002 0000 0000 0000") + query[12:] * 2
    assert datagram(names, two) == formerr


def test_other_opcodes_are_not_implemented(names: DnsResponder) -> None:
    update = dns.update.UpdateMessage("rrcli.test", id=0x1234)
    assert datagram(names, update.to_wire()) == bytes.fromhex("1234 a804 0000 0000 0000 0000")
    status = dns.message.make_query("rrcli.test", "A", id=0x1234, flags=0)
    status.set_opcode(dns.opcode.STATUS)
    assert datagram(names, status.to_wire()) == bytes.fromhex("1234 9004 0000 0000 0000 0000")


def test_responses_and_scraps_are_dropped(names: DnsResponder) -> None:
    response = dns.message.make_response(dns.message.make_query("www.rrcli.test", "A")).to_wire()
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(3)
        for data in (response, b"", b"x" * 11, dns.message.make_query("ns.rrcli.test", "A").to_wire()):
            sock.sendto(data, (names.host, names.port))
        assert dns.message.from_wire(sock.recv(999)).question[0].name.to_text() == "ns.rrcli.test."
    with socket.create_connection((names.host, names.port), timeout=3) as sock:
        sock.sendall(b"\0\x03abc")
        assert sock.recv(9) == b""


def test_a_port_taken_for_udp_alone_is_not_served() -> None:
    port = free_port()
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
        with pytest.raises(OSError, match="in use"):
            DnsResponder(port=port).start()
    with DnsResponder(port=port) as names:
        assert ask(names, "www.rrcli.test").rcode() == dns.rcode.NOERROR


QUERY = dns.message.make_query("www.rrcli.test", "A", id=1, use_edns=0).to_wire()


@given(st.one_of(st.binary(max_size=60), st.tuples(st.integers(0, len(QUERY) - 1), st.binary(min_size=1, max_size=6))))
@settings(max_examples=60, deadline=None)
def test_any_bytes_leave_it_answering(names: DnsResponder, change: bytes | tuple[int, bytes]) -> None:
    data = change if isinstance(change, bytes) else QUERY[: change[0]] + change[1] + QUERY[change[0] + len(change[1]) :]
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(data, (names.host, names.port))
    with socket.create_connection((names.host, names.port), timeout=3) as sock:
        sock.sendall(struct.pack("!H", len(data)) + data)
    assert ask(names, "ns.rrcli.test").answer[0].to_text() == "ns.rrcli.test. 300 IN A 127.0.0.1"
