"""`rrcli http --http3-only` against servers that flood, stall, and unfold without end, over a QUIC that is right and one that is not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from zlib import compressobj

import pytest

pytest.importorskip("aioquic")

from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent, StreamDataReceived
from peers.bounds import as_json
from peers.ca import Authority
from peers.flood import STEER_TEXT
from peers.quicscript import SETTINGS, Answer, QuicPeer, Tick, block, ending, frame, head, quic_responder, saying
from peers.script import datagram_responder

Serve = Callable[[Answer, Tick | None], QuicPeer]
AHEAD = 1 << 20  # bytes that a flood keeps waiting, so that the server's own memory is bounded


@pytest.fixture
def serve_quic(ca: Authority) -> Iterator[Serve]:
    with ExitStack() as running:
        yield lambda answer, tick=None: running.enter_context(quic_responder(ca.good, answer, tick))


def nothing(connection: QuicConnection, event: QuicEvent) -> None:
    """No answer."""


def flood(start: bytes, again: bytes, stream: int = 0) -> tuple[Answer, Tick]:
    """Answer with the start, and then with the rest again and again, on the request's stream or another."""
    asked: list[QuicConnection] = []

    def answer(connection: QuicConnection) -> None:
        connection.send_stream_data(stream, start)
        asked.append(connection)

    def tick(connection: QuicConnection) -> None:
        if connection in asked and len(connection._streams[stream].sender._buffer) < AHEAD:
            connection.send_stream_data(stream, again * max(1, 65536 // len(again)))

    return ending(answer), tick


def streams(data: bytes, *, end: bool) -> tuple[Answer, Tick]:
    """Open one stream after the other."""
    asked: list[QuicConnection] = []

    def tick(connection: QuicConnection) -> None:
        for _ in range(20 if connection in asked else 0):
            connection.send_stream_data(connection.get_next_available_stream_id(is_unidirectional=True), data, end)

    return ending(asked.append), tick


def on_stream(number: int, data: bytes, *, end: bool = False) -> tuple[Answer, None]:
    return ending(lambda connection: connection.send_stream_data(number, data, end)), None


def bomb() -> bytes:
    """64 MiB of zeros in 64 KiB."""
    packer = compressobj(9, wbits=31)
    return packer.compress(bytes(64 << 20)) + packer.flush()


def gap(connection: QuicConnection) -> None:
    """Content whose beginning never comes: the first frame is lost on its way, again and again."""
    connection.send_stream_data(0, head(b"200") + frame(0, bytes(1 << 20))[:-1])
    connection._streams[0].sender._pending.subtract(0, 1)


FIELD = (b"a" * 100, b"b" * 1000)
CASES: dict[str, tuple[tuple[Answer, Tick | None], int | None]] = {
    "content": (flood(head(b"200"), frame(0, bytes(16384))), None),
    "single bytes of content": (flood(head(b"200"), frame(0, b"x")), None),
    "empty frames of content": (flood(head(b"200"), frame(0)), 7),
    "unknown frames": (flood(b"", frame(0x21, b"x" * 9)), 7),
    "an unknown frame without end": (flood(b"\x21\xff\xff\xff\xff\xff\xff\xff\xff", b"x" * 1000), 6),
    "informational answers": (flood(b"", head(b"103")), 7),
    "fields without end": (flood(b"", frame(1, block((b":status", b"103"), *[FIELD] * 5))), 7),
    "a field section of 1 GiB": (flood(b"\1\xc0\0\0\0\x40\0\0\0", bytes(1000)), 7),
    "fields that are too many": ((saying(head(b"200", *[FIELD] * 300)), None), 7),
    "trailers without end": (flood(head(b"200"), frame(1, block((b"a", b"b")))), 7),
    "settings again and again": (flood(b"\0", frame(4), 3), 7),
    "frames on the control stream": (flood(SETTINGS, frame(0x21), 3), 7),
    "goodbyes": (flood(SETTINGS, frame(7, b"\4"), 3), 7),
    "a control stream that is closed": (on_stream(3, SETTINGS, end=True), 7),
    "a control stream without settings": (on_stream(3, b"\0" + frame(7, b"\0")), 7),
    "fields for a table": (on_stream(3, b"\2\x3f\xe1\x1f"), 7),
    "a push": (on_stream(3, b"\1\0"), 7),
    "a stream both ways": (on_stream(1, b"x"), 7),
    "streams without end": (streams(b"\x21", end=True), 7),
    "a decompression bomb": ((saying(head(b"200", (b"content-encoding", b"gzip")), frame(0, bomb())), None), None),
    "a field block of nonsense": ((saying(frame(1, b"\xff" * 100)), None), 7),
    "a status of nonsense": ((saying(head(b"\x1b[31m")), None), 7),
    "no status": ((saying(frame(1, block((b"a", b"b")))), None), 7),
    "half a frame": ((saying(head(b"200"), b"\0\x40"), None), 7),
    "more than was promised": ((saying(head(b"200", (b"content-length", b"1")), frame(0, b"abc")), None), 7),
    "random bytes": ((saying(bytes(range(256)) * 40), None), 7),
    "nothing": ((saying(), None), 4),
    "silence": ((nothing, None), 6),
    "an answer that stalls": ((saying(head(b"200"), end=False), None), 6),
    "a gap": ((ending(gap), None), 6),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_floods(name: str, ca: Authority, serve_quic: Serve, document_or_drawing) -> None:
    (answer, tick), code = CASES[name]
    peer = serve_quic(answer, tick)
    ended = document_or_drawing("http", "--http3-only", "--cacert", str(ca.root), peer.url, code=code)
    assert ended.code in (0, 4, 6, 7)


STEERING = {
    "name": saying(frame(1, block((b":status", b"200"), (b"x" + STEER_TEXT, b"1")))),
    "value": saying(head(b"200", (b"x", STEER_TEXT)), frame(0, STEER_TEXT)),
    "trailer": saying(head(b"200"), frame(1, block((b"x", STEER_TEXT)))),
    "reason": ending(lambda connection: connection.close(error_code=0x102, reason_phrase=STEER_TEXT.decode())),
}


@pytest.mark.parametrize("where", STEERING)
def test_nothing_steers_the_terminal(where: str, ca: Authority, serve_quic: Serve, way) -> None:
    way("http", "--http3-only", "--cacert", str(ca.root), serve_quic(STEERING[where], None).url)


@pytest.mark.parametrize("reply", [b"", b"\0", bytes(1200), b"\xc0\0\0\0\1" + bytes(1195), b"\x80\0\0\0\0\x08" + bytes(100)])
def test_datagrams_of_nonsense(reply: bytes) -> None:
    with datagram_responder(lambda server, _data, sender: server.sendto(reply, sender) and None) as peer:
        assert as_json("http", "--http3-only", f"https://127.0.0.1:{peer.port}/").code in (6, 7)


def test_datagrams_without_end() -> None:
    def answer(server: object, _data: bytes, sender: tuple[str, int]) -> None:
        for _ in range(2000):
            server.sendto(os.urandom(100), sender)  # type: ignore[attr-defined]

    with datagram_responder(answer) as peer:
        as_json("http", "--http3-only", f"https://127.0.0.1:{peer.port}/", code=6)


def test_pings_without_end(ca: Authority, serve_quic: Serve) -> None:
    def tick(connection: QuicConnection) -> None:
        if connection._handshake_complete:
            connection.send_ping(1)

    peer = serve_quic(nothing, tick)
    as_json("http", "--http3-only", "--cacert", str(ca.root), peer.url, code=6)


def test_a_secret_in_the_transcript_of_a_flood(ca: Authority, serve_quic: Serve) -> None:
    def echo(connection: QuicConnection, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == 0:
            connection.send_stream_data(0, head(b"200", (b"x-echo", b"Bearer s3cr3t-s3cr3t")), event.end_stream)

    peer = serve_quic(echo, None)
    ended = as_json("http", "--http3-only", "--wire", "--cacert", str(ca.root), peer.url, "Authorization:Bearer s3cr3t-s3cr3t")
    assert ended.code == 0
    assert b"s3cr3t-s3cr3t" not in ended.all
