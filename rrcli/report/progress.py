"""What goes on while somebody waits at a terminal: one line on standard error that leaves nothing behind.

It appears after half a second, so that whatever is fast never shows it, and holds nothing that a peer wrote. A thread
draws it, because the one that sends is waiting.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, start_new_thread

from rrcli.report.units import duration, size
from rrcli.runner import Observer
from rrcli.wire.clock import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.model import Answer

FIRST_S = 0.5  # until the line appears
EVERY_S = 0.1  # between two drawings of it
ERASE = "\r\x1b[K"


class Progress(Observer):
    """Passes everything on to `observer` and draws through `write` what goes on.

    With `makes_way` the observer writes to where others may write as well: the line goes for good before its first word.
    """

    def __init__(self, observer: Observer, write: Callable[[str], None], *, retries: int, makes_way: bool) -> None:
        self.keeps_content = observer.keeps_content
        self._observer = observer
        self._write = write
        self._retries = retries
        self._makes_way = makes_way
        self._lock = allocate_lock()  # of all that follows
        self._over = allocate_lock()  # held until there is no more to draw
        self._over.acquire()
        self._started = False
        self._ended = False
        self._drawn = False
        self._number = 0  # of the retry
        self._since_ns: int | None = None  # the request is under way
        self._until_ns: int | None = None  # another attempt follows
        self._size: int | None = None  # of the content so far

    @property
    def shows(self) -> bool:
        return self._observer.shows

    def begins(self) -> None:
        with self._lock:
            self._since_ns, self._until_ns, self._size = now(), None, None
        if not self._started:
            self._started = True
            start_new_thread(self._draw_on, ())
        self._observer.begins()

    def received(self, answer: Answer) -> None:
        self._way()
        self._size = 0
        self._observer.received(answer)

    def content(self, data: bytes) -> None:
        self._way()
        self._size = (self._size or 0) + len(data)
        self._observer.content(data)

    def item(self, value: dict[str, Any], text: bytes, secrets: list[str]) -> None:
        self._way()
        self._observer.item(value, text, secrets)

    def waits(self, seconds: float, number: int) -> None:
        with self._lock:
            self._number, self._since_ns, self._until_ns = number, None, now() + int(seconds * 1e9)
        self._observer.waits(seconds, number)

    def finish(self) -> None:
        """Erase the line; nothing is drawn after it."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._over.release()
            self._erase()

    def line(self) -> str:
        """What goes on, in a few words; empty while nothing does."""
        which = f"retry {self._number} of {self._retries}" if self._number else ""
        if self._until_ns is not None:
            left = self._until_ns - now()
            return f"{which} in {left / 1e9:.1f} s" if left > 0 else ""
        if self._since_ns is None:
            return ""
        doing = f"received {size(self._size)}" if self._size else "waiting"
        return " · ".join(part for part in (which, doing, duration(now() - self._since_ns)) if part)

    def _way(self) -> None:
        if self._makes_way:
            self.finish()

    def _draw_on(self) -> None:
        """Draw until it is over."""
        pause = FIRST_S
        while not self._over.acquire(timeout=pause):
            pause = EVERY_S
            with self._lock:
                if self._ended:
                    return
                self._erase()
                if text := self.line():
                    self._write(text[: _columns() - 1])
                    self._drawn = True

    def _erase(self) -> None:
        if self._drawn:
            self._write(ERASE)
            self._drawn = False


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80
