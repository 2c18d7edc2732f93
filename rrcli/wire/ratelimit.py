"""A limit of speed: how many bytes may go by now, and how long to rest before more do (`--limit-rate`).

    pace = Pace(100_000)            # bytes per second
    n = pace.allows(len(data))      # at most so many at once
    pace.passed(n)                  # they went by
    pace.rest                       # the moment before which nothing more should
    pace.sleep(deadline)            # until then

Time that was not used is not saved up, but for a moment: a peer that was slow does not make a burst later.
"""

from __future__ import annotations

from select import poll

from rrcli.base.deadline import Deadline, now

SLICE_S = 0.05  # what goes by at once takes about so long at full speed
SAVED_NS = 200_000_000  # of unused time that may be made up for


class RateLimit:
    """Keeps one direction, or both together, to `rate` bytes per second."""

    __slots__ = ("_free_ns", "_rate")

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._free_ns = 0  # when the bytes that went by are paid for

    def allows(self, size: int) -> int:
        """How many of `size` bytes may go by at once; never none."""
        return max(1, min(size, int(self._rate * SLICE_S)))

    def passed(self, size: int) -> None:
        """So many bytes went by."""
        self._free_ns = max(self._free_ns, now() - SAVED_NS if self._free_ns else now()) + size * 10**9 // self._rate

    @property
    def rest(self) -> Deadline | None:
        """When to go on; `None` is now."""
        return Deadline(self._free_ns, "--limit-rate") if self._free_ns > now() else None

    def sleep(self, deadline: Deadline) -> None:
        """Rest as long as is due. Raises `timeout` when the exchange's own deadline passes meanwhile."""
        while rest := self.rest:
            if deadline.passed():
                deadline.expire()
            poll().poll(rest.sooner(deadline).remaining_ms())
