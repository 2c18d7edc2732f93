"""Replies read from a connection to Redis, in their order and within bounds."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, too_large, truncated
from rrcli.codec.redis.resp import Decoder, Reply
from rrcli.codec.redis.text import as_raw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.redis.endpoint import Endpoint
    from rrcli.wire.stream import Stream

PARTS_FROM = 1 << 20  # bytes of a reply that has come so far, from which on it is passed on in parts
MOST_PUSHES = 10  # that are kept to be told


class Replies:
    """The replies of one connection. Pushes (RESP3) between them are kept aside, and counted."""

    def __init__(self, stream: Stream, endpoint: Endpoint, *, in_parts: bool) -> None:
        self.stream = stream
        self.pushes: list[Reply] = []
        self.pushed = 0
        self.waiting: list[Reply] = []
        self._endpoint = endpoint
        self._in_parts = in_parts
        self._count = 0
        self._size: int | None = 0  # bytes that came; `None` where they add up for as long as somebody listens
        self._decoder = Decoder(in_parts=in_parts)

    @property
    def overhang(self) -> bool:
        """Something has arrived already behind the replies that were read."""
        return any(reply.type != "push" for reply in self.waiting) or self._decoder.pending or self.stream.buffered

    def begin(self, *, endless: bool = False) -> None:
        """The command goes out now: count from here. With `endless` replies are limited in size one by one, not together."""
        self._count, self._size = 0, None if endless else 0

    def read(self, *, push: bool = False) -> Reply:
        """The next reply; with `push` a push counts as one.

        Raises `ExchangeError`: `closed` or `truncated` at the end of the connection, `too_large` over `--max-size`, what the
        decoder raises, and what the stream does.
        """
        while True:
            while self.waiting:
                reply = self.waiting.pop(0)
                if push or not self._is_set_aside(reply):
                    self._count += 1
                    return reply
            self._receive()

    def parts(self) -> Iterator[tuple[Reply, list[Reply]]]:
        """A large reply as it comes: what it is and its size, with what came of it since. `read` then gives the rest.

        Nothing at all comes of a reply that is small, or of a kind that cannot be cut. It is for `begin(endless=True)`.
        """
        whole = None
        while not self.waiting:
            self._receive()
            self.waiting = [reply for reply in self.waiting if not self._is_set_aside(reply)]
            if self._decoder.received >= PARTS_FROM and not self.waiting:
                whole = whole or self._decoder.outermost
                if whole:
                    yield whole, self._decoder.drain()

    def _is_set_aside(self, reply: Reply) -> bool:
        """Whether the reply is a push, which is counted, and one of the first is kept."""
        if reply.type != "push":
            return False
        self.pushed += 1
        if self.pushed <= MOST_PUSHES:
            self.pushes.append(reply)
        return True

    def _receive(self) -> None:
        try:
            data = self.stream.receive()
        except ExchangeError as error:
            if error.kind == "reset" and not self.stream.recorder.bytes_received:
                error.hint = self._hint
            raise
        if not data:
            self._raise_end()
        self.waiting += self._decoder.feed(data)
        if self._size is not None:
            self._size += len(data)
        limit = self._endpoint.request.max_size
        large = self._decoder.received if self._size is None else self._size
        if large > limit and not (self._in_parts and large < 2 * PARTS_FROM):
            raise too_large(f"the reply has more than {limit} bytes", "ask for less of it, or allow more with --max-size")

    def _raise_end(self) -> None:
        self._decoder.feed(b"")  # raises what is wrong with the bytes before
        if self._decoder.pending:
            raise truncated(f"the server closed the connection within its reply, after {self._decoder.received} bytes of it")
        after = f"after {self._count} repl{'ies' if self._count > 1 else 'y'}" if self._count else "without a reply"
        raise ExchangeError("transport", "closed", f"the server closed the connection {after}", hint=self._hint)

    @property
    def _hint(self) -> str:
        """Why a server leaves without a word."""
        if self._endpoint.command == "SHUTDOWN":
            return "SHUTDOWN answers so when it works: the server is down"
        reason = "the server's log tells why"
        return reason if self._endpoint.place.tls or self._count else f"{reason}; a port that wants TLS does so too: write rediss://"


def raw_parts(pieces: list[Reply], whole: Reply) -> bytes:
    """What redis-cli prints of these parts off a terminal."""
    return (b"" if whole.type == "bulk" else b"\n").join(map(as_raw, pieces))
