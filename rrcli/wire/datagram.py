"""Datagrams over UDP: one socket, stamps beside the system calls, and answers from elsewhere set aside.

The socket is not connected, so that a datagram from another source is seen and can be counted; `IP_RECVERR` makes
the kernel report a closed port all the same, as on a connected one.
"""

from __future__ import annotations

from _socket import IPPROTO_IP, IPPROTO_IPV6, SOCK_DGRAM, socket
from errno import EMSGSIZE
from select import POLLIN, POLLOUT, poll
from sys import platform

from rrcli.errors import usage
from rrcli.model import Attempt
from rrcli.wire.clock import Deadline, now
from rrcli.wire.dial import bind_interface, redirected
from rrcli.wire.resolve import addresses, endpoint, to_ascii
from rrcli.wire.stream import translate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.errors import ExchangeError
    from rrcli.options import Request
    from rrcli.wire.resolve import Address
    from rrcli.wire.trace import Trace

RECVERR = {2: (IPPROTO_IP, 11), 10: (IPPROTO_IPV6, 25)} if platform == "linux" else {}  # linux/in.h, linux/in6.h
LARGEST = 65535


class Datagrams:
    """A UDP socket for one peer.

    With `sealed` what goes by is ciphertext: whoever unwraps it tells the trace, here it is only counted.
    """

    sealed = False

    def __init__(self, request: Request, host: str, port: int, trace: Trace, deadline: Deadline, place: Address | None = None) -> None:
        """Resolve `host`, unless its `place` is known, and open the socket. Raises `ExchangeError` of layer `network` or `usage`."""
        self.trace = trace
        self.deadline = deadline
        self.strangers = 0
        if place is None:
            host, port = redirected(request, to_ascii(host), port)
            place = addresses(request, host, port, trace.timeline, deadline)[0]
        trace.timeline.enter("connect")
        trace.peer = place.endpoint
        self.peer: Any = place.sockaddr
        try:
            self.sock = socket(place.family, SOCK_DGRAM)
        except OSError as error:  # the machine has no such family
            raise _not_opened(error, place, trace) from error
        try:
            bind_interface(request, self.sock, place.family)
            if not request.interface:
                self.sock.bind((_route(place.family, place.sockaddr), 0))
            self.sock.setblocking(False)
            if place.family in RECVERR:
                self.sock.setsockopt(*RECVERR[place.family], 1)
        except OSError as error:
            self.sock.close()
            raise _not_opened(error, place, trace) from error
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
        while not self._sent(data):
            self._poll(POLLOUT, self.deadline)
            if self.deadline.passed():
                self.deadline.expire()
        self.trace.timeline.wrote(now())
        if not self.sealed:
            self.trace.sent(data, begin, note)

    def _sent(self, data: bytes) -> bool:
        """Whether the system took it; false while it has no room."""
        try:
            self.trace.bytes_sent += self.sock.sendto(data, self.peer)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == EMSGSIZE:
                raise usage(f"{len(data)} bytes do not fit into a datagram", "UDP takes 65507 bytes over IPv4, 65527 over IPv6") from error
            raise translate(error, f"sending to {self.trace.peer}") from error
        return True

    def _poll(self, events: int, deadline: Deadline) -> bool:
        left = deadline.remaining_ms()
        self._poller.modify(self.sock.fileno(), events)
        return bool(self._poller.poll(None if left is None else left + 0.5))

    def receive(self, until: Deadline | None = None, wanted: Callable[[bytes], bool] | None = None) -> bytes | None:
        """The next datagram of the peer; `None` when `until` passes first. Raises `ExchangeError` at the deadline.

        One that is not `wanted` is no answer: the wait for one goes on, and the transcript alone shows it.
        """
        deadline = self.deadline.sooner(until) if until else self.deadline
        self.trace.timeline.reading(now())
        while True:
            data = self._take(wanted) if self._poll(POLLIN, deadline) else None
            if data is not None:
                return data
            if deadline.passed():  # also under a flood of strangers' datagrams
                if deadline is until:
                    return None
                deadline.expire()

    def _take(self, wanted: Callable[[bytes], bool] | None) -> bytes | None:
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
        self.trace.bytes_received += len(data)
        if wanted and not wanted(data):
            if not self.sealed:
                self.trace.ignored(data, at_ns)
            return None
        self.trace.timeline.read(at_ns)
        if not self.sealed:
            self.trace.received(data, at_ns)
        return data

    def close(self) -> None:
        self.sock.close()


def _not_opened(error: OSError, place: Address, trace: Trace) -> ExchangeError:
    """The failure of a socket for this place, written down as an attempt."""
    failure = translate(error, f"sending to {place.endpoint}")
    trace.attempts.append(Attempt(address=place.text, error=failure.kind))
    return failure


def _route(family: int, peer: Any) -> str:
    """The local address that the system would send from."""
    probe = socket(family, SOCK_DGRAM)
    try:
        probe.connect(peer)
        name: str = probe.getsockname()[0]
        return name
    finally:
        probe.close()
