"""What all loopback responders share: listening, one thread per connection, bounded reads, and a prompt stop.

A responder answers one protocol on one port. Its class says in `converse` what is said on one connection, through a
`ServerConnection`, which is the only owner of the bytes received. One thread waits on all listening sockets, each connection
has a thread of its own, and `stop` ends them all within about a second, whatever they were waiting for.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType
    from typing import ClassVar, Self

CHUNK = 64 << 10  # bytes per receive
CONNECTIONS = 1000  # at once; a further one is closed at once, so that a runaway client cannot take all memory
LINGER = 1.0  # seconds to wait for the peer's end after our own
LINGER_CHUNKS = 64  # receives thrown away meanwhile, at most
STOP_LOOK = 0.5  # seconds between two looks whether the responder stops
STOP = 2.0  # seconds that `stop` waits for threads, at most


class PeerGone(ConnectionError):
    """The peer ended its side in the middle of a message, or the responder is stopping."""


class LimitExceeded(Exception):
    """The peer sent a line longer than the responder reads."""


class ServerConnection:
    """One accepted connection: bounded reads from one buffer, writes, and pauses that a stop interrupts.

    Every method may raise `OSError`: `PeerGone`, a reset, or `TimeoutError` when the peer was idle for `idle` seconds.
    It ends the connection; `Responder` expects it.
    """

    def __init__(self, sock: socket.socket, stopping: threading.Event, idle: float) -> None:
        sock.settimeout(idle)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a delayed response must not be delayed further
        self._sock = sock
        self._stopping = stopping
        self._buffer = bytearray()

    def begin(self) -> None:
        """What comes before the first byte is read, in the connection's own thread. Here: nothing."""

    def peek(self) -> bytes:
        """What has arrived and is not read yet; waits for some, `b""` once the peer has ended its side."""
        if not self._buffer:
            self._buffer += self._sock.recv(CHUNK)
        return bytes(self._buffer)

    def receive(self) -> bytes:
        """What has arrived, as `peek`, and read with that."""
        return self._take(len(self.peek()))

    def wait_input(self, seconds: float) -> bool:
        """Whether something to read, or the peer's end, comes within `seconds`. Raises `PeerGone` when the responder stops meanwhile."""
        until = time.monotonic() + seconds
        while not self._buffer:
            with selectors.DefaultSelector() as selector:
                selector.register(self._sock, selectors.EVENT_READ)
                if selector.select(max(0.0, min(STOP_LOOK, until - time.monotonic()))):
                    return True
            self.pause(0)
            if time.monotonic() >= until:
                return False
        return True

    def read_line(self, limit: int) -> bytes:
        """The next line with its LF. Raises `LimitExceeded` when there is no LF in `limit` bytes."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched, limit)) < 0:
            searched = len(self._buffer)
            if searched >= limit:
                raise LimitExceeded
            self._fill()
        return self._take(end + 1)

    def read_exact(self, size: int) -> bytes:
        """The next `size` bytes; the caller has checked that it wants to hold so many."""
        while len(self._buffer) < size:
            self._fill()
        return self._take(size)

    def send(self, data: bytes) -> None:
        """Send an answer."""
        self.deliver(data)

    def deliver(self, data: bytes) -> None:
        """Send what is no answer yet: no fault changes it."""
        self._sock.sendall(data)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on over TLS. What came in clear text and is not read yet is thrown away: it may have been injected (CVE-2011-0411)."""
        self._buffer.clear()
        wrapped = context.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
        self._sock = wrapped  # before the handshake, so that a stop can cut it
        wrapped.do_handshake()

    def pause(self, seconds: float) -> None:
        """Wait. Raises `PeerGone` when the responder stops meanwhile."""
        if self._stopping.wait(seconds):
            raise PeerGone("the responder stops")

    def end(self) -> None:
        """Say that nothing more will be sent; the peer may go on."""
        self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close so that what was sent arrives: with input unread the kernel would send a reset after it (RFC 9112 section 9.6)."""
        with self._sock, suppress(OSError):
            if self._stopping.is_set():
                return
            self.end()
            self._sock.settimeout(LINGER)
            for _ in range(LINGER_CHUNKS):
                if not self._sock.recv(CHUNK):
                    return

    def abort(self) -> None:
        """Wake whatever thread is reading or writing here; that thread then closes. Called from another thread."""
        with suppress(OSError):  # closed already, or reset
            self._sock.shutdown(socket.SHUT_RDWR)

    def _fill(self) -> None:
        data = self._sock.recv(CHUNK)
        if not data:
            raise PeerGone("the peer ended its side")
        self._buffer += data

    def _take(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data


class Responder:
    """A server of one protocol on one address, from `start` to `stop`; as a context manager, for the block.

    `port` 0 takes a free one. `idle` is in seconds: a connection on which nothing moves for so long is closed.
    """

    protocol: ClassVar[str]
    scheme: ClassVar[str]  # of `url`
    alpn: ClassVar[tuple[str, ...]] = ()  # what it chooses by ALPN; nothing is chosen without
    bare: ClassVar[bool] = False  # `serve` prints the address without a scheme: what this protocol's other tools take
    examples: ClassVar[tuple[str, ...]] = ()  # commands to try, of {url}, {host} and {port}
    secure_examples: ClassVar[tuple[str, ...]] = ()  # the same over TLS, where the URL does not say it

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, idle: float = 30.0) -> None:
        self.host = host
        self.port = port
        self.idle = idle
        self.secure = False  # TLS is spoken: a fault's doing
        self.connection_type: Callable[[socket.socket, threading.Event, float], ServerConnection] = ServerConnection
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: dict[threading.Thread, ServerConnection | None] = {}
        self._loop: threading.Thread | None = None
        self._waker: socket.socket | None = None

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`, `[::1]:PORT`; the port is the real one after `start`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}{'s' if self.secure else ''}://{self.address}"

    def converse(self, connection: ServerConnection) -> None:
        """Speak the protocol until the connection should end. `OSError` may pass; anything else is a bug."""
        raise NotImplementedError

    def start(self) -> Self:
        """Listen and answer from now on. Raises `OSError` when the address cannot be had, `OverflowError` for a port that is none."""
        sources = self._listen()
        self._stopping.clear()
        self._waker, woken = socket.socketpair()
        sources.append((woken, lambda: None))
        self._loop = threading.Thread(target=self._watch, args=(sources,), name=f"rrcli-{self.protocol}", daemon=True)
        self._loop.start()
        return self

    def stop(self) -> None:
        """Close the listening sockets and every connection, and wait for their threads. Stopping twice is no harm."""
        if self._loop is None or self._waker is None:
            return
        self._stopping.set()
        with self._waker:
            with suppress(OSError):  # the loop was awake, saw the event and has closed the other end
                self._waker.send(b"\0")
            self._loop.join()
        self._loop = None
        with self._lock:
            live = dict(self._threads)
        for connection in live.values():
            if connection is not None:
                connection.abort()
        patience = time.monotonic() + STOP
        for thread in live:
            thread.join(max(0.0, patience - time.monotonic()))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    # --- for subclasses --------------------------------------------------------------------------------------

    def _listen(self) -> list[tuple[socket.socket, Callable[[], None]]]:
        """Listening sockets, each with what to do when it is readable; sets `port`. Here: one for TCP."""
        listener = self._bind(socket.SOCK_STREAM, self.port)
        listener.listen(128)
        self.port = listener.getsockname()[1]
        return [(listener, lambda: self._accept(listener))]

    def _bind(self, kind: socket.SocketKind, port: int) -> socket.socket:
        """A socket of this kind on our host and this port, which does not block."""
        family, _, _, _, (host, _, *rest) = socket.getaddrinfo(self.host, None, type=kind)[0]
        sock = socket.socket(family, kind)
        try:
            if kind == socket.SOCK_STREAM and os.name == "posix":  # elsewhere it would let two servers share the port
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind((host, port, *rest))  # getaddrinfo would have wrapped a port of 65536 to 0
        except BaseException:
            sock.close()
            raise
        return sock

    def _spawn(self, work: Callable[[], None], connection: ServerConnection | None = None) -> bool:
        """Run `work` in a thread that `stop` waits for; false when there are too many already."""

        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    del self._threads[threading.current_thread()]

        thread = threading.Thread(target=run, name=f"rrcli-{self.protocol}-peer", daemon=True)
        with self._lock:
            if len(self._threads) >= CONNECTIONS:
                return False
            self._threads[thread] = connection
        thread.start()
        return True

    # --- the threads -----------------------------------------------------------------------------------------

    def _watch(self, sources: list[tuple[socket.socket, Callable[[], None]]]) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                for sock, ready in sources:
                    selector.register(sock, selectors.EVENT_READ, ready)
                while not self._stopping.is_set():
                    for key, _ in selector.select():
                        key.data()
        finally:
            for sock, _ in sources:
                sock.close()

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except BlockingIOError:  # the peer went away between the select and here
            return
        except OSError:  # out of descriptors, most likely: the listener stays readable, so do not spin
            self._stopping.wait(0.05)
            return
        try:
            connection = self.connection_type(sock, self._stopping, self.idle)
        except OSError:  # reset already
            sock.close()
            return
        if not self._spawn(lambda: self._attend(connection), connection):
            sock.close()

    def _attend(self, connection: ServerConnection) -> None:
        try:
            with suppress(OSError):  # gone, reset, idle for too long, or stopping
                connection.begin()
                self.converse(connection)
        finally:
            connection.close()
