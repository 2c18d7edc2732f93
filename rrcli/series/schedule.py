"""When each exchange of a series begins, and when no other does.

Without a rate the next begins as soon as somebody is free. With one each has its own time, whether those before it are over or not:
a server that stalls does not slow down those who would have asked it meanwhile.
"""

from __future__ import annotations

from time import time_ns

from rrcli.base.deadline import Deadline, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.request import SeriesOptions


class Ticket:
    """One exchange that is to begin at `due_ns`, or at once; a warm-up is not counted, and has no number."""

    __slots__ = ("due_ns", "number")

    def __init__(self, number: int | None, due_ns: int | None = None) -> None:
        self.number = number
        self.due_ns = due_ns


class Schedule:
    """Hands out tickets to all threads of a series. `whole` is the limit of the invocation."""

    def __init__(self, request: SeriesOptions, whole: Deadline) -> None:
        from _thread import allocate_lock

        self.whole = whole
        self._lock = allocate_lock()
        self.began_ns = 0  # when the first counted exchange was to begin
        self.started_at_ns = 0  # the same, since the epoch
        self._warmups = request.warmup or 0
        self._repeat = request.repeat
        self._lasts_ns = int(request.repeat_for * 1e9) if request.repeat_for else None
        self._every_ns = 1e9 / request.rate if request.rate else None
        self._number = 0
        self._stopped_ns = 0  # when nobody was to begin another, though there were more

    def next(self) -> Ticket | None:
        """The next exchange to begin; `None` when there is no other, because it was the last or time is up."""
        with self._lock:
            return self._next(now())

    def _next(self, at_ns: int) -> Ticket | None:
        if self._stopped_ns or self.whole.passed():
            self.stop()
            return None
        if self._warmups:
            self._warmups -= 1
            return Ticket(None)
        if not self.began_ns:
            self.began_ns, self.started_at_ns = at_ns, time_ns()
        if self._number == self._repeat or self._is_over(at_ns):
            return None
        due_ns = None if self._every_ns is None else self.began_ns + int(self._number * self._every_ns)
        if due_ns is not None and self._is_over(due_ns):
            return None
        self._number += 1
        return Ticket(self._number - 1, due_ns)

    def take_back(self) -> bool:
        """Whether a ticket that waited came too late to be used: then it never was one."""
        if self._stopped_ns or self.whole.passed() or self._is_over(now()):
            self._number -= 1
            return True
        return False

    def stop(self) -> None:
        """Begin no other."""
        self._stopped_ns = self._stopped_ns or now()

    @property
    def is_due(self) -> bool:
        """Whether the next one of a schedule with a rate is due."""
        at_ns = now()
        if self._every_ns is None or not self.began_ns or self._stopped_ns or self._number == self._repeat or self._is_over(at_ns):
            return False
        return at_ns >= self.began_ns + int(self._number * self._every_ns)

    def _is_over(self, at_ns: int) -> bool:
        return self._lasts_ns is not None and at_ns >= self.began_ns + self._lasts_ns

    @property
    def unsent(self) -> int:
        """How many were due when time was up, and had not begun."""
        if self._every_ns is None or not self.began_ns:
            return 0
        ends = [self._lasts_ns] if self._lasts_ns is not None else []
        ends += [self._stopped_ns - self.began_ns] if self._stopped_ns else []
        lasted_ns = min(ends, default=0)
        due = -(-lasted_ns // self._every_ns)  # those at 0, 1, 2 … times the distance that lie before the end
        return max(0, int(due if self._repeat is None else min(due, self._repeat)) - self._number)

    @property
    def unfinished(self) -> bool:
        """Whether the invocation's limit passed before the series came to its end."""
        lasting = self._lasts_ns is None or not self._is_over(now())
        return self.whole.passed() and self._number != self._repeat and lasting
