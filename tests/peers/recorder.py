"""A loopback HTTP/1 port that writes down each request byte for byte, and answers them all alike."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

from peers.script import responder

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nok"


@dataclass
class Recorder:
    """Where it listens, and what it heard."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    answer: bytes = ANSWER

    def take(self) -> bytes:
        """The one request that came since the last call."""
        (request,) = self.requests
        self.requests.clear()
        return request

    def _handle(self, connection: socket.socket) -> None:
        heard = b""
        while b"\r\n\r\n" not in heard:
            piece = connection.recv(65536)
            if not piece:
                return
            heard += piece
        head, _, body = heard.partition(b"\r\n\r\n")
        fields = head.lower()
        if b"expect: 100-continue" in fields:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", fields)
        while len(body) < int(length[1]) if length else b"transfer-encoding: chunked" in fields and not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        connection.sendall(self.answer)


@contextlib.contextmanager
def recorder() -> Iterator[Recorder]:
    """A recorder for as long as the block takes."""
    recording = Recorder()
    with responder(recording._handle) as peer:
        recording.port = peer.port
        yield recording


def parts(request: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The request line, the fields in alphabetical order, the content; without what is each client's own.

    That is User-Agent where it names the client, the codings it knows, a boundary, the space behind a field's colon, and
    a Content-Length of 0, which curl leaves out where RFC 9110 section 8.6 asks for it.
    """
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    if boundary := re.search(rb"boundary=([-\w]+)", head):
        body = body.replace(boundary[1], b"BOUNDARY")
        fields = [each.replace(boundary[1], b"BOUNDARY") for each in fields if not each.startswith(b"Content-Length")]
    if b"chunked" in head.lower():
        body = b"".join(piece for piece in _chunks(body))
    kept = [each for each in fields if not re.match(rb"(?i)user-agent: (curl|rrcli)/", each)]
    kept = [re.sub(rb"^([^:]+): *", rb"\1: ", re.sub(rb"(?i)^(accept-encoding: ).*deflate.*", rb"\1all", each)) for each in kept]
    return line, sorted(each for each in kept if each != b"Content-Length: 0"), body


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, body = body.partition(b"\r\n")
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
