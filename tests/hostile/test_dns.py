"""`rrcli dns` against servers whose answers loop, lie, never end, or try to steer the terminal."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import pytest
from peers.flood import STEER
from peers.script import Handler, Responder, datagram_responder, responder

NAME = b"\x03www\x07example\x04test\x00"
POINTER = b"\xc0\x0c"  # to the question's name

Reply = Callable[[bytes], bytes]


def message(query: bytes, records: bytes, count: int = 1, *, flags: int = 0x8180) -> bytes:
    """An answer to the query with `count` records."""
    question = query[12 : 12 + len(NAME) + 4]
    return query[:2] + struct.pack("!5H", flags, 1, count, 0, 0) + question + records


def record(data: bytes, kind: int = 16, name: bytes = POINTER, length: int | None = None) -> bytes:
    return name + struct.pack("!HHIH", kind, 1, 60, len(data) if length is None else length) + data


def text(data: bytes) -> bytes:
    return b"".join(bytes([len(data[at : at + 255])]) + data[at : at + 255] for at in range(0, len(data), 255))


WRONG: dict[str, tuple[Reply, set[int]]] = {
    "a name that points to itself": (lambda query: message(query, record(b"\xc0\x27", 5, b"\xc0\x21")), {6, 7}),
    "two names that point to each other": (lambda query: message(query, record(b"x", name=b"\xc0\x23\xc0\x21")), {6, 7}),
    "a name that points forward": (lambda query: message(query, record(b"\xc0\xff", 5)), {6, 7}),
    "a name beyond the end": (lambda query: message(query, record(b"\xff\xff", 5)), {6, 7}),
    "labels without end": (lambda query: message(query, record(b"\x3f" + b"x" * 63, 5) + (b"\x3f" + b"x" * 63) * 900), {6, 7}),
    "a label of a reserved kind": (lambda query: message(query, record(b"\x80abc", 5)), {6, 7}),
    "65535 records that are not there": (lambda query: message(query, b"", 65535), {6, 7}),
    "a length beyond the end": (lambda query: message(query, record(b"x", length=65535)), {6, 7}),
    "no question": (lambda query: query[:2] + b"\x81\x80" + bytes(8), {0}),
    "a header alone": (lambda query: query[:12], {6, 7}),
    "nothing": (lambda _query: b"", {4, 6, 7}),
    "4000 small records": (lambda query: message(query, record(b"\x7f\0\0\1", 1) * 4000, 4000), {0}),
    "many records of one byte": (lambda query: message(query, record(b"", 10) * 4500, 4500), {0, 7}),
    "one large text": (lambda query: message(query, record(text(b"x" * 60_000))), {0}),
    "a large unknown type": (lambda query: message(query, record(bytes(60_000), 65280)), {0}),
    "chains of pointers": (
        lambda query: message(query, b"".join(record(b"\1a" + struct.pack("!H", 0xC000 | max(12, 33 + 16 * at - 4)), 5) for at in range(400)), 400),  # noqa: E501
        {0, 7},
    ),
    "an address of the wrong length": (lambda query: message(query, record(b"\x7f\0\0", 1)), {6, 7}),
    "an rcode that nobody knows": (lambda query: message(query, b"", 0, flags=0x818F), {1}),
    "another class of answers": (lambda query: message(query, POINTER + struct.pack("!HHIH", 1, 4, 60, 4) + b"\x7f\0\0\1"), {0, 7}),
    "steering text": (lambda query: message(query, record(text(STEER))), {0}),
    "steering name": (lambda query: message(query, record(bytes([len(STEER)]) + STEER + b"\0", 5)), {0}),
    "steering owner": (lambda query: message(query, record(b"\x7f\0\0\1", 1, bytes([len(STEER)]) + STEER + b"\0")), {0}),
    "steering mail": (lambda query: message(query, record(b"\0\1" + bytes([len(STEER)]) + STEER + b"\0", 15)), {0}),
    "steering CAA": (lambda query: message(query, record(b"\0\5issue" + STEER, 257)), {0}),
    "steering URI": (lambda query: message(query, record(b"\0\1\0\1" + STEER, 256)), {0}),
    "steering NAPTR": (
        lambda query: message(query, record(b"\0\1\0\1" + text(STEER) * 3 + bytes([len(STEER)]) + STEER + b"\0", 35)),
        {0, 7},
    ),
    "steering SVCB": (lambda query: message(query, record(b"\0\1\0\0\1" + struct.pack("!H", len(STEER) + 1) + bytes([len(STEER)]) + STEER, 64)), {0, 7}),  # noqa: E501
    "steering HINFO": (lambda query: message(query, record(text(STEER) * 2, 13)), {0}),
    "steering SOA": (lambda query: message(query, record((bytes([len(STEER)]) + STEER + b"\0") * 2 + bytes(20), 6)), {0}),
}  # fmt: skip


def over_tcp(reply: Reply) -> Handler:
    def handle(connection: socket.socket) -> None:
        query = connection.recv(65_535)
        answer = reply(query[2:])
        connection.sendall(struct.pack("!H", len(answer)) + answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass

    return handle


@pytest.fixture
def ask(document_or_drawing) -> Callable[[str, Responder], int]:
    def run(scheme: str, peer: Responder) -> int:
        code: int = document_or_drawing("dns", "www.example.test", "ANY", f"@{scheme}://{peer.host}:{peer.port}").code
        return code

    return run


@pytest.mark.parametrize("name", WRONG)
def test_over_tcp(name: str, ask) -> None:
    reply, codes = WRONG[name]
    with responder(over_tcp(reply)) as peer:
        assert ask("tcp", peer) in codes


SMALL = [name for name in WRONG if name.startswith(("a name", "two", "steering", "no question", "nothing", "an "))]


@pytest.mark.parametrize("name", SMALL)
def test_over_udp(name: str, ask) -> None:
    reply, codes = WRONG[name]
    with datagram_responder(lambda server, data, sender: server.sendto(reply(data), sender) and None) as peer:
        assert ask("udp", peer) in codes | {6}


@pytest.mark.parametrize("name", [name for name in WRONG if name.startswith("steering")])
def test_nothing_steers_the_terminal(name: str, way) -> None:
    with responder(over_tcp(WRONG[name][0])) as peer:
        way("dns", "www.example.test", "ANY", f"@tcp://{peer.host}:{peer.port}")


def test_a_flood_of_wrong_datagrams(ask) -> None:
    def flood(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        for at in range(60_000):
            server.sendto(struct.pack("!H", at) + data[2:] + bytes(1000), sender)

    with datagram_responder(flood) as peer:
        ask("udp", peer)


def test_messages_without_end(ask) -> None:
    def flood(connection: socket.socket) -> None:
        query = connection.recv(65_535)[2:]
        wrong = message(bytes([query[0] ^ 1]) + query[1:], record(text(b"x" * 50_000)))
        while True:
            connection.sendall(struct.pack("!H", len(wrong)) + wrong)

    with responder(flood) as peer:
        assert ask("tcp", peer) in (6, 7)


def test_a_slow_drip(ask) -> None:
    from peers.script import drip, pause, script

    with responder(script(drip(b"\xff\xff", 0.3), pause(20))) as peer:
        assert ask("tcp", peer) == 6
