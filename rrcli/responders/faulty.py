"""Faults on the wire: a connection, and the sender of a datagram, that let a plan of faults decide what is sent."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from functools import partial

from rrcli.responders.base import PeerGone, Responder, ServerConnection
from rrcli.responders.faults import Over

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    import threading
    from typing import Any

    from rrcli.responders.fault_tls import Tls
    from rrcli.responders.faults import Plan

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


class Faulty:
    """A plan of faults with what it needs while it runs: certificates, if it is about TLS."""

    def __init__(self, plan: Plan) -> None:
        """Raises `usage` when TLS needs an extra that is missing."""
        self.plan = plan
        self.tls: Tls | None = None
        if plan.secure:
            from rrcli.responders.fault_tls import Tls

            self.tls = Tls(plan)

    def spoil(self, responder: Responder) -> None:
        """Give the faults to a responder that has not started yet."""
        context = self.tls.context(responder.alpn) if self.tls else None
        responder.secure = context is not None
        responder.connection_type = partial(FaultyConnection, plan=self.plan, protocol=responder.protocol, context=context)
        if hasattr(responder, "datagram_type"):
            responder.datagram_type = partial(FaultyDatagram, plan=self.plan, protocol=responder.protocol)

    def finish(self) -> None:
        """Remove the certificates."""
        if self.tls:
            self.tls.remove()


class FaultyConnection(ServerConnection):
    """A connection whose answers go through a plan of faults."""

    datagram = False

    def __init__(
        self,
        sock: socket.socket,
        stopping: threading.Event,
        idle: float,
        *,
        plan: Plan,
        protocol: str,
        context: ssl.SSLContext | None,
    ) -> None:
        super().__init__(sock, stopping, idle)
        self.protocol = protocol
        self._plan = plan
        self._context = context

    def begin(self) -> None:
        self.pause(float(self._plan.value("delay-accept") or 0) + float(self._plan.value("slow-tls") or 0))
        if self._context:
            self.start_tls(self._context)
        self._plan.connected(self)

    def send(self, data: bytes) -> None:
        self.deliver(self._plan.answer(self, data))

    def deliver(self, data: bytes) -> None:
        """Send these bytes as they are."""
        self._sock.sendall(data)

    def hold(self) -> None:
        """Read until the peer leaves, however long that takes."""
        self._sock.settimeout(None)
        while self._sock.recv(1 << 16):
            pass

    def end(self) -> None:
        """The end; over TLS said with close_notify before (RFC 8446 section 6.1)."""
        if self._context and hasattr(self._sock, "unwrap"):
            self._sock.settimeout(0.2)  # for the peer's own, which need not come
            with suppress(OSError, ValueError):
                self._sock = self._sock.unwrap()
        super().end()

    def reset(self) -> None:
        """Close with a reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self._sock.close()

    def elsewhere(self, _data: bytes) -> None:
        raise Over  # a stream comes from one port


class FaultyDatagram:
    """The answer to one datagram, through a plan of faults."""

    datagram = True

    def __init__(self, sock: socket.socket, peer: tuple[Any, ...], stopping: threading.Event, *, plan: Plan, protocol: str) -> None:
        self.protocol = protocol
        self._sock = sock
        self._peer = peer
        self._stopping = stopping
        self._plan = plan

    def send(self, data: bytes) -> None:
        """Send what the faults make of it, in as many datagrams as they want."""
        with suppress(OSError):  # over, stopping, or closed meanwhile
            self.pause(float(self._plan.value("delay-accept") or 0))
            self.deliver(self._plan.answer(self, data))

    def deliver(self, data: bytes) -> None:
        """Send one datagram as it is."""
        self._sock.sendto(data, self._peer)

    def pause(self, seconds: float) -> None:
        """Wait. Raises `PeerGone` when the responder stops meanwhile."""
        if self._stopping.wait(seconds):
            raise PeerGone("the responder stops")

    def hold(self) -> None:
        """Nothing to wait for: nobody tells that a sender of datagrams has left."""

    def end(self) -> None:
        raise Over

    def reset(self) -> None:
        raise Over

    def elsewhere(self, data: bytes) -> None:
        """The same from another port."""
        with socket.socket(self._sock.family, socket.SOCK_DGRAM) as other:
            other.sendto(data, self._peer)
