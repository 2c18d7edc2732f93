"""Exact bytes at exact times: a loopback port that runs a function for each connection or datagram, in threads.

Not a fake of any server: it is for what no real one can be told to do, a delay in one phase, a reply broken in one byte.
A handler is `handle(connection)`; `script` makes one of steps, each of which is such a function itself:

    with responder(script(hear(b"\\r\\n\\r\\n"), pause(0.1), say(b"HTTP/1.1 204 No Content\\r\\n\\r\\n"))) as peer:
        ...  # peer.host, peer.port

A client that leaves early ends a handler silently; any other exception in one fails the test, because pytest reports what
escapes a thread. Closing with unread input sends a reset (RFC 1122 section 4.2.2.13): hear what was sent first.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from peers.base import LOOPBACK
from peers.ca import Certificate

Handler = Callable[[socket.socket], None]
DatagramHandler = Callable[[socket.socket, bytes, tuple[str, int]], None]

# No test waits so long, on a machine that is busy with others either: a handler still running then is stuck, and says so.
STUCK_S = 30.0


@dataclass(frozen=True)
class Responder:
    """Where it listens."""

    host: str
    port: int


@dataclass
class _Open:
    """The connections being handled, to be cut when the block ends."""

    connections: list[socket.socket] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def run(self, connection: socket.socket, handle: Handler) -> None:
        thread = threading.Thread(target=_handle, args=(connection, handle), daemon=True)
        self.connections.append(connection)
        self.threads.append(thread)
        thread.start()

    def cut(self) -> None:
        """Wake every handler that waits for its client, and wait for it to return."""
        for connection in self.connections:
            # Closed already by its handler, or by the client.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(STUCK_S)
            assert not thread.is_alive(), "a responder's handler did not return"


@contextlib.contextmanager
def responder(handle: Handler, host: str = LOOPBACK) -> Iterator[Responder]:
    """Run `handle` for each connection to a free port of `host`, each in a thread and closed when it returns."""
    opened = _Open()
    with _bound(host, socket.SOCK_STREAM) as listener:
        listener.listen()

        def accept() -> None:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(STUCK_S)
            opened.run(connection, handle)

        try:
            with _each_time_readable(listener, accept):
                yield Responder(*listener.getsockname()[:2])
        finally:
            opened.cut()


@contextlib.contextmanager
def datagram_responder(handle: DatagramHandler, host: str = LOOPBACK, port: int = 0) -> Iterator[Responder]:
    """Run `handle(server, data, sender)` for each datagram that comes to a free or given port of `host`, one after another."""
    with _bound(host, socket.SOCK_DGRAM, port) as server:

        def receive() -> None:
            data, sender = server.recvfrom(65_535)
            handle(server, data, sender[:2])

        with _each_time_readable(server, receive):
            yield Responder(*server.getsockname()[:2])


@contextlib.contextmanager
def deaf() -> Iterator[Responder]:
    """A port to which connecting neither succeeds nor fails: its queue is full, so Linux drops what knocks."""
    with _bound(LOOPBACK, socket.SOCK_STREAM) as listener, contextlib.ExitStack() as clients:
        listener.listen(0)
        for _ in range(3):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield Responder(*listener.getsockname())


def script(*steps: Handler) -> Handler:
    """A handler that takes these steps in turn."""

    def handle(connection: socket.socket) -> None:
        for step in steps:
            step(connection)

    return handle


def hear(ending: bytes, into: list[bytes] | None = None) -> Handler:
    """Read up to and with `ending`, not a byte further; append what was read to `into`."""

    def step(connection: socket.socket) -> None:
        heard = bytearray()
        while not heard.endswith(ending):
            byte = connection.recv(1)
            if not byte:
                raise ConnectionAbortedError("the client left before it sent the ending")
            heard += byte
        if into is not None:
            into.append(bytes(heard))

    return step


def say(data: bytes) -> Handler:
    """Send these bytes at once."""
    return lambda connection: connection.sendall(data)


def drip(data: bytes, every_s: float) -> Handler:
    """Send byte after byte, with a pause after each: the slow server that no timeout of a single read notices."""
    return script(*(step for byte in data for step in (say(bytes([byte])), pause(every_s))))


def pause(seconds: float) -> Handler:
    """Do nothing for so long; ended early when the connection is cut."""

    def step(connection: socket.socket) -> None:
        poll = select.poll()
        # No event asked for: poll then reports only that the connection is gone.
        poll.register(connection, 0)
        if poll.poll(seconds * 1000):
            raise ConnectionAbortedError("cut during a pause")

    return step


def hear_end(connection: socket.socket) -> None:
    """Read until the client has sent its end, or has left."""
    while connection.recv(65_536):
        pass


def end(connection: socket.socket) -> None:
    """Send the end (FIN) and go on reading; a client that saw enough may have left."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def reset(connection: socket.socket) -> None:
    """Close with a reset (RST); the last step."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def over_tls(certificate: Certificate, handle: Handler, delay_s: float = 0.0, alpn: tuple[str, ...] = ()) -> Handler:
    """Run a handler inside TLS, the handshake beginning after a delay. A handshake that fails is the client's to report."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    context.set_alpn_protocols(alpn)

    def step(connection: socket.socket) -> None:
        pause(delay_s)(connection)
        # Wrapping takes the descriptor away; the connection itself stays whole so that it can be cut.
        try:
            secure = context.wrap_socket(connection.dup(), server_side=True)
        except ssl.SSLError:
            return
        with secure:
            handle(secure)
            # Alert close_notify (RFC 8446 section 6.1), so that the end is no truncation. The client may not answer it.
            with contextlib.suppress(OSError, ValueError):  # a handler that shut it down has ended its TLS
                secure.unwrap().close()

    return step


def _handle(connection: socket.socket, handle: Handler) -> None:
    with connection, contextlib.suppress(ConnectionError):
        handle(connection)


def _bound(host: str, kind: socket.SocketKind, port: int = 0) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    bound.bind((host, port))
    return bound


@contextlib.contextmanager
def _each_time_readable(source: socket.socket, act: Callable[[], None]) -> Iterator[None]:
    """Call `act` in a thread whenever `source` has something, until the block ends."""
    stop, stopped = socket.socketpair()

    def loop() -> None:
        while stopped not in select.select([source, stopped], [], [])[0]:
            act()

    thread = threading.Thread(target=loop, daemon=True)
    with stop, stopped:
        thread.start()
        try:
            yield
        finally:
            stop.send(b".")
            thread.join(STUCK_S)
            assert not thread.is_alive(), "a responder did not stop"
