"""One connection to a NATS server: its operations in their order, with its pings answered and what it tells of itself."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed
from rrcli.codec.nats import PONG, Decoder, Err, Info, Msg, Ok, Ping, Pong

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.nats.endpoint import Login
    from rrcli.wire.stream import Stream


class NatsSession:
    """A connection; a series keeps it for its next exchange. `sid` is the number of the latest subscription."""

    def __init__(self, stream: Stream, login: Login, max_size: int) -> None:
        self.stream = stream
        self.login = login
        self.info: dict[str, Any] = {}
        self.rtt_ns: int | None = None
        self.sid = 0
        self._decoder = Decoder(max_size)
        self._waiting: list[Msg | Ok | Err | Pong | Info] = []  # the next one last
        self._failure: ExchangeError | None = None

    @property
    def max_payload(self) -> int | None:
        """The most bytes that the server takes, if it told so."""
        most = self.info.get("max_payload")
        return most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else None

    @property
    def overhang(self) -> bool:
        """Something has arrived that nobody has read."""
        return bool(self._waiting) or self._failure is not None or self._decoder.pending or self.stream.buffered

    def next(self) -> Msg | Ok | Err | Pong | Info:
        """The next operation that says something to us; an OK only as the first of all.

        Raises `ExchangeError`: what the decoder and the stream raise, and `closed`.
        """
        while not self._waiting:
            if self._failure:
                raise self._failure
            self._receive()
        operation = self._waiting.pop()
        if isinstance(operation, Info):
            self.info = {**self.info, **operation.values}
        return operation

    def next_message(self) -> Msg | Err | Pong:
        """The next message of our latest subscription, an error, or a PONG. Raises `malformed` for one of a subscription that is none."""
        while True:
            operation = self.next()
            if isinstance(operation, Info):
                self.stream.recorder.remark("INFO")
            elif isinstance(operation, (Err, Pong)) or (isinstance(operation, Msg) and operation.sid == self.sid):
                return operation
            elif isinstance(operation, Msg) and not 0 < operation.sid < self.sid:  # an earlier one's may come late
                raise malformed(f"a message came for the subscription {operation.sid}, and there is none of that number")

    def flushed(self) -> Err | None:
        """Read on to PONG, past messages: the server has taken all that was sent before PING. The error that it has against it."""
        while isinstance(operation := self.next_message(), Msg):
            pass
        return operation if isinstance(operation, Err) else None

    def has_next(self, seconds: float) -> bool:
        """Whether the next operation has come, or comes within `seconds`; 0 waits without a limit of its own."""
        return bool(self._waiting) or self._failure is not None or not seconds or self.stream.wait_readable(seconds)

    def _receive(self) -> None:
        data = self.stream.receive()
        if not data:
            self._decoder.eof()
            raise ExchangeError("transport", "closed", "the server closed the connection without a reply")
        try:
            found = self._decoder.feed(data)
        except ExchangeError as error:
            found, self._failure = self._decoder.salvaged, error
        pings = sum(isinstance(operation, Ping) for operation in found)
        said = [operation for operation in reversed(found) if not isinstance(operation, Ping)]
        self._waiting = [operation for operation in said if not isinstance(operation, Ok)] if self.info else said
        if pings and not self._failure:
            self.stream.write(PONG * pings, "PONG")
