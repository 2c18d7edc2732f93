r"""The data of COPY … TO STDOUT: lines of the text format or of CSV, and the values in them.

CopyData messages mostly are a line each, but nothing promises it, so the lines are put together here.

Specification: https://www.postgresql.org/docs/current/sql-copy.html, "File Formats"
"""

from __future__ import annotations

from rrcli.base.errors import malformed, too_large, truncated

LARGEST = 64 << 20  # bytes of a line, unless the caller sets another limit
_ESCAPES = {98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11}  # b f n r t v
_OCTAL, _HEX = b"01234567", b"0123456789abcdefABCDEF"


class Lines:
    """Bytes to whole lines, without their ends. With `csv` a line goes on behind a line end that stands in quotes."""

    def __init__(self, *, csv: bool = False, largest: int = LARGEST) -> None:
        self._csv = csv
        self._largest = largest
        self._buffer = bytearray()
        self._scanned = 0  # no end of the line before this place
        self._quotes = 0  # in the unfinished line up to there

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete. Raises `too_large` for a line over the limit."""
        self._buffer += data
        lines, begin = [], 0
        while (end := self._buffer.find(b"\n", self._scanned)) >= 0:
            if self._csv:
                self._quotes += self._buffer.count(b'"', self._scanned, end)
            self._scanned = end + 1
            if self._quotes % 2:
                continue
            with memoryview(self._buffer) as view:
                lines.append(self._bounded(view[begin:end].tobytes()))
            begin, self._quotes = end + 1, 0
        if self._csv:
            self._quotes += self._buffer.count(b'"', self._scanned)
        self._scanned = len(self._buffer) - begin
        del self._buffer[:begin]
        self._bounded(self._buffer)
        return lines

    def end(self) -> list[bytes]:
        """The last line, where no line end came behind it. Raises `truncated` within quotes."""
        if self._quotes % 2:
            raise truncated("the data of COPY ends within quotes")
        line, self._buffer = bytes(self._buffer), bytearray()
        return [line] if line else []

    def _bounded(self, line: bytes | bytearray) -> bytes:
        if len(line) > self._largest:
            raise too_large(f"a line of COPY is longer than {self._largest} bytes")
        return line if isinstance(line, bytes) else b""


def text_values(line: bytes, delimiter: bytes = b"\t", null: bytes = rb"\N") -> list[bytes | None]:
    """The values of a line in the text format; `None` for NULL."""
    return [None if part == null else _unescaped(part) for part in line.removesuffix(b"\r").split(delimiter)]


def _unescaped(part: bytes) -> bytes:
    if b"\\" not in part:
        return part
    found, at = bytearray(), 0
    while (slash := part.find(b"\\", at)) >= 0:
        found += part[at:slash]
        letter = part[slash + 1 : slash + 2]
        if letter in (b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7"):
            digits = _run(part[slash + 1 : slash + 4], _OCTAL)
            found.append(int(digits, 8) & 0xFF)
            at = slash + 1 + len(digits)
        elif letter == b"x" and (digits := _run(part[slash + 2 : slash + 4], _HEX)):
            found.append(int(digits, 16))
            at = slash + 2 + len(digits)
        else:
            found += bytes([_ESCAPES.get(letter[0], letter[0])]) if letter else b"\\"
            at = slash + 2
    return bytes(found + part[at:])


def _run(data: bytes, digits: bytes) -> bytes:
    """The digits at the beginning."""
    return data[: len(data) - len(data.lstrip(digits))]


def csv_values(line: bytes, delimiter: bytes = b",", null: bytes = b"") -> list[bytes | None]:
    """The values of a line of CSV (RFC 4180); `None` for NULL, which is empty and not in quotes. Raises `malformed`."""
    found: list[bytes | None] = []
    at = 0
    while True:
        if line[at : at + 1] == b'"':
            value, at = _in_quotes(line, at + 1)
            found.append(value)
            if at < len(line) and line[at : at + 1] != delimiter:
                raise malformed(f"a value of CSV goes on behind its quotes: {line[max(at - 20, 0) : at + 20]!r}")
        else:
            end = line.find(delimiter, at)
            end = end if end >= 0 else len(line)
            found.append(None if line[at:end] == null else line[at:end])
            at = end
        if at >= len(line):
            return found
        at += 1


def _in_quotes(line: bytes, at: int) -> tuple[bytes, int]:
    """A value whose quotes are open, and where it ends: a quote within is written twice."""
    parts = []
    while (end := line.find(b'"', at)) >= 0:
        parts.append(line[at:end])
        if line[end + 1 : end + 2] != b'"':
            return b'"'.join(parts), end + 1
        at = end + 2
    raise malformed(f"a value of CSV has no end: {line[max(at - 20, 0) : at + 20]!r}")
