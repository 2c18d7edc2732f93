"""Pings that we send: the one of `--ping`, those of `--ping-interval`, and how long each may go unanswered."""

from __future__ import annotations

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.ws.request import WsRequest
    from rrcli.adapters.ws.socket import Socket

MOST_UNANSWERED = 1000  # whose time is remembered


class Pings:
    """What was asked and is not answered yet. A pong answers its own ping and all before it (RFC 6455 section 5.5.3)."""

    def __init__(self, request: WsRequest, socket: Socket) -> None:
        self._text = None if request.ping is None else request.ping.encode("utf-8", "surrogateescape")
        self._interval = request.ping_interval
        timeout = request.ping_timeout
        if timeout is None:
            timeout = 2 * (self._interval or 0.0)
        self._timeout = timeout
        self._socket = socket
        self._number = 0
        self._unanswered: list[tuple[bytes, int]] = []  # the data of a ping and when it had left, the oldest first
        self._next = Deadline(None, "")
        self.is_awaited = False  # the pong of --ping did not come yet

    def begin(self) -> None:
        """Send the ping of --ping, and count the interval from now on."""
        if self._text is not None:
            self._send(self._text)
            self.is_awaited = True
        self._next = Deadline.after(self._interval, "--ping-interval")

    @property
    def due(self) -> Deadline:
        """When there is something to do: to send the next, or to give an unanswered one up."""
        return self._next.sooner(self._given_up())

    def turn(self) -> None:
        """Send what is due. Raises `timeout` for a pong that did not come in time."""
        if self._given_up().passed() and not self._socket.stream.has_arrived():
            missing = f"no pong came for a ping within {self._timeout:g}s (--ping-timeout)"
            raise ExchangeError("transport", "timeout", missing, hint="the connection is dead, or the server too busy to answer")
        if self._next.passed():
            self._number += 1
            self._send(b"%d" % self._number)
            self._next = Deadline.after(self._interval, "--ping-interval")

    def answered(self, data: bytes, at_ns: int) -> float | None:
        """The milliseconds that the pong with this data, which came at `at_ns`, took; `None` for one that answers no ping."""
        for number, (text, left_ns) in enumerate(self._unanswered):
            if text == data:
                del self._unanswered[: number + 1]
                self.is_awaited = self.is_awaited and data != self._text
                return round((at_ns - left_ns) / 1e6, 3)
        return None

    def _send(self, data: bytes) -> None:
        self._socket.ping(data)
        self._unanswered.append((data, now()))
        del self._unanswered[:-MOST_UNANSWERED]

    def _given_up(self) -> Deadline:
        """When the oldest ping has waited for too long."""
        if not self._timeout or not self._unanswered:
            return Deadline(None, "")
        return Deadline(self._unanswered[0][1] + int(self._timeout * 1e9), "--ping-timeout")
