"""Where an answer of raw bytes ends: after a text, a number of bytes or lines, with a length told before, or never by itself."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large
from rrcli.base.timelimit import LIMIT, TimeLimitExceeded, run_with_limit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Match, Pattern
    from typing import Literal

    Order = Literal["big", "little"]

REACH = 65536  # bytes behind the newest ones in which a regular expression may begin its match


class Boundary:
    """Watches the bytes of an answer. `framing` names the rule, as the framings of its protocol's manifest have it."""

    framing = "close"
    skipped = 0  # bytes at the start of what was fed last that belong to the framing, not to the content

    def feed(self, data: bytes) -> int | None:  # noqa: ARG002  # by itself it never ends
        """How many bytes of `data` still belong to the answer; `None` while it goes on."""
        return None


class AfterBytes(Boundary):
    """Ends after `count` bytes."""

    framing = "read-bytes"

    def __init__(self, count: int) -> None:
        self._left = count

    def feed(self, data: bytes) -> int | None:
        taken = min(self._left, len(data))
        self._left -= taken
        return None if self._left else taken


class AfterLines(Boundary):
    """Ends after the LF of the `count`th line."""

    framing = "read-lines"

    def __init__(self, count: int) -> None:
        self._left = count

    def feed(self, data: bytes) -> int | None:
        at = 0
        while self._left:
            at = data.find(b"\n", at) + 1
            if not at:
                return None
            self._left -= 1
        return at


class AfterText(Boundary):
    """Ends after a text, which may come in several pieces."""

    framing = "read-until"

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._tail = b""

    def feed(self, data: bytes) -> int | None:
        window = self._tail + data
        at = window.find(self._text)
        if at >= 0:
            return at + len(self._text) - len(self._tail)
        self._tail = window[len(window) - min(len(window), len(self._text) - 1) :]
        return None


class AfterMatch(Boundary):
    """Ends after the first match of a regular expression within the last `REACH` bytes.

    It ends as soon as there is a match, which more bytes might have made longer: nobody can wait for those that never come.
    A pattern that backtracks for longer than `patience` seconds is given up.
    """

    framing = "read-until"

    def __init__(self, pattern: Pattern[bytes], patience: float = LIMIT) -> None:
        self._pattern = pattern
        self.patience = patience
        self._tail = b""
        self.found: Match[bytes] | None = None

    def feed(self, data: bytes) -> int | None:
        window = self._tail + data
        try:
            found = run_with_limit(self.patience, lambda: self._pattern.search(window))
        except TimeLimitExceeded:
            hint = "write it without a repetition inside a repetition, as (a+)+"
            raise ExchangeError("transport", "timeout", f"the pattern took more than {self.patience:g} s to look for", hint=hint) from None
        if found:
            self.found = found
            return max(0, found.end() - len(self._tail))  # it may end before `data`, which it was looking ahead to
        self._tail = window[-REACH:]
        return None


# How a length is written before a message: its bytes and their order.
LENGTHS: dict[str, tuple[int, Order]] = {
    "u8": (1, "big"), "u16be": (2, "big"), "u16le": (2, "little"), "u32be": (4, "big"), "u32le": (4, "little"),
}  # fmt: skip
VARINT = "varint"  # groups of seven bits, lowest first, the high bit saying that more follow, as Protocol Buffers have it
LONGEST_VARINT = 10  # bytes: 64 bits


def prefixed(data: bytes, kind: str) -> bytes:
    """The message with its length before it. Raises `ValueError` when the length does not fit."""
    size = len(data)
    if kind == VARINT:
        groups = bytearray()
        while size > 0x7F:
            groups.append(size & 0x7F | 0x80)
            size >>= 7
        return bytes([*groups, size]) + data
    width, order = LENGTHS[kind]
    if size >> 8 * width:
        raise ValueError(f"a message of {size} bytes is too long for a length of {kind}")
    return size.to_bytes(width, order) + data


class AfterFrame(Boundary):
    """Ends with one message whose length, of at most `limit` bytes, comes before it and is not part of the content."""

    framing = "length-prefix"

    def __init__(self, kind: str, limit: int) -> None:
        self._kind = kind
        self._limit = limit
        self._head = b""
        self._left: int | None = None

    def feed(self, data: bytes) -> int | None:
        at = 0
        while self._left is None and at < len(data):
            self._head += data[at : at + 1]
            at += 1
            self._left = self._length()
        self.skipped = at
        if self._left is None:
            return None
        taken = min(self._left, len(data) - at)
        self._left -= taken
        return None if self._left else at + taken

    def _length(self) -> int | None:
        """The length told, once it is there whole. Raises `too_large` and `malformed`."""
        head = self._head
        if self._kind == VARINT:
            if head[-1] & 0x80:
                if len(head) == LONGEST_VARINT:
                    raise malformed(f"the length is a varint of more than {LONGEST_VARINT} bytes")
                return None
            size = sum((byte & 0x7F) << 7 * at for at, byte in enumerate(head))
        else:
            width, order = LENGTHS[self._kind]
            if len(head) < width:
                return None
            size = int.from_bytes(head, order)
        if size > self._limit:
            raise too_large(f"the length prefix tells of {size} bytes, more than --max-size {self._limit}")
        return size
