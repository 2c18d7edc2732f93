"""An exchange under way on a kept connection, which whoever goes on with it takes over."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.base.deadline import Deadline
    from rrcli.wire.pool import Asked
    from rrcli.wire.recorder import Recorder
    from rrcli.wire.stream import Stream


class Begun:
    """An exchange whose request went out over a kept connection, and whose answer has not been read."""

    __slots__ = ("arrived", "began_ns", "deadline", "differs", "failure", "is_taken", "received", "recorder", "sent", "shared", "stream")

    stream: Stream  # where it is alone on its connection

    def __init__(self, recorder: Recorder, deadline: Deadline, began_ns: int) -> None:
        self.recorder = recorder
        self.deadline = deadline
        self.began_ns = began_ns
        self.shared: Asked | None = None  # where others are on its connection as well
        self.sent = 0  # bytes
        self.received = b""
        self.arrived: bytes | None = None  # since it was looked at
        self.failure: ExchangeError | None = None
        self.differs = False  # the normal course is to go on with it
        self.is_taken = False  # and does so

    def arrive(self) -> None:
        """Take in what has come over a connection that is its own, or that time is up, and when."""
        try:
            self.arrived = self.stream.take()
        except ExchangeError as error:
            self.failure, self.differs = error, True

    def taken_up(self) -> Stream:
        """The connection that is its own, for the normal course."""
        self.is_taken = True
        self.stream.take_up(self.sent, self.received, self.failure)
        return self.stream

    def shared_up(self) -> Asked:
        """Its part of a connection that is shared, for the normal course."""
        assert self.shared
        self.is_taken = True
        self.shared.take_up()
        return self.shared

    def close(self) -> None:
        """Nobody goes on with it."""
        if self.shared:
            self.shared.leave()
        else:
            self.stream.close()
