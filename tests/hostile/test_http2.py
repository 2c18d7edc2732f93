"""`rrcli http` against servers of HTTP/2 that flood, stall, and unfold without end; frame by frame, as no library would send them."""

from __future__ import annotations

import contextlib
import socket

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from peers.flood import STEER_TEXT, forever, numbered
from peers.script import Handler, drip, end, hear, hear_end, over_tls, pause, say, script

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
STATUS_200, STATUS_103 = b"\x88", b"\x08\x03103"  # RFC 7541 appendix A


def frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def field(name: bytes, value: bytes) -> bytes:
    """A literal that is not remembered; both shorter than 127 bytes (RFC 7541 section 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


HELLO = frame(SETTINGS)
OPEN = HELLO + frame(HEADERS, STATUS_200, END_HEADERS, 1)
REMEMBERED = b"\x40\x01a\x7f\xd1\x1e" + b"x" * 4048  # a literal that fills the table, of index 62 from then on


def flood(start: bytes, again: bytes) -> Handler:
    return forever(start, again, PREFACE)


def answer(*parts: bytes) -> Handler:
    def over(connection: socket.socket) -> None:
        end(connection)
        hear_end(connection)

    return script(hear(PREFACE), *map(say, parts), over)


FLOODS: dict[str, tuple[Handler, int]] = {
    "pings": (flood(HELLO, frame(PING, bytes(8))), 7),
    "pings within an answer": (flood(OPEN, frame(PING, bytes(8))), 7),
    "acknowledged pings": (flood(HELLO, frame(PING, bytes(8), ACK)), 7),
    "settings": (flood(HELLO, frame(SETTINGS, b"\0\3\0\0\0\x64")), 7),
    "empty settings": (flood(HELLO, frame(SETTINGS)), 7),
    "settings of unknown names": (numbered(HELLO, lambda at: frame(SETTINGS, b"%c%c\0\0\0\1" % divmod(at % 65536, 256)), PREFACE), None),
    "settings that change the table": (flood(HELLO, frame(SETTINGS, b"\0\1\0\0\0\0\0\1\0\0\x10\0")), 7),
    "acknowledged settings": (flood(HELLO, frame(SETTINGS, b"", ACK)), 7),
    "empty data": (flood(OPEN, frame(DATA, b"", 0, 1)), 7),
    "padding alone": (flood(OPEN, frame(DATA, b"\xff" + bytes(255), PADDED, 1)), 7),
    "data": (flood(OPEN, frame(DATA, bytes(16384), 0, 1)), None),
    "single bytes of data": (flood(OPEN, frame(DATA, b"x", 0, 1)), None),
    "data before the answer": (flood(HELLO, frame(DATA, b"x", 0, 1)), 7),
    "data of another stream": (flood(OPEN, frame(DATA, b"x", 0, 3)), 7),
    "windows that open and shut": (flood(HELLO, frame(SETTINGS, b"\0\4\0\0\0\0") + frame(SETTINGS, b"\0\4\x7f\xff\xff\xff")), 7),
    "table sizes within a block": (answer(HELLO, frame(HEADERS, b"\x20\x3f\xe1\x1f" * 4000 + STATUS_200, END_HEADERS, 1)), 7),
    "numbers without end": (answer(HELLO, frame(HEADERS, STATUS_200 + b"\x7f" + b"\xff" * 16_000, END_HEADERS, 1)), 7),
    "a code of one letter": (answer(HELLO, frame(HEADERS, STATUS_200 + b"\0\x81\x1f\xff\x80\x7c" + bytes(15_999), END_HEADERS, 1)), 7),
    "answers reset at once": (flood(HELLO, frame(HEADERS, STATUS_200, END_HEADERS, 1) + frame(RST_STREAM, b"\0\0\0\x08", 0, 1)), 4),
    "continuations": (flood(HELLO + frame(HEADERS, STATUS_200, 0, 1), frame(CONTINUATION, b"", 0, 1)), 7),
    "long continuations": (flood(HELLO + frame(HEADERS, STATUS_200, 0, 1), frame(CONTINUATION, field(b"a", b"b" * 99) * 100, 0, 1)), 7),
    "fields that differ": (numbered(HELLO, lambda at: frame(HEADERS, field(b"a%d" % at, b"b"), END_HEADERS, 1), PREFACE), 7),
    "a field list that unfolds": (answer(HELLO, frame(HEADERS, STATUS_200 + REMEMBERED + b"\xbe" * 12_000, END_HEADERS, 1)), 7),
    "informational answers": (flood(HELLO, frame(HEADERS, STATUS_103, END_HEADERS, 1)), 7),
    "large informational answers": (flood(HELLO, frame(HEADERS, STATUS_103 + field(b"link", b"x" * 99) * 100, END_HEADERS, 1)), 7),
    "trailers": (flood(OPEN, frame(HEADERS, field(b"a", b"b"), END_HEADERS, 1)), 7),
    "resets of the stream": (flood(HELLO, frame(RST_STREAM, b"\0\0\0\0", 0, 1)), 4),
    "resets of other streams": (flood(HELLO, frame(RST_STREAM, b"\0\0\0\0", 0, 3)), 7),
    "resets within an answer": (flood(OPEN, frame(RST_STREAM, b"\0\0\0\x0b", 0, 1)), 4),
    "priorities": (flood(HELLO, frame(PRIORITY, b"\0\0\0\0\1", 0, 1)), 7),
    "priorities of many streams": (numbered(HELLO, lambda at: frame(PRIORITY, b"\0\0\0\0\1", 0, 2 * at + 3), PREFACE), 7),
    "windows": (flood(HELLO, frame(WINDOW_UPDATE, b"\0\0\0\1")), 7),
    "windows beyond the most": (flood(HELLO, frame(WINDOW_UPDATE, b"\x7f\xff\xff\xff")), 7),
    "windows of nothing": (flood(HELLO, frame(WINDOW_UPDATE, bytes(4))), 7),
    "pushes": (flood(HELLO, frame(PUSH_PROMISE, b"\0\0\0\2" + STATUS_200, END_HEADERS, 1)), 7),
    "goodbyes": (flood(HELLO, frame(GOAWAY, b"\0\0\0\1\0\0\0\0" + b"x" * 1000)), 7),
    "unknown frames": (flood(HELLO, frame(0xBA, b"x" * 100)), 7),
    "a frame of 16 MB": (flood(HELLO + b"\xff\xff\xff\0\0\0\0\0\1", b"x"), 7),
    "nothing but settings": (script(hear(PREFACE), say(HELLO), pause(20)), 6),
    "a stalled answer": (script(hear(PREFACE), say(OPEN), pause(20)), 6),
    "a slow drip": (script(hear(PREFACE), drip(OPEN + bytes(1000), 0.05)), 6),
    "silence": (pause(20), 6),
    "HTTP/1.1": (answer(b"HTTP/1.1 400 Bad Request\r\nServer: " + STEER_TEXT + b"\r\n\r\n"), 7),
    "random bytes": (answer(bytes(range(256)) * 100), 7),
    "random frames": (answer(HELLO, *(frame(kind, bytes(range(at)), at, at % 5) for kind in range(12) for at in range(40))), None),
    "nothing": (answer(), 4),
    "half an answer": (answer(OPEN, frame(DATA, b"abc", 0, 1)), 7),
    "a field block of nonsense": (answer(HELLO, frame(HEADERS, b"\xff" * 1000, END_HEADERS, 1)), 7),
    "a status of nonsense": (answer(HELLO, frame(HEADERS, b"\x08\x05\x1b[31m", END_HEADERS | END_STREAM, 1)), 7),
    "no status": (answer(HELLO, frame(HEADERS, field(b"a", b"b"), END_HEADERS | END_STREAM, 1)), 7),
    "a huge length": (answer(HELLO, frame(HEADERS, STATUS_200 + field(b"content-length", b"9" * 99), END_HEADERS | END_STREAM, 1)), 7),
}  # fmt: skip


@pytest.mark.parametrize("name", FLOODS)
def test_floods(name: str, serve, document_or_drawing) -> None:
    handler, code = FLOODS[name]
    peer = serve(handler)
    ended = document_or_drawing("http", "--http2-prior-knowledge", f"http://{peer.host}:{peer.port}/", code=code)
    assert ended.code in (0, 4, 6, 7)


@pytest.mark.parametrize("size", [0, 100])
def test_a_window_that_never_opens(size: int, serve, document_or_drawing) -> None:
    peer = serve(script(hear(PREFACE), say(frame(SETTINGS, b"\0\4" + size.to_bytes(4, "big"))), pause(20)))
    document_or_drawing("http", "--http2-prior-knowledge", "-d", "x" * 1000, f"http://{peer.host}:{peer.port}/", code=6)


def test_windows_that_open_byte_by_byte(serve, document_or_drawing) -> None:
    start = frame(SETTINGS, b"\0\4\0\0\0\0")
    peer = serve(forever(start, frame(WINDOW_UPDATE, b"\0\0\0\1", 0, 1), PREFACE))
    code = document_or_drawing("http", "--http2-prior-knowledge", "-d", "x" * 100_000, f"http://{peer.host}:{peer.port}/").code
    assert code in (6, 7)


def library(*fields: tuple[bytes, bytes], body: bytes = b"") -> Handler:
    """A server that is right in all but what it says: of the `h2` library, with nothing checked on its way out."""

    def handle(connection: socket.socket) -> None:
        server = H2Connection(H2Configuration(client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False))
        server.initiate_connection()
        while data := connection.recv(65536):
            for event in server.receive_data(data):
                if isinstance(event, RequestReceived):
                    server.send_headers(event.stream_id, [(b":status", b"200"), *fields])
                    server.send_data(event.stream_id, body, end_stream=True)
            connection.sendall(server.data_to_send())

    return handle


STEERING = {
    "name": library((b"x" + STEER_TEXT, b"1")),
    "value": library((b"x", STEER_TEXT)),
    "content type": library((b"content-type", b"text/" + STEER_TEXT), body=STEER_TEXT),
    "set-cookie": library((b"set-cookie", STEER_TEXT + b"=" + STEER_TEXT)),
    "location": library((b"location", b"http://" + STEER_TEXT)),
    "body": library((b"content-type", b"text/plain"), body=STEER_TEXT),
    "goodbye": answer(HELLO, frame(GOAWAY, bytes(8) + STEER_TEXT)),
    "lines in a value": library((b"x", b"a\r\nForged: b")),
}


@pytest.mark.parametrize("where", STEERING)
def test_nothing_steers_the_terminal(where: str, serve, way) -> None:
    peer = serve(STEERING[where])
    way("http", "--http2-prior-knowledge", f"http://{peer.host}:{peer.port}/")


@pytest.mark.parametrize("name", ["pings", "continuations", "informational answers", "nothing but settings"])
def test_the_same_with_the_transcript_into_a_pipe(name: str, serve) -> None:
    from peers.bounds import as_json

    handler, code = FLOODS[name]
    peer = serve(handler)
    as_json("http", "--http2-prior-knowledge", "--wire", f"http://{peer.host}:{peer.port}/", code=code)


def test_a_server_that_chooses_what_was_not_offered(ca, serve, document_or_drawing) -> None:
    def greet(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client leaves as soon as it knows
            connection.sendall(HELLO)
            hear_end(connection)

    peer = serve(over_tls(ca.good, greet))
    code = document_or_drawing("http", "--http2", "--cacert", str(ca.root), f"https://localhost:{peer.port}/").code
    assert code in (4, 5, 7)
