"""Datagrams over UDP: one socket, stamps beside the system calls, and answers from elsewhere set aside.

The socket is not connected, so that a datagram from another source is seen and can be counted; `IP_RECVERR` makes
the kernel report a closed port all the same, as on a connected one.
"""

from __future__ import annotations

from _socket import IPPROTO_IP, IPPROTO_IPV6, SOCK_DGRAM, socket
from select import POLLIN, poll
from sys import platform

from rrcli.model import Attempt
from rrcli.wire.clock import Deadline, now
from rrcli.wire.dial import bind_interface, redirected
from rrcli.wire.resolve import addresses, endpoint, to_ascii
from rrcli.wire.stream import translate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.options import Request
    from rrcli.wire.trace import Trace

RECVERR = {2: (IPPROTO_IP, 11), 10: (IPPROTO_IPV6, 25)} if platform == "linux" else {}  # linux/in.h, linux/in6.h
LARGEST = 65535


class Datagrams:
    """A UDP socket for one peer."""

    def __init__(self, request: Request, host: str, port: int, trace: Trace, deadline: Deadline) -> None:
        """Resolve `host` and open the socket. Raises `ExchangeError` of layer `network` or `usage`."""
        self.trace = trace
        self.deadline = deadline
        self.strangers = 0
        host, port = redirected(request, to_ascii(host), port)
        place = addresses(request, host, port, trace.timeline, deadline)[0]
        trace.timeline.enter("connect")
        trace.peer = place.endpoint
        self.peer: Any = place.sockaddr
        self.sock = socket(place.family, SOCK_DGRAM)
        try:
            bind_interface(request, self.sock, place.family)
            if not request.interface:
                self.sock.bind((_route(place.family, place.sockaddr), 0))
            self.sock.setblocking(False)
            if place.family in RECVERR:
                self.sock.setsockopt(*RECVERR[place.family], 1)
        except OSError as error:
            self.sock.close()
            failure = translate(error, f"sending to {place.endpoint}")
            trace.attempts.append(Attempt(address=place.text, error=failure.kind))
            raise failure from error
        except BaseException:
            self.sock.close()
            raise
        self._poller = poll()
        self._poller.register(self.sock.fileno(), POLLIN)
        trace.timeline.leave()
        trace.local = endpoint(self.sock.getsockname())
        trace.attempts.append(Attempt(address=place.text))

    def send(self, data: bytes, note: str | None = None) -> None:
        """One datagram out. Raises `ExchangeError`."""
        begin = now()
        self.trace.timeline.writing(begin)
        try:
            self.trace.bytes_sent += self.sock.sendto(data, self.peer)
        except OSError as error:
            raise translate(error, f"sending to {self.trace.peer}") from error
        self.trace.timeline.wrote(now())
        self.trace.sent(data, begin, note)

    def receive(self, until: Deadline | None = None) -> bytes | None:
        """The next datagram of the peer; `None` when `until` passes first. Raises `ExchangeError` at the deadline."""
        deadline = self.deadline.sooner(until) if until else self.deadline
        self.trace.timeline.reading(now())
        while True:
            left = deadline.remaining_ms()
            if self._poller.poll(None if left is None else left + 0.5):
                data = self._take()
                if data is not None:
                    return data
            elif deadline.passed():
                if deadline is until:
                    return None
                deadline.expire()
            if self.deadline.passed():  # a flood of strangers' datagrams does not move the deadline
                self.deadline.expire()

    def _take(self) -> bytes | None:
        try:
            data, source = self.sock.recvfrom(LARGEST)
        except BlockingIOError:
            return None
        except OSError as error:
            raise translate(error, f"waiting for {self.trace.peer}") from error
        if source[:2] != self.peer[:2]:
            self.strangers += 1
            return None
        at_ns = now()
        self.trace.timeline.read(at_ns)
        self.trace.bytes_received += len(data)
        self.trace.received(data, at_ns)
        return data

    def close(self) -> None:
        self.sock.close()


def _route(family: int, peer: Any) -> str:
    """The local address that the system would send from."""
    probe = socket(family, SOCK_DGRAM)
    try:
        probe.connect(peer)
        name: str = probe.getsockname()[0]
        return name
    finally:
        probe.close()
