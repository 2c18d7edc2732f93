"""An exchange under way on a kept connection, which whoever goes on with it takes over."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.base.deadline import Deadline
    from rrcli.base.errors import ExchangeError
    from rrcli.wire.recorder import Recorder
    from rrcli.wire.stream import Stream


class Begun:
    """An exchange whose request went out over a kept connection, and whose answer has not been read."""

    __slots__ = ("began_ns", "deadline", "differs", "failure", "is_taken", "received", "recorder", "sent", "stream")

    def __init__(self, stream: Stream, recorder: Recorder, deadline: Deadline, began_ns: int) -> None:
        self.stream = stream
        self.recorder = recorder
        self.deadline = deadline
        self.began_ns = began_ns
        self.sent = 0  # bytes
        self.received = b""
        self.failure: ExchangeError | None = None
        self.differs = False  # the normal course is to go on with it
        self.is_taken = False  # and does so

    def taken_up(self) -> Stream:
        """The stream, for the normal course."""
        self.is_taken = True
        self.stream.take_up(self.sent, self.received, self.failure)
        return self.stream
