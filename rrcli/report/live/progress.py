"""What goes on while somebody waits at a terminal: one line on standard error that leaves nothing behind.

    42%  █████████████▋                    429 MiB of 1 GiB · 210 MiB/s · 3 s left

It appears after half a second, so that whatever is fast never shows it, and holds nothing that a peer wrote. A thread
draws it, because the one that sends is waiting, and because nothing that is drawn may slow what it counts.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, start_new_thread

from rrcli.base.deadline import now
from rrcli.base.units import counted, duration, size
from rrcli.engine.events import Observer
from rrcli.report.terminal.waterfall import bar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.engine.events import Hop
    from rrcli.model.values import Response

FIRST_S = 0.5  # until the line appears
EVERY_S = 0.1  # between two drawings of it
LONGEST_VALUE = 40  # letters of what --until found
WINDOW_NS = 4 * 10**9  # the speed is that of so long ago until now
WIDEST_BAR = 40  # columns
NARROWEST_BAR = 8
PERCENT = 6  # columns of ` 42%  `
ERASE = "\r\x1b[K"
BLUE, DIM, PLAIN = "\x1b[94m", "\x1b[2m", "\x1b[0m"


class Progress(Observer):
    """Passes everything on to `observer` and draws through `write` what goes on.

    With `yields_terminal` the observer writes to where others may write as well: the line goes for good before its first word.
    """

    def __init__(
        self, observer: Observer, write: Callable[[str], None], *, retries: int, yields_terminal: bool, color: bool = False
    ) -> None:
        self.keeps_content, self.shows_events = observer.keeps_content, observer.shows_events
        self._observer = observer
        self._write = write
        self._retries = retries
        self._makes_way = yields_terminal
        self._color = color
        self.columns = 80  # of the terminal, as of the latest drawing
        self._lock = allocate_lock()  # of all that follows
        self._over = allocate_lock()  # held until there is no more to draw
        self._over.acquire()
        self._started = False
        self._ended = False
        self._drawn = False
        self._number = 0  # of the retry
        self._polls = ""  # what --until came to so far
        self._since_ns: int | None = None  # the request is under way
        self._until_ns: int | None = None  # another attempt follows
        self._transfer: Transfer | None = None  # of content, one way or the other

    @property
    def is_visible(self) -> bool:
        return self._observer.is_visible

    def request_started(self) -> None:
        with self._lock:
            self._since_ns, self._until_ns, self._transfer = now(), None, None
        if not self._started:
            self._started = True
            start_new_thread(self._draw_on, ())
        self._observer.request_started()

    def received(self, answer: Response) -> None:
        self._way()
        self._transfer = Transfer("received", *_extent(answer))
        self._observer.received(answer)

    def content(self, data: bytes) -> None:
        self._way()
        if self._transfer:
            self._transfer.done += len(data)
        self._observer.content(data)

    def attach(self, hop: Hop) -> None:
        self._observer.attach(hop)

    def uploaded(self, done: int, total: int | None) -> None:
        if self._transfer is None or self._transfer.doing != "sent":
            self._transfer = Transfer("sent", 0, total)
        self._transfer.done = done
        self._observer.uploaded(done, total)

    def item(self, value: dict[str, Any], text: bytes, secrets: tuple[str, ...]) -> None:
        if self._observer.prints(value, text):
            self._way()
        self._observer.item(value, text, secrets)

    def retry_in(self, seconds: float, number: int) -> None:
        with self._lock:
            self._number, self._since_ns, self._until_ns = number, None, now() + int(seconds * 1e9)
        self._observer.retry_in(seconds, number)

    def poll_in(self, seconds: float, number: int, found: str) -> None:
        from rrcli.base.visible import visible

        with self._lock:
            self._polls = f"asked {counted(number, 'time')}: {visible(found)[:LONGEST_VALUE]} · again"
            self._since_ns, self._until_ns = None, now() + int(seconds * 1e9)
        self._observer.poll_in(seconds, number, found)

    def finish(self) -> None:
        """Erase the line; nothing is drawn after it."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._over.release()
            self._erase()

    def line(self) -> str:
        """What goes on, within `columns` and still without colour; empty while nothing does."""
        columns = self.columns
        which = f"retry {self._number} of {self._retries}" if self._number else self._polls
        if self._until_ns is not None:
            left = self._until_ns - now()
            return f"{which} in {left / 1e9:.1f} s"[:columns] if left > 0 else ""
        if self._since_ns is None:
            return ""
        transfer = self._transfer
        if not (transfer and transfer.done):
            return " · ".join(part for part in (which, "waiting", duration(now() - self._since_ns)) if part)[:columns]
        transfer.sample(now())
        parts = [part for part in (which, *transfer.words()) if part]
        if not transfer.total:
            return " · ".join((*parts, duration(now() - self._since_ns)))[:columns]
        while len(parts) > 1 and len(" · ".join(parts)) + PERCENT > columns:  # the last tells least
            parts.pop()
        words = " · ".join(parts)
        share = min(transfer.done / transfer.total, 1)
        room = min(columns - len(words) - PERCENT - 2, WIDEST_BAR)
        picture = f"{bar(0, share, room)}  " if room >= NARROWEST_BAR else ""
        return f"{int(share * 100):>3}%  {picture}{words}"[:columns]

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
                self.columns = _columns() - 1
                if text := self.line()[: self.columns]:
                    self._write(_coloured(text) if self._color else text)
                    self._drawn = True

    def _erase(self) -> None:
        if self._drawn:
            self._write(ERASE)
            self._drawn = False


class Transfer:
    """How much content has gone by, of how much, and how fast: `doing` is `received` or `sent`."""

    def __init__(self, doing: str, before: int, total: int | None) -> None:
        self.doing = doing
        self.done = before
        self.total = total
        self._samples = [(now(), before)]  # when, and how much had gone by

    def sample(self, at_ns: int) -> None:
        """Remember how far it is."""
        self._samples.append((at_ns, self.done))
        while len(self._samples) > 2 and at_ns - self._samples[0][0] > WINDOW_NS:
            del self._samples[0]

    @property
    def speed(self) -> float:
        """Bytes per second, of late."""
        (begin_ns, before), (end_ns, done) = self._samples[0], self._samples[-1]
        return max(0, done - before) * 1e9 / (end_ns - begin_ns) if end_ns > begin_ns else 0.0

    def words(self) -> list[str]:
        """`429 MiB of 1 GiB`, `210 MiB/s`, `3 s left`."""
        speed = self.speed
        words = [f"{size(self.done)} of {size(self.total)}" if self.total else f"{self.doing} {size(self.done)}", f"{size(int(speed))}/s"]
        if self.total and speed and self.done < self.total:
            words.append(f"{_span((self.total - self.done) / speed)} left")
        return words


def _extent(answer: Response) -> tuple[int, int | None]:
    """How much of the content was there before, and how much there will be, where the answer tells and it is not coded."""
    fields = {name.lower(): value for name, value in answer.fields}
    length = fields.get("content-length", "")
    if answer.framing != "content-length" or "content-encoding" in fields or not (length.isdecimal() and len(length) < 19):
        return 0, None
    first, dash, _ = fields.get("content-range", "").removeprefix("bytes ").partition("-")
    before = int(first) if dash and answer.status.code == 206 and first.isdecimal() and len(first) < 19 else 0
    return before, before + int(length)


def _span(seconds: float) -> str:
    """`3 s`, `2 min 5 s`, `3 h 10 min`: time that is left is never exact."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 60 * 100 else "long"


def _coloured(line: str) -> str:
    """The line with its bar, if it has one, and what stands behind it in colour."""
    begin = line.find("█") if "█" in line else -1
    if begin < 0:
        return line
    end = line.rindex("  ") + 2
    return f"{line[:begin]}{BLUE}{line[begin:end]}{PLAIN}{DIM}{line[end:]}{PLAIN}"


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80
