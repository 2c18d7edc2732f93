"""`rrcli dns` against servers that spoof, break, cut, repeat or say nothing, and against other protocols on the port."""

from __future__ import annotations

import contextlib
import socket
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest
from peers.base import LOOPBACK, free_port
from peers.exchange import notes
from peers.script import Handler, Responder, datagram_responder, end, hear_end, pause, responder, say, script

from rrcli.adapters.dns import udp as dnsudp
from rrcli.adapters.dns.request import DnsRequest
from rrcli.engine.send import send
from rrcli.model.values import Exchange

NAME = "www.example.test"
FIRST = "record 1 of 1 in the answer section"
Replies = Callable[[bytes], list[bytes]]


def right(query: bytes, address: str = "192.0.2.80") -> bytes:
    """The answer to a query for an address."""
    asked = dns.message.from_wire(query)
    answer = dns.message.make_response(asked)
    answer.answer.append(dns.rrset.from_text(asked.question[0].name, 300, "IN", "A", address))
    return answer.to_wire()


def wrong_id(query: bytes) -> bytes:
    return right(bytes([query[0] ^ 1]) + query[1:], "203.0.113.66")


def wrong_question(query: bytes) -> bytes:
    return right(query.replace(b"\x03www", b"\x03ftp"), "203.0.113.66")


def cut(query: bytes) -> bytes:
    answer = right(query)
    return answer[:2] + bytes([answer[2] | 2]) + answer[3:]


def ask(peer: Responder, scheme: str = "udp", **options: Any) -> Exchange:
    words = (NAME, "A", f"@{scheme}://{peer.host}:{peer.port}")
    return send(DnsRequest(*words, **{"timeout": 2.0, **options}))


def addresses(exchange: Exchange) -> list[str]:
    assert exchange.response is not None, exchange.error
    return [record["data"] for record in exchange.response.data["answer"]]


@contextlib.contextmanager
def udp(replies: Replies) -> Iterator[Responder]:
    """A server that answers each query with these datagrams."""

    def handle(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        for reply in replies(data):
            server.sendto(reply, sender)

    with datagram_responder(handle) as peer:
        yield peer


# --- datagrams that are no answer, before the one that is


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        (lambda query: [wrong_id(query)], ("spoofed", "datagrams were ignored: 1 with another id")),
        (lambda query: [wrong_question(query)], ("spoofed", "datagrams were ignored: 1 to another question")),
        (lambda query: [query], ("spoofed", "datagrams were ignored: 1 that were no answers")),
        (
            lambda query: [wrong_id(query)] * 2 + [wrong_question(query)],
            ("spoofed", "datagrams were ignored: 2 with another id, 1 to another question"),
        ),
        (lambda _: [b""], ("malformed-datagram", "1 broken datagram ignored; the last: a message of 0 bytes; its header alone has 12")),
        (
            lambda _: [b"\xff" * 11],
            ("malformed-datagram", "1 broken datagram ignored; the last: a message of 11 bytes; its header alone has 12"),
        ),
        (
            lambda query: [right(query)[:-1], right(query)[:-3]],
            (
                "malformed-datagram",
                f"2 broken datagrams ignored; the last: {FIRST}: the message ends at byte 47, where 3 bytes more should be",
            ),
        ),
        (lambda query: [query[:2] + b"\xff" * 65_000], ("spoofed", "datagrams were ignored: 1 that were no answers")),
    ],
    ids=["id", "question", "query", "several", "empty", "short", "truncated", "giant"],
)
def test_what_is_no_answer_is_ignored_and_counted(replies: Replies, expected: tuple[str, str]) -> None:
    with udp(lambda query: [*replies(query), right(query)]) as peer:
        exchange = ask(peer, no_edns=True)
    assert addresses(exchange) == ["192.0.2.80"]
    assert notes(exchange) == [expected]
    assert exchange.outcome == "ok"


def test_datagrams_from_elsewhere_are_ignored_and_counted() -> None:
    def handle(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            stranger.bind((LOOPBACK, 0))
            stranger.sendto(right(data, "203.0.113.66"), sender)
        server.sendto(right(data), sender)

    with datagram_responder(handle) as peer:
        exchange = ask(peer)
    assert addresses(exchange) == ["192.0.2.80"]
    assert notes(exchange) == [("spoofed", "datagrams were ignored: 1 from other sources")]


def test_upper_and_lower_case_are_one_question() -> None:
    with udp(lambda query: [right(query.replace(b"\x03www", b"\x03WwW"))]) as peer:
        exchange = ask(peer)
    assert (addresses(exchange), notes(exchange)) == (["192.0.2.80"], [])


def test_bytes_after_the_message_are_noted() -> None:
    with udp(lambda query: [right(query) + b"xyz"]) as peer:
        exchange = ask(peer)
    assert addresses(exchange) == ["192.0.2.80"]
    assert notes(exchange) == [("bytes-after-end", "3 bytes came after the end of the message")]


def test_an_error_may_come_without_the_question() -> None:
    with udp(lambda query: [query[:2] + b"\x80\x01" + bytes(8)]) as peer:
        exchange = ask(peer)
    assert exchange.response is not None
    assert (exchange.response.status.text, exchange.response.data["question"]) == ("FORMERR", [])


def without_question(query: bytes) -> bytes:
    """The answer of a server that does not repeat the question."""
    answer = dns.message.from_wire(right(query))
    answer.question.clear()
    return answer.to_wire()


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_a_success_without_the_question_is_accepted_and_noted(scheme: str) -> None:
    reply = lambda query: framed(without_question(query))  # noqa: E731
    with responder(tcp(reply)) if scheme == "tcp" else udp(lambda query: [without_question(query)]) as peer:
        exchange = ask(peer, scheme)
    assert addresses(exchange) == ["192.0.2.80"]
    assert notes(exchange) == [("no-question", "the answer does not repeat the question: only its id says that it belongs to it")]


def test_an_answer_of_another_question_stays_ignored() -> None:
    with udp(lambda query: [wrong_question(query)]) as peer:
        exchange = ask(peer, timeout=0.2)
    assert exchange.error is not None
    assert exchange.error.kind == "timeout"
    assert notes(exchange) == [("spoofed", "datagrams were ignored: 1 to another question")]


# --- no answer at all


def test_silence() -> None:
    with udp(lambda _: []) as peer:
        exchange = ask(peer, timeout=0.2)
    error = exchange.error
    assert error is not None
    assert (error.layer, error.kind, error.phase, error.delivery, error.retry) == ("transport", "timeout", "wait", "unknown", "safe")
    assert error.message == "waiting for the answer: the time limit passed (--timeout 200ms)"
    assert (exchange.response, notes(exchange)) == (None, [])
    assert 0.2e9 <= exchange.timing.phases["wait"] < 0.3e9


def test_only_broken_datagrams_are_a_timeout_that_was_noted() -> None:
    with udp(lambda _: [b"garbage"] * 3) as peer:
        exchange = ask(peer, timeout=0.2)
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.phase) == ("timeout", "wait")
    assert notes(exchange) == [
        ("malformed-datagram", "3 broken datagrams ignored; the last: a message of 7 bytes; its header alone has 12")
    ]


def test_a_flood_does_not_move_the_deadline() -> None:
    def handle(server: socket.socket, _: bytes, sender: tuple[str, int]) -> None:
        with contextlib.suppress(ConnectionRefusedError):
            for _ in range(30_000):
                server.sendto(b"flood", sender)

    with datagram_responder(handle) as peer:
        exchange = ask(peer, timeout=0.1)
    assert exchange.error is not None
    assert exchange.error.kind == "timeout"
    assert exchange.timing.elapsed_ns < 1e9


def test_nothing_listens() -> None:
    exchange = ask(Responder(LOOPBACK, free_port()))
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind) == ("transport", "refused")
    assert exchange.timing.elapsed_ns < 1e9


def test_a_lost_datagram_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dnsudp, "RESEND", 0.1)
    queries: list[bytes] = []

    def second_time(query: bytes) -> list[bytes]:
        queries.append(query)
        return [right(query)] if len(queries) == 3 else []

    with udp(second_time) as peer:
        exchange = ask(peer, wire=1 << 20)
    assert addresses(exchange) == ["192.0.2.80"]
    assert queries[0] == queries[1] == queries[2]
    assert notes(exchange) == [("resent", "no answer to the first datagram: asked again, 2 times")]
    assert exchange.transcript is not None
    assert [entry.note for entry in exchange.transcript] == [None, "the same question again", "the same question again", None]
    assert exchange.response is not None
    assert exchange.response.data["tries"] == 3
    assert exchange.timing.phases["wait"] >= 0.3e9  # the second wait is twice as long as the first


def test_a_spoofed_datagram_does_not_end_the_wait() -> None:
    def handle(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        server.sendto(wrong_id(data), sender)
        pause(0.1)(server)
        server.sendto(right(data), sender)

    with datagram_responder(handle) as peer:
        phases = ask(peer).timing.phases
    assert phases["wait"] >= 0.095e9
    assert phases["receive"] < 0.01e9


# --- a cut answer


def test_a_cut_answer_and_no_tcp_is_the_failure_of_tcp() -> None:
    with udp(lambda query: [cut(query)]) as peer:
        exchange = ask(peer)
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.phase) == ("refused", "connect")
    assert [note.code for note in exchange.notes] == ["truncated-udp"]
    (earlier,) = exchange.history
    assert (earlier.why, earlier.outcome) == ("retry", "ok")
    assert addresses(earlier) == ["192.0.2.80"]


def test_notes_of_the_first_hop_stay() -> None:
    with udp(lambda query: [wrong_id(query), cut(query)]) as peer:
        exchange = ask(peer)
    assert [note.code for note in exchange.notes] == ["spoofed", "truncated-udp"]


# --- TCP


def question(connection: socket.socket) -> bytes:
    (size,) = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
    return connection.recv(size, socket.MSG_WAITALL)


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack("!H", len(message)) + message for message in messages)


def tcp(reply: Callable[[bytes], bytes]) -> Handler:
    """Answers a query with these bytes, and closes."""
    return lambda connection: connection.sendall(reply(question(connection)))


@pytest.mark.parametrize(
    ("reply", "layer", "kind", "message"),
    [
        (lambda _: b"", "transport", "closed", "the peer closed the connection without an answer"),
        (lambda _: b"\0", "protocol", "truncated", "the stream ended after 0 of 1 bytes"),
        (lambda query: framed(right(query))[:-1], "protocol", "truncated", "the stream ended after 37 of 38 bytes"),
        (lambda _: b"\0\x05hello", "protocol", "malformed", "the length before the message says 5 bytes; a header alone has 12"),
        (framed, "protocol", "malformed", "what came back is no answer but a query"),
        (lambda query: framed(wrong_question(query)), "protocol", "malformed", "the answer is to another question"),
        (
            lambda query: framed(right(query)[:-2]),
            "protocol",
            "malformed",
            "record 1 of 1 in the answer section: the message ends at byte 48, where 2 bytes more should be",
        ),
        (lambda _: b"SSH-2.0-OpenSSH_9.2\r\n", "protocol", "wrong_protocol", "expected DNS, got an SSH banner: 'SSH-2.0-OpenSSH_9.2'"),
        (lambda _: b"220 mail.test ESMTP\r\n", "protocol", "wrong_protocol", "expected DNS, got an SMTP reply: '220 mail.test ESMTP'"),
        (
            lambda _: b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n",
            "protocol",
            "wrong_protocol",
            "expected DNS, got HTTP/1.1 400 Bad Request (nginx)",
        ),
        (
            lambda _: b"\x15\x03\x03\0\x02\x02\x32" + b"\x15\x03\x03\0\x02\x02\x28",
            "protocol",
            "wrong_protocol",
            "expected DNS, got a TLS alert (decode error)",
        ),
    ],
)
def test_tcp_answers_that_are_wrong(reply: Callable[[bytes], bytes], layer: str, kind: str, message: str) -> None:
    with responder(tcp(reply)) as peer:
        exchange = ask(peer, "tcp", no_edns=True)
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind, exchange.error.message) == (layer, kind, message)


def test_another_id_over_tcp() -> None:
    with responder(tcp(lambda query: framed(wrong_id(query)))) as peer:
        exchange = ask(peer, "tcp")
    ident = exchange.request.data["id"]
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.message) == ("malformed", f"the answer has the id {ident ^ 256}, the question {ident}")


def test_bytes_after_a_tcp_answer_are_noted() -> None:
    with responder(tcp(lambda query: framed(right(query), right(query)))) as peer:
        exchange = ask(peer, "tcp")
    assert addresses(exchange) == ["192.0.2.80"]
    assert notes(exchange) == [("bytes-after-end", "bytes came after the end of the answer")]


def test_tcp_byte_by_byte() -> None:
    def drip(connection: socket.socket) -> None:
        for byte in framed(right(question(connection))):
            connection.sendall(bytes([byte]))

    with responder(drip) as peer:
        assert addresses(ask(peer, "tcp")) == ["192.0.2.80"]


def test_silence_over_tcp() -> None:
    with responder(hear_end) as peer:
        exchange = ask(peer, "tcp", timeout=0.2)
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.phase) == ("timeout", "wait")


def test_a_peer_that_only_closes() -> None:
    with responder(script(end, hear_end)) as peer:
        exchange = ask(peer, "tcp")
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind) == ("transport", "closed")


def test_a_peer_that_speaks_first() -> None:
    with responder(script(say(b"220 ftp.test FTP\r\n"), hear_end)) as peer:
        exchange = ask(peer, "tcp")
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.message) == ("wrong_protocol", "expected DNS, got an FTP reply: '220 ftp.test FTP'")


# --- transfers


SOA = "example.test. 300 IN SOA ns.example.test. hostmaster.example.test. 1 2 3 4 5"


def part(query: bytes, *records: str, rcode: int = 0) -> bytes:
    """A message of a transfer; only the first has to repeat the question."""
    answer = dns.message.make_response(dns.message.from_wire(query))
    answer.set_rcode(dns.rcode.Rcode(rcode))
    for record in records:
        name, ttl, of_class, kind, data = record.split(None, 4)
        answer.answer.append(dns.rrset.from_text(name, int(ttl), of_class, kind, data))
    return answer.to_wire()


def transfer(reply: Callable[[bytes], bytes], **options: Any) -> Exchange:
    with responder(tcp(reply)) as peer:
        return send(DnsRequest("example.test", "AXFR", f"@{peer.host}:{peer.port}", timeout=2.0, **options))


def test_a_transfer_in_several_messages() -> None:
    records = [f"n{number}.example.test. 300 IN A 192.0.2.{number}" for number in range(3)]
    exchange = transfer(lambda query: framed(part(query, SOA), part(query, *records), part(query, SOA)))
    assert addresses(exchange)[1:-1] == ["192.0.2.0", "192.0.2.1", "192.0.2.2"]
    assert exchange.response is not None
    assert exchange.response.body is not None
    lines = [record.replace(" ", "\t", 4) for record in (SOA, *records, SOA)]
    assert exchange.response.body.data.decode().split("\n") == lines
    assert (exchange.response.status.text, exchange.notes) == ("NOERROR", ())


@pytest.mark.parametrize(
    ("reply", "kind", "message"),
    [
        (lambda query: framed(part(query, SOA)), "truncated", "the peer closed the connection before the end of the zone"),
        (lambda query: framed(part(query)), "malformed", "the transfer does not begin with the SOA record of the zone"),
        (
            lambda query: framed(part(query, "a.test. 1 IN A 192.0.2.1")),
            "malformed",
            "the transfer does not begin with the SOA record of the zone",
        ),
        (lambda query: framed(part(query, SOA), part(query, rcode=2)), "malformed", "the transfer broke off with SERVFAIL after 1 record"),
    ],
)
def test_transfers_that_break(reply: Callable[[bytes], bytes], kind: str, message: str) -> None:
    error = transfer(reply).error
    assert error is not None
    assert (error.kind, error.message) == (kind, message)


def test_a_transfer_without_end_is_limited() -> None:
    error = transfer(
        lambda query: framed(part(query, SOA), *[part(query, "a.example.test. 1 IN A 192.0.2.1")] * 1000), max_size=10_000
    ).error
    assert error is not None
    assert (error.layer, error.kind, error.message) == (
        "protocol",
        "too_large",
        "the zone takes more than 10000 bytes: 37 records came, and it goes on",
    )


def test_a_transfer_without_end_takes_little_more_memory_than_allowed() -> None:
    def endless(connection: socket.socket) -> None:
        query = question(connection)
        connection.sendall(framed(part(query, SOA)))
        more = framed(part(query, *[f"h{number}.example.test. 1 IN A 192.0.2.1" for number in range(40)])) * 10
        while True:
            connection.sendall(more)

    tracemalloc.start()
    try:
        with responder(endless) as peer:
            error = send(DnsRequest("example.test", "AXFR", f"@{peer.host}:{peer.port}", max_size=1 << 18)).error
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert error is not None
    assert error.kind == "too_large"
    assert peak < 4 << 18


def test_a_refused_transfer_is_an_answer() -> None:
    exchange = transfer(lambda query: framed(part(query, rcode=5)))
    assert exchange.response is not None
    assert (exchange.outcome, exchange.response.status.text) == ("application_error", "REFUSED")
