"""JSON values one after the other: a line each (NDJSON, JSON Lines), or each behind a record separator (RFC 7464). No I/O.

decoder = JsonLinesDecoder("application/x-ndjson")
for content, line in decoder.feed(data):    # all contents together are the data; `line` is what ends with its content, or nothing
"""

from __future__ import annotations

from rrcli.base.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SEQUENCE = "json-seq"
RECORD = b"\x1e"  # before each text of a sequence
LONGEST = 8 << 20  # bytes of a line; a longer one is none


class JsonLinesDecoder:
    """Cuts content into its lines, which may be JSON or not; empty ones are left out.

    A text of a sequence may go on over several lines: it ends with the line that makes it whole, or before the next separator.
    `too_long` counts lines that were longer than any may be.
    """

    def __init__(self, media_type: str) -> None:
        self.too_long = 0
        self._in_sequence = media_type.endswith(SEQUENCE)
        self._line = bytearray()  # begun and not over
        self._tried = 0  # bytes of it that were known not to be whole
        self._skips = False  # the present line is too long

    def feed(self, data: bytes) -> Iterator[tuple[bytes, str | None]]:
        """The content in pieces, each with the line that it ends."""
        begin = 0
        while begin < len(data):
            if self._in_sequence and (self._line or self._skips) and data[begin : begin + 1] == RECORD:
                yield b"", self._take(b"", ends=True, last=True)  # another one begins
            line_end = data.find(b"\n", begin)
            end = line_end + 1 or len(data)
            if self._in_sequence and (separator := data.find(RECORD, begin + 1, end)) > 0:
                end = separator
            piece, begin = data[begin:end], end
            yield piece, self._take(piece, ends=piece[-1:] == b"\n")

    def finish(self) -> str | None:
        """The line that the content ends with, where no line end follows it."""
        return self._take(b"", ends=True, last=True)

    def _take(self, piece: bytes, *, ends: bool, last: bool = False) -> str | None:
        """Add to the present line; the line, if it is over."""
        if not self._skips:
            self._line += piece
        if len(self._line) > LONGEST:
            self._line.clear()
            self._skips = True
            self.too_long += 1
        if not ends:
            return None
        if self._in_sequence and not (last or self._skips or self._is_whole()):
            return None
        line = self._text()
        self._line.clear()
        self._tried, self._skips = 0, False
        return line or None

    def _text(self) -> str:
        return bytes(self._line).strip(RECORD + b" \t\r\n").decode("utf-8", "replace")

    def _is_whole(self) -> bool:
        """Whether a text of a sequence is over: looked into again only where it has grown to twice its size."""
        if len(self._line) < 2 * self._tried:
            return False
        self._tried = len(self._line)
        try:
            loads(self._text())
        except ValueError:
            return self._line.isspace()
        return True
