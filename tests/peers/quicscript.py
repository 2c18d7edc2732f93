"""A QUIC server that does what a test tells it: aioquic's connection on a loopback socket, in a thread, without any HTTP of its own.

    def answer(connection, event): ...        # for each event of aioquic's; what it puts on streams is sent

    with quic_responder(certificate, answer) as peer: ...

`ending` answers a request once it is whole; `tick` is called again and again while nothing comes, for what never ends.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pylsqpack
from aioquic.buffer import Buffer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent, StreamDataReceived
from aioquic.quic.packet import pull_quic_header
from aioquic.tls import SessionTicket
from peers.base import LOOPBACK
from peers.ca import Certificate

Answer = Callable[[QuicConnection, QuicEvent], None]
Tick = Callable[[QuicConnection], None]


@dataclass(frozen=True)
class QuicPeer:
    """Where it listens."""

    port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/"


def frame(kind: int, payload: bytes = b"") -> bytes:
    """An HTTP/3 frame (RFC 9114 section 7.1)."""
    buffer = Buffer(capacity=len(payload) + 16)
    buffer.push_uint_var(kind)
    buffer.push_uint_var(len(payload))
    return buffer.data + payload


def block(*fields: tuple[bytes, bytes]) -> bytes:
    """A field block without a table."""
    encoded: bytes = pylsqpack.Encoder().encode(0, list(fields))[1]
    return encoded


def head(status: bytes, *fields: tuple[bytes, bytes]) -> bytes:
    """The HEADERS frame of an answer."""
    return frame(1, block((b":status", status), *fields))


SETTINGS = b"\0" + frame(4)  # the control stream and its first frame


def ending(answer: Callable[[QuicConnection], None]) -> Answer:
    """Call `answer` once the request on stream 0 is whole."""

    def handle(connection: QuicConnection, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == 0 and event.end_stream:
            answer(connection)

    return handle


def saying(*parts: bytes, end: bool = True) -> Answer:
    """Answer a whole request with these bytes, after SETTINGS."""

    def answer(connection: QuicConnection) -> None:
        connection.send_stream_data(connection.get_next_available_stream_id(is_unidirectional=True), SETTINGS)
        connection.send_stream_data(0, b"".join(parts), end)

    return ending(answer)


@contextlib.contextmanager
def quic_responder(
    certificate: Certificate,
    answer: Answer,
    tick: Tick | None = None,
    alpn: tuple[str, ...] = ("h3",),
    tickets: dict[bytes, SessionTicket] | None = None,
    **settings: object,
) -> Iterator[QuicPeer]:
    """Run `answer` for each event of each connection, until the block ends; with `tickets` it gives some, and takes those back."""
    configuration = QuicConfiguration(is_client=False, alpn_protocols=list(alpn), **settings)  # type: ignore[arg-type]
    configuration.load_cert_chain(certificate.chain, certificate.key)
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind((LOOPBACK, 0))
        server.setblocking(False)
        over = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, configuration, answer, tick, over, tickets), daemon=True)
        thread.start()
        try:
            yield QuicPeer(server.getsockname()[1])
        finally:
            over.set()
            thread.join(10)
            assert not thread.is_alive(), "a QUIC responder's handler did not return"


def _serve(
    server: socket.socket,
    configuration: QuicConfiguration,
    answer: Answer,
    tick: Tick | None,
    over: threading.Event,
    tickets: dict[bytes, SessionTicket] | None,
) -> None:
    connections: dict[tuple[str, int], QuicConnection] = {}
    while not over.is_set():
        if select.select([server], [], [], 0.001 if tick else 0.01)[0]:
            with contextlib.suppress(OSError):  # the client is gone
                data, sender = server.recvfrom(65535)
                if sender not in connections:
                    header = pull_quic_header(Buffer(data=data), host_cid_length=configuration.connection_id_length)
                    connections[sender] = QuicConnection(
                        configuration=configuration,
                        original_destination_connection_id=header.destination_cid,
                        session_ticket_fetcher=None if tickets is None else tickets.get,
                        session_ticket_handler=None if tickets is None else lambda ticket: tickets.__setitem__(ticket.ticket, ticket),
                    )
                connections[sender].receive_datagram(data, sender, now=time.monotonic())
        for sender, connection in connections.items():
            _step(server, sender, connection, answer, tick)


def _step(server: socket.socket, sender: tuple[str, int], connection: QuicConnection, answer: Answer, tick: Tick | None) -> None:
    while (event := connection.next_event()) is not None:
        answer(connection, event)
    if tick:
        tick(connection)
    timer = connection.get_timer()
    if timer is not None and time.monotonic() >= timer:
        connection.handle_timer(now=time.monotonic())
    for data, _ in connection.datagrams_to_send(now=time.monotonic()):
        with contextlib.suppress(OSError):
            server.sendto(data, sender)
