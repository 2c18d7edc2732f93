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
from rrcli.base.errors import ExchangeError, usage
from rrcli.model.values import Attempt
from rrcli.wire.race import bind_interface, redirected
from rrcli.wire.resolve import addresses, endpoint, to_ascii
from rrcli.wire.stream import translate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from rrcli.options.request import ConnectOptions
    from rrcli.wire.recorder import Recorder
    from rrcli.wire.resolve import Address

RECVERR = {2: (IPPROTO_IP, 11), 10: (IPPROTO_IPV6, 25)} if platform == "linux" else {}  # linux/in.h, linux/in6.h
LARGEST = 65535
AT_ONCE = 64  # datagrams that are read before they are looked at


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

    def enlarge(self, size: int) -> None:
        """Ask the system to keep so many bytes that have come; where it does not, it stays as it is."""
        from _socket import SO_RCVBUF, SOL_SOCKET

        try:
            self.sock.setsockopt(SOL_SOCKET, SO_RCVBUF, size)
        except OSError:
            pass

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

    def receive_many(self, until: Deadline, wanted: Callable[[list[bytes]], bool]) -> bool:
        """Hand on datagrams of the peer, those that have come together as one list, until they are `wanted`.

        False when `until` passes first. Raises `ExchangeError` at the deadline.
        """
        deadline = self.deadline.sooner(until)
        self.recorder.timeline.reading(now())
        while True:
            if self._poll(POLLIN, deadline) and (found := self._take_many()):
                at_ns = now()
                if wanted(found):
                    self.recorder.timeline.read(at_ns)
                    return True
            if deadline.passed():
                if deadline is until:
                    return False
                deadline.expire()

    def _take_many(self) -> list[bytes]:
        """The datagrams of the peer that have arrived, up to so many that nothing else has to wait for long."""
        found: list[bytes] = []
        for _ in range(AT_ONCE):
            try:
                data, source = self.sock.recvfrom(LARGEST)
            except BlockingIOError:
                break
            except OSError as error:
                if found:
                    break  # it is told again, when those are read
                raise translate(error, f"waiting for {self.place.endpoint}") from error
            if source[:2] == self.peer[:2]:
                found.append(data)
            else:
                self.foreign_datagrams += 1
        self.recorder.bytes_received += sum(map(len, found))
        return found

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


class Turns:
    """Datagrams to several addresses in turn, of which any may answer: those of a server's name, or of servers that do the same.

    A connection tells at once that an address is dead; a datagram is only lost. So each one that is sent goes to the next address,
    whose socket is opened then, and the answer is taken from whichever comes first. An address that refuses, or that there is no way
    to, is left out from then on. Every one that was tried is an attempt of the recorder's.
    """

    def __init__(self, options: ConnectOptions, places: Sequence[Address], recorder: Recorder, deadline: Deadline) -> None:
        self.recorder = recorder
        self.deadline = deadline
        self.answered: Address | None = None
        self._options = options
        self._unasked = list(places)[::-1]
        self._open: list[_Lane] = []  # the one whose turn it is stands first
        self._strangers = 0  # datagrams from elsewhere, on sockets that are closed
        self._poller = poll()

    @property
    def foreign_datagrams(self) -> int:
        return self._strangers + sum(lane.socket.foreign_datagrams for lane in self._open)

    def send(self, data: bytes, note: str | None = None) -> None:
        """One datagram to the address whose turn it is. Raises the failure of the last address when there is none left."""
        while True:
            try:
                lane = self._next()
            except ExchangeError as error:
                if error.layer == "usage" or not (self._unasked or self._open):
                    raise
                continue
            try:
                lane.socket.send(data, note)
            except ExchangeError as error:
                self._drop(lane, error)
                continue
            self.recorder.peer = lane.socket.place.endpoint
            self._open = [*(other for other in self._open if other is not lane), lane]
            return

    def _next(self) -> _Lane:
        """Who is to get the next datagram: one that has had none, else the one that had its last the longest ago."""
        if not self._unasked:
            return self._open[0]
        lane = _Lane(Datagrams(self._options, self._unasked.pop(), self.recorder, self.deadline), len(self.recorder.attempts) - 1)
        self._open.append(lane)
        self._poller.register(lane.socket.sock.fileno(), POLLIN)
        return lane

    def receive(self, until: Deadline, wanted: Callable[[bytes], bool]) -> bytes | None:
        """The first datagram that is `wanted`, of any address asked. `None` when `until` passes first, or as soon as an address
        refuses while others are left: it is the next one's turn then. Raises `ExchangeError` at the deadline, and when all refuse."""
        deadline = self.deadline.sooner(until)
        self.recorder.timeline.reading(now())
        while True:
            left = deadline.remaining_ms()
            ready = {number for number, _ in self._poller.poll(None if left is None else left + 0.5)}
            for lane in [lane for lane in self._open if lane.socket.sock.fileno() in ready]:
                try:
                    data = lane.socket.take(wanted)
                except ExchangeError as error:
                    self._drop(lane, error)
                    return None
                if data is not None:
                    self._won(lane)
                    return data
            if deadline.passed():
                if deadline is until:
                    return None
                self._time_out()
                deadline.expire()

    def _won(self, lane: _Lane) -> None:
        """Tell of the address that answered; the others stayed silent."""
        self._time_out()
        self.answered = lane.socket.place
        lane.record(self.recorder, None)
        self.recorder.peer, self.recorder.local = lane.socket.place.endpoint, lane.socket.local

    def _time_out(self) -> None:
        """Write down that the addresses stayed silent; of a single one the failure of the exchange says so."""
        for lane in self._open if len(self.recorder.attempts) > 1 else ():
            lane.record(self.recorder, "timeout")

    def _drop(self, lane: _Lane, error: ExchangeError) -> None:
        """Leave an address out from now on. Raises its failure when it was the last, or when no other address would do better."""
        lane.record(self.recorder, error.kind)
        self._strangers += lane.socket.foreign_datagrams
        self._open.remove(lane)
        self._poller.unregister(lane.socket.sock.fileno())
        lane.socket.close()
        if error.layer == "usage" or not (self._open or self._unasked):
            raise error

    def close(self) -> None:
        for lane in self._open:
            lane.socket.close()


class _Lane:
    """A socket, where its attempt stands in the recorder's list, and when it was opened."""

    __slots__ = ("began_ns", "number", "socket")

    def __init__(self, socket: Datagrams, number: int) -> None:
        self.socket = socket
        self.number = number
        self.began_ns = now()

    def record(self, recorder: Recorder, error: str | None) -> None:
        """Write down what became of the address."""
        recorder.attempts[self.number] = recorder.attempts[self.number].replace(ns=now() - self.began_ns, error=error)


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
