"""Where an answer of raw bytes ends: after a text, a number of bytes or lines, or never by itself."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern

REACH = 65536  # bytes behind the newest ones in which a regular expression may begin its match


class Boundary:
    """Watches the bytes of an answer. `framing` names the rule, as `explain.FRAMINGS` has it."""

    framing = "close"

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
    """

    framing = "read-until"

    def __init__(self, pattern: Pattern[bytes]) -> None:
        self._pattern = pattern
        self._tail = b""

    def feed(self, data: bytes) -> int | None:
        window = self._tail + data
        if found := self._pattern.search(window):
            return max(0, found.end() - len(self._tail))  # it may end before `data`, which it was looking ahead to
        self._tail = window[-REACH:]
        return None
