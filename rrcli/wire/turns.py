"""Datagrams to several addresses in turn, of which any may answer: all those of a server's name, or of servers that do the same.

A connection tells at once that an address is dead; a datagram is only lost. So each one that is sent goes to the next address, and
the answer is taken from whichever comes first. An address that refuses, or that there is no way to, is left out from then on.
"""

from __future__ import annotations

from select import POLLIN, poll

from rrcli.base.deadline import now
from rrcli.base.errors import ExchangeError
from rrcli.wire.datagram import Datagrams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rrcli.base.deadline import Deadline
    from rrcli.options.request import ConnectOptions
    from rrcli.wire.recorder import Recorder
    from rrcli.wire.resolve import Address


class Turns:
    """The sockets to `places`, each opened when its turn comes; every address that was tried is an attempt of the recorder's."""

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
