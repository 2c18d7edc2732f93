"""The bytes of the faults: answers that are wrong in one way, for each protocol. Bytes to bytes; no socket here."""

from __future__ import annotations

import re
import struct
import time
import zlib

from rrcli.codec.wsframes import CONTINUATION, RSV1, TEXT, frame
from rrcli.responders import fault_grpc
from rrcli.responders.http_message import http_date
from rrcli.responders.pg_messages import error, notice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A loopback peer of the wrong kind says this; the MySQL greeting is protocol 10 (https://dev.mysql.com/doc/dev/mysql-server).
OTHERS = {
    "ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    "smtp": b"220 mail.rrcli.test ESMTP Postfix\r\n",
    "mysql": b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0\x27\x3e\x5c\x23\x61\x1b\x7d\x12\0\xff\xf7\xff\x02\0\xff\xdf\x15"
             + bytes(10) + b"\x4b\x6e\x2d\x49\x33\x77\x1f\x2b\x40\x5c\x6a\x51\0caching_sha2_password\0",
    "http": b"HTTP/1.1 400 Bad Request\r\nServer: rrcli\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "redis": b"-ERR unknown command\r\n",
    "tls": b"\x15\x03\x01\x00\x02\x02\x46",  # a fatal alert, protocol_version (RFC 8446 section 6)
}  # fmt: skip
GARBAGE = bytes((17 + 73 * at + at * at // 7) % 256 for at in range(64))
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
BAD_JSON = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n{"ok": true, "items": [1, 2,'
BEGIN_TLS = b"220 2.0.0 begin TLS\r\n"  # what the SMTP responder says to STARTTLS
INJECTED = b"250 injected\r\n"
NO_TLS = b"454 4.7.0 TLS is not available now\r\n"
DATAGRAMS = 20_000  # of a flood: nobody tells a sender of datagrams that the client has left
RSV2 = 0x20  # a reserved bit of a WebSocket's frame
QUESTION_AT = 12  # where a DNS message's question begins (RFC 1035 section 4.1.1)


def not_now(protocol: str, answer: bytes, *, datagram: bool) -> bytes:
    """The answer of a server that will be well in a moment."""
    if protocol == "http":
        text = b"not now\n"
        return b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (
            len(text),
            text,
        )
    if protocol == "redis":
        return b"-LOADING Redis is loading the dataset in memory\r\n"
    if protocol == "smtp":
        return b"421 4.3.2 mail.rrcli.test is busy\r\n"
    if protocol == "pg":
        return error("FATAL", "57P03", "the database system is starting up")
    if protocol == "nats":
        return b"HMSG %b %b 16 16\r\nNATS/1.0 503\r\n\r\n\r\n" % tuple(answer.split(b" ", 3)[1:3])
    if protocol == "grpc":
        return fault_grpc.not_now(answer)
    message = answer if datagram else answer[2:]
    end = _question_end(message)
    failed = message[:2] + struct.pack("!BBHHHH", message[2], message[3] & 0xF0 | 2, 1, 0, 0, 0) + message[QUESTION_AT:end]
    return failed if datagram else struct.pack("!H", len(failed)) + failed


def is_message(protocol: str, answer: bytes) -> bool:
    """Whether it answers a request: a NATS server says more than that, and what follows the first part of a gRPC answer is none."""
    if protocol == "grpc":
        return fault_grpc.begins(answer)
    return protocol != "nats" or answer.startswith((b"MSG ", b"HMSG "))


def is_greeting(protocol: str, answer: bytes) -> bool:
    """Whether it only opens the connection, as SETTINGS of HTTP/2 does."""
    return protocol == "grpc" and fault_grpc.is_greeting(answer)


def wrong_date(answer: bytes) -> bytes:
    ahead = http_date(time.time() + 86400).encode()
    return re.sub(rb"(?m)^Date: [^\r]*", b"Date: " + ahead, answer, count=1)


def bad_length(protocol: str, answer: bytes, value: str, *, datagram: bool) -> bytes:
    """The answer with one length that is not that of what follows."""
    longer = value == "long"
    if protocol == "http":
        content = answer.partition(b"\r\n\r\n")[2] or b"hello\n"
        size = len(content) + 64 if longer else len(content) // 2
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (size, content)
    if protocol == "redis":
        return b"$64\r\nhello\r\n" if longer else b"$2\r\nhello\r\n"
    if protocol == "pg":
        size = int.from_bytes(answer[1:5], "big")
        return answer[:1] + (size + 64 if longer else size - 1).to_bytes(4, "big") + answer[5:]
    if protocol == "nats":
        subject, sid = answer.split(b" ", 3)[1:3]
        return b"MSG %b %b %d\r\nhello\r\n" % (subject, sid, 64 if longer else 2)
    if protocol == "grpc":
        return fault_grpc.bad_length(answer, value)
    message = bytearray(answer if datagram else answer[2:])
    at = _rdlength_at(message)
    if at is not None:
        (size,) = struct.unpack_from("!H", message, at)
        struct.pack_into("!H", message, at, size + 64 if longer else max(0, size - 1))
    return bytes(message) if datagram else struct.pack("!H", len(message)) + bytes(message)


def endless(protocol: str, value: str, answer: bytes, *, datagram: bool) -> Iterator[bytes]:
    """Pieces without end."""
    if protocol == "dns":
        yield from _endless_dns(answer, datagram=datagram)
    start, piece = (
        fault_grpc.flood(value, answer)
        if protocol == "grpc"
        else _FLOODS.get((protocol, value)) or _FLOODS.get((protocol, "")) or (b"", b"x" * 4096)
    )
    yield start
    piece *= max(1, 8192 // len(piece))  # a system call for each tiny piece would flood nobody
    while True:
        yield piece


_FLOODS = {
    ("http", "fields"): (b"HTTP/1.1 200 OK\r\n", b"X-Flood: and another field\r\n"),
    ("http", "interim"): (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    ("http", "chunks"): (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nflood\r\n"),
    ("http", "trailers"): (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Flood: and another field\r\n"),
    ("http", "line"): (b"HTTP/1.1 200 ", b"x" * 4096),
    ("redis", "array"): (b"*2147483647\r\n", b":1\r\n"),
    ("redis", "nested"): (b"", b"*1\r\n"),
    ("redis", "line"): (b"+", b"x" * 4096),
    ("smtp", "lines"): (b"", b"250-and another line\r\n"),
    ("smtp", "line"): (b"220 ", b"x" * 4096),
    ("smtp", ""): (b"", b"250-and another line\r\n"),
    ("redis", ""): (b"*2147483647\r\n", b":1\r\n"),
    ("thrift", ""): (b"\x80\1\0\2\0\0\0\4ping\0\0\0\0", b"\x02\0\1\1"),  # fields of a reply in the binary protocol
    ("pg", ""): (b"", notice("and another notice")),
    ("pg", "notices"): (b"", notice("and another notice")),
    ("nats", "line"): (b'INFO {"server_id":"', b"x" * 4096),
    ("nats", ""): (b"", b"PING\r\n"),
    ("http", ""): (b"HTTP/1.1 200 OK\r\n", b"X-Flood: and another field\r\n"),
}


def bad_events(value: str) -> Iterator[bytes]:
    """Two Server-Sent Events, and a third that is cut, not UTF-8, without a blank line behind it, or without end; or comments alone.

    After `stall` nothing comes, and the connection stays. The end of the connection is the end of the stream, but for `cut`.
    """
    kind = b"text/plain" if value == "media-type" else b"text/event-stream"
    framing = b"Transfer-Encoding: chunked" if value == "cut" else b"Connection: close"
    yield b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%b\r\n\r\n" % (kind, framing)
    both = b"".join(b'event: tick\nid: %d\ndata: {"number": %d}\n\n' % (number, number) for number in (1, 2))
    yield b"%x\r\n%b\r\n" % (len(both), both) if value == "cut" else both
    if value == "cut":
        yield b'40\r\nevent: tick\nid: 3\ndata: {"num'
    elif value == "utf-8":
        yield b"event: tick\nid: 3\ndata: caf\xe9 \xff\xfe \xf0\x28\n\n"
    elif value == "no-end":
        yield b'event: tick\nid: 3\ndata: {"number": 3}\n'
    elif value in ("comments", "endless"):
        yield b"data: " if value == "endless" else b""
        while True:
            yield b"x" * 8192 if value == "endless" else b": still here\n" * 600


def bad_frames(head: bytes, value: str) -> Iterator[bytes]:
    """The 101, and frames of WebSocket behind it that break RFC 6455 in one way; `fragments` and `bomb` are within its letter."""
    if value == "accept":
        yield re.sub(rb"(?i)(sec-websocket-accept: )[^\r]*", rb"\1aaaaaaaaaaaaaaaaaaaaaaaaaaa=", head)
        return
    yield head + frame(TEXT, b'{"n": 1}')
    if value == "utf-8":
        yield frame(TEXT, b"caf\xe9")
    elif value == "masked":
        yield frame(TEXT, b"x", key=b"\1\2\3\4")
    elif value == "rsv":
        yield frame(TEXT, b"x", rsv=RSV2)
    elif value == "length":
        yield b"\x82\x7f" + (1 << 62).to_bytes(8, "big")
    elif value == "fragments":
        yield frame(TEXT, b"x", fin=False)
        while True:
            yield frame(CONTINUATION, fin=False) * 4096
    elif value == "bomb":
        squeezer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
        yield frame(TEXT, squeezer.compress(bytes(1 << 20)), fin=False, rsv=RSV1)
        while True:
            yield frame(CONTINUATION, squeezer.compress(bytes(1 << 20)) + squeezer.flush(zlib.Z_SYNC_FLUSH), fin=False)


def bad_envelope(answer: bytes, value: str) -> bytes:
    """An answer of SOAP with an envelope that is none: with a document type, too deep, of no version, a page, a wrong value."""
    _, _, content = answer.partition(b"\r\n\r\n")
    kind = b"text/xml; charset=utf-8"
    start = content.find(b"<soap:Envelope")
    if value == "doctype":
        content = b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + content[start:]
    elif value == "entities":
        laughs = b"".join(b'<!ENTITY a%d "%b">' % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, 10))
        content = b'<!DOCTYPE x [<!ENTITY a0 "ha">' + laughs + b"]>" + content[start:].replace(b"</soap:Body>", b"&a9;</soap:Body>")
    elif value == "deep":
        content = content.replace(b"<soap:Body>", b"<soap:Body>" + b"<a>" * 100_000)
    elif value == "html":
        kind, content = b"text/html", b"<!DOCTYPE html><html><title>It works!</title></html>"
    elif value == "version":
        content = content.replace(b"/soap/envelope/", b"/soap/envelope/3").replace(b"/soap-envelope", b"/soap-envelope-3")
    else:
        content = re.sub(rb"<sum>[^<]*", b"<sum>many", content)
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(content), content)


def _endless_dns(answer: bytes, *, datagram: bool) -> Iterator[bytes]:
    """Answers to questions that nobody asked; of datagrams not more than `DATAGRAMS`."""
    message = answer if datagram else answer[2:]
    ident = int.from_bytes(message[:2], "big")
    number = 0
    while not datagram or number < DATAGRAMS:
        number += 1
        other = struct.pack("!H", (ident + 1 + number % 65535) % 65536) + message[2:]
        yield other if datagram else struct.pack("!H", len(other)) + other


def forged(answer: bytes) -> list[bytes]:
    """Answers to the same question under another id, and under the same id to another question."""
    other_id = bytes([answer[0] ^ 0xFF, answer[1]]) + answer[2:]
    other_name = bytearray(answer)
    for at in range(QUESTION_AT + 1, _question_end(answer) - 5):
        if chr(other_name[at]).isalpha():
            other_name[at] = ord("x") if other_name[at] != ord("x") else ord("y")
    return [other_id, bytes(other_name)]


def bomb(size: int) -> Iterator[bytes]:
    """A response whose gzip content unfolds to `size` zeros; its length is told by the end (RFC 9112 section 6.3)."""
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    while size > 0:
        yield packer.compress(zeros[: min(size, len(zeros))])
        size -= len(zeros)
    yield packer.flush()


def _question_end(message: bytes | bytearray) -> int:
    """Where the one question ends: labels, a zero, type and class. Our own answers hold no pointer there."""
    at = QUESTION_AT
    while at < len(message) and message[at]:
        at += message[at] + 1
    return at + 5


def _rdlength_at(message: bytes | bytearray) -> int | None:
    """Where the first answer's RDLENGTH stands (RFC 1035 section 4.1.3); `None` without an answer."""
    if not int.from_bytes(message[6:8], "big"):
        return None
    at = _question_end(message)
    while message[at] and message[at] < 0xC0:
        at += message[at] + 1
    return at + (2 if message[at] else 1) + 8
