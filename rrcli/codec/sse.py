"""Server-Sent Events: bytes in, events out, by the rules of the WHATWG HTML standard, section 9.2.6, to the letter.

A line ends with LF, CR or CRLF, and an event with an empty line. An event that is not ended when the stream is, is none.
Bytes are decoded as UTF-8 with replacement; a line's end is ASCII, so each line can be decoded by itself.
"""

from __future__ import annotations

from rrcli.base.errors import too_large
from rrcli.base.record import Record

BOM = b"\xef\xbb\xbf"
LARGEST = 16 << 20  # bytes of one event, with its line that is not whole yet
LONGEST_NUMBER = 15  # digits of a `retry` that are read: more are thirty thousand years


class SseEvent(Record):
    """One event as it was dispatched; `id` and `retry` (milliseconds) only where this event itself said so."""

    type: str
    data: str
    id: str | None = None
    retry: int | None = None


class SseDecoder:
    """Reads one stream of events. The next stream of the same source goes on with `last_event_id` and `retry_ms` of this one.

    Where the standard has each stream begin with an empty last event id, this does as browsers do and keeps the one it had.
    """

    def __init__(self, last_event_id: str = "", retry_ms: int | None = None, largest: int = LARGEST) -> None:
        self.last_event_id = last_event_id  # of the last event: what a reconnecting client sends
        self.retry_ms = retry_ms  # the wait before a reconnection that the server asked for
        self.salvaged: list[SseEvent] = []  # those before what made `feed` raise
        self._largest = largest
        self._began = False  # the first line was read
        self._after_cr = False  # a LF now belongs to the line before
        self._line = bytearray()  # the beginning of a line that is not whole
        self._next_id = last_event_id
        self._reset()

    def _reset(self) -> None:
        self._type = b""
        self._data = bytearray()  # each line with a LF behind it
        self._id: str | None = None
        self._retry: int | None = None
        self._fields = 0

    @property
    def incomplete(self) -> bool:
        """Whether the bytes so far end within an event, which is lost if the stream ends here."""
        line = self._line if self._began else self._line.removeprefix(BOM)
        return self._fields > 0 or bool(line and line[:1] != b":")

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events that `data` completes. Raises `too_large`; those before are then in `salvaged`."""
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        events: list[SseEvent] = []
        for piece in data.splitlines(keepends=True):  # of bytes: at LF, CR and CRLF alone
            whole = piece[-1:] in (b"\n", b"\r")
            text = piece.rstrip(b"\r\n") if whole else piece
            if len(self._line) + len(text) + len(self._data) > self._largest:
                self.salvaged = events
                raise too_large(f"an event is longer than {self._largest} bytes")
            if not whole:
                self._line += text
                continue
            line = bytes(self._line) + text if self._line else text
            self._line.clear()
            if event := self._take(line):
                events.append(event)
        self._after_cr = data[-1:] == b"\r" or (self._after_cr and not data)
        return events

    def _take(self, line: bytes) -> SseEvent | None:
        """Process one line; the event that it ends."""
        if not self._began:
            self._began = True
            line = line.removeprefix(BOM)
        if not line:
            return self._dispatch()
        name, colon, value = line.partition(b":")
        if colon and not name:
            return None
        self._fields += 1
        self._field(name, value.removeprefix(b" "))
        return None

    def _field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._data += value
            self._data += b"\n"
        elif name == b"event":
            self._type = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = self._next_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value and not value.strip(b"0123456789"):
            self._retry = self.retry_ms = int(value.lstrip(b"0")[:LONGEST_NUMBER] or b"0")

    def _dispatch(self) -> SseEvent | None:
        """End the event. The id counts even where there is no data, and then nothing else does."""
        self.last_event_id = self._next_id
        event = None
        if self._data:
            event = SseEvent(
                type=self._type.decode("utf-8", "replace") or "message",
                data=self._data[:-1].decode("utf-8", "replace"),
                id=self._id,
                retry=self._retry,
            )
        self._reset()
        return event
