"""Standard input, read line by line as it comes, while the peer is listened to."""

from __future__ import annotations

import os
from select import POLLIN, poll

from rrcli.adapters.ws.prepare import is_utf8
from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.base.deadline import Deadline
    from rrcli.wire.stream import Stream

STDIN = 0
CHUNK = 65536


class Input:
    """The lines of standard input, without their ends; one is at most `limit` bytes."""

    def __init__(self, limit: int, *, is_text: bool = True) -> None:
        self.ended = False
        self._limit = limit
        self._is_text = is_text
        self._rest = b""

    def read(self, stream: Stream, until: Deadline) -> Iterator[bytes]:
        """Wait for the peer or for standard input, until then at most, and give the lines that came.

        Raises at the stream's deadline, and `local` for input that cannot be read or sent.
        """
        deadline = stream.deadline.sooner(until)
        poller = poll()
        poller.register(stream.link.fileno(), POLLIN)
        try:
            poller.register(STDIN, POLLIN)
            seen = [number for number, _ in poller.poll(deadline.remaining_ms())]
            data = os.read(STDIN, CHUNK) if STDIN in seen else None
        except OSError as error:
            raise _unread((error.strerror or str(error)).lower()) from error
        if stream.deadline.passed():
            stream.deadline.expire()
        if data is not None:
            yield from self._lines(data)

    def _lines(self, data: bytes) -> Iterator[bytes]:
        """The lines that `data` ends; its end, which is empty, ends the last one."""
        if data:
            *lines, self._rest = (self._rest + data).split(b"\n")
        else:
            self.ended = True
            lines, self._rest = [self._rest] if self._rest else [], b""
        if len(self._rest) > self._limit:
            raise _unread(f"a line is longer than {self._limit} bytes (--max-size)")
        for line in lines:
            line = line.removesuffix(b"\r")
            if self._is_text and not is_utf8(line):
                raise _unread("a line is no UTF-8, which no text message is without; --binary sends any bytes")
            yield line


def _unread(why: str) -> ExchangeError:
    return ExchangeError("local", "input", f"cannot send standard input: {why}")
