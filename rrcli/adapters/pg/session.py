"""A session with a server: the messages of its stream, and what is known of it; kept with the stream for the next exchange."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.codec.pg import frontend
from rrcli.codec.pg.backend import Decoder, Settings
from rrcli.wire.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.pg.messages import BackendKeyData, Message
    from rrcli.codec.pg.settings import Host
    from rrcli.wire.stream import Stream


class PgSession:
    """The messages that come over a stream. `auth` is how the login went, `key` what to cancel its work with."""

    def __init__(self, stream: Stream, host: Host, largest: int) -> None:
        self.stream = stream
        self.host = host
        self.decoder = Decoder(largest)
        self.settings = Settings()
        self.auth = "trust"
        self.key: BackendKeyData | None = None
        self.status = "idle"  # of the transaction, as ReadyForQuery says it
        self.is_ready = False  # nothing is under way
        self.is_plain = True  # nothing was set up in it that another exchange would not expect, as LISTEN does
        self._waiting: list[Message] = []  # in reverse order

    @property
    def process(self) -> int | None:
        """The number of the server's process for this session."""
        return self.key.process if self.key else None

    @property
    def has_waiting(self) -> bool:
        """Whether a message is there that nobody has taken."""
        return bool(self._waiting)

    def next(self) -> Message:
        """The next message, waited for.

        Raises `ExchangeError`: what the stream and the decoder raise, `truncated` or `closed` at the end of the connection.
        """
        while not self._waiting:
            data = self.stream.receive()
            if not data:
                self.decoder.eof()
                raise ExchangeError("transport", "closed", "the server closed the connection before its answer was over")
            self._waiting = self.decoder.feed(data)[::-1]
        return self._waiting.pop()

    def send(self, data: bytes, note: str) -> None:
        """Write a request."""
        self.is_ready = False
        self.stream.write(data, note)

    def end(self) -> None:
        """Say goodbye, where the server waits for something to be said, and close. It belongs to no exchange."""
        if self.is_ready:
            self.stream.re_record(Recorder())
            try:
                self.stream.write(frontend.terminate())
            except ExchangeError:
                pass  # it is gone already
        self.stream.close()
