"""Datagrams over UDP: one socket, stamps beside the system calls, and answers from elsewhere set aside.

The socket is not connected, so that a datagram from another source is seen and can be counted; `IP_RECVERR` makes
the kernel report a closed port all the same, as on a connected one.
"""

from __future__ import annotations

from _socket import IPPROTO_IP, IPPROTO_IPV6, SOCK_DGRAM, socket
from errno import EMSGSIZE
from select import POLLIN, POLLOUT, poll
from sys import platform

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import usage
from rrcli.model.values import Attempt
from rrcli.wire.race import bind_interface, redirected
from rrcli.wire.resolve import addresses, endpoint, to_ascii
from rrcli.wire.stream import translate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.base.errors import ExchangeError
    from rrcli.options.request import ConnectOptions
    from rrcli.wire.recorder import Recorder
    from rrcli.wire.resolve import Address

RECVERR = {2: (IPPROTO_IP, 11), 10: (IPPROTO_IPV6, 25)} if platform == "linux" else {}  # linux/in.h, linux/in6.h
LARGEST = 65535


class Datagrams:
    """A UDP socket for one peer.

    With `sealed` what goes by is ciphertext: whoever unwraps it tells the trace, here it is only counted.
    """

    sealed = False

    def __init__(self, options: ConnectOptions, place: Address, recorder: Recorder, deadline: Deadline) -> None:
        """Open the socket, as phase `connect` unless something was sent before. Raises `ExchangeError` of layer `network` or `usage`."""
        self.recorder = recorder
        self.deadline = deadline
        self.foreign_datagrams = 0
        self.place = place
        self.peer: Any = place.sockaddr
        if not recorder.wrote:
            recorder.timeline.enter("connect")
        recorder.peer = place.endpoint
        try:
            self.sock = socket(place.family, SOCK_DGRAM)
        except OSError as error:  # the machine has no such family
            raise _not_opened(error, place, recorder) from error
        try:
            bind_interface(options, self.sock, place.family)
            if not options.interface:
                self.sock.bind(_way_out(place.family, place.sockaddr))
            self.sock.setblocking(False)
            if place.family in RECVERR:
                self.sock.setsockopt(*RECVERR[place.family], 1)
        except OSError as error:
            self.sock.close()
            raise _not_opened(error, place, recorder) from error
        except BaseException:
            self.sock.close()
            raise
        self._poller = poll()
        self._poller.register(self.sock.fileno(), POLLIN)
        if not recorder.wrote:
            recorder.timeline.leave()
        self.local = recorder.local = endpoint(self.sock.getsockname())
        recorder.attempts.append(Attempt(address=place.text))

    def send(self, data: bytes, note: str | None = None) -> None:
        """One datagram out. Raises `ExchangeError`."""
        begin = now()
        self.recorder.timeline.writing(begin)
        while not self._sent(data):
            self._poll(POLLOUT, self.deadline)
            if self.deadline.passed():
                self.deadline.expire()
        self.recorder.timeline.wrote(now())
        if not self.sealed:
            self.recorder.sent(data, begin, note)

    def _sent(self, data: bytes) -> bool:
        """Whether the system took it; false while it has no room."""
        try:
            self.recorder.bytes_sent += self.sock.sendto(data, self.peer)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == EMSGSIZE:
                raise usage(f"{len(data)} bytes do not fit into a datagram", "UDP takes 65507 bytes over IPv4, 65527 over IPv6") from error
            raise translate(error, f"sending to {self.place.endpoint}") from error
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
        self.recorder.timeline.reading(now())
        while True:
            data = self.take(wanted) if self._poll(POLLIN, deadline) else None
            if data is not None:
                return data
            if deadline.passed():  # also under a flood of strangers' datagrams
                if deadline is until:
                    return None
                deadline.expire()

    def take(self, wanted: Callable[[bytes], bool] | None) -> bytes | None:
        """A datagram of the peer that has arrived and is `wanted`; `None` when there is none. Raises `ExchangeError`."""
        try:
            data, source = self.sock.recvfrom(LARGEST)
        except BlockingIOError:
            return None
        except OSError as error:
            raise translate(error, f"waiting for {self.place.endpoint}") from error
        if source[:2] != self.peer[:2]:
            self.foreign_datagrams += 1
            return None
        at_ns = now()
        self.recorder.bytes_received += len(data)
        if wanted and not wanted(data):
            if not self.sealed:
                self.recorder.ignored(data, at_ns)
            return None
        self.recorder.timeline.read(at_ns)
        if not self.sealed:
            self.recorder.received(data, at_ns)
        return data

    def close(self) -> None:
        self.sock.close()


def _not_opened(error: OSError, place: Address, recorder: Recorder) -> ExchangeError:
    """The failure of a socket for this place, written down as an attempt."""
    failure = translate(error, f"sending to {place.endpoint}")
    recorder.attempts.append(Attempt(address=place.text, error=failure.kind))
    return failure


def _way_out(family: int, peer: Any) -> Any:
    """The local address that the system would send from, with any port; of a link-local one also its interface."""
    probe = socket(family, SOCK_DGRAM)
    try:
        probe.connect(peer)
        name, _, *flow_and_scope = probe.getsockname()
        return (name, 0, *flow_and_scope)
    finally:
        probe.close()


def places_of(options: ConnectOptions, host: str, port: int, recorder: Recorder, deadline: Deadline) -> list[Address]:
    """Where datagrams for `host` and `port` may go, in the order to try. Raises `ExchangeError` of layer `network` or `usage`."""
    host, port = redirected(options, to_ascii(host), port)
    return addresses(options, host, port, recorder.timeline, deadline)
