"""A series over time: what ended in each stretch of it, how long that took, and how many exchanges were under way.

There are at most `MOST` stretches, all as long; whenever the series outlasts them two become one, so that an hour's takes no more
memory than a minute's, and a stall can be seen in either.
"""

from __future__ import annotations

from rrcli.series.distribution import Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 600
FINEST_NS = 10_000_000
EXACT = 64  # totals of a stretch that are kept as they are


class Stretch:
    """One of them. `busy_ns` is the time that exchanges were under way in it, those aside that were so in all of it."""

    __slots__ = ("busy_ns", "count", "entered", "failed", "totals")

    def __init__(self) -> None:
        self.totals = Distribution(EXACT)
        self.count = 0
        self.failed = 0
        self.busy_ns = 0
        self.entered = 0  # how many more than in the stretch before are under way in all of it

    def merge(self, other: Stretch) -> None:
        self.totals.merge(other.totals)
        self.count += other.count
        self.failed += other.failed
        self.busy_ns += other.busy_ns
        self.entered += other.entered


class Timeline:
    """The stretches of a series, from its beginning on."""

    def __init__(self, finest_ns: int = FINEST_NS) -> None:
        self.width_ns = finest_ns
        self.ended_ns = 0  # of the last exchange, from the beginning as all times here
        self.stretches: list[Stretch] = []

    def add(self, began_ns: int, ended_ns: int, total_ns: int | None, failed: int) -> None:
        """Count an exchange that was under way from then to then. Its total may be longer, as it counts from when it was due.

        There is none of what says nothing of how long an answer takes. `failed` is 1 or 0.
        """
        self.ended_ns = max(self.ended_ns, ended_ns)
        last = ended_ns // self.width_ns
        while last >= MOST:
            self._halve()
            last = ended_ns // self.width_ns
        stretches = self.stretches
        while len(stretches) <= last:
            stretches.append(Stretch())
        stretch = stretches[last]
        if total_ns is not None:
            stretch.totals.add(total_ns)
        stretch.count += 1
        stretch.failed += failed
        first = began_ns // self.width_ns
        if first == last:
            stretch.busy_ns += ended_ns - began_ns
        else:
            stretches[first].busy_ns += (first + 1) * self.width_ns - began_ns
            stretches[first + 1].entered += 1
            stretch.busy_ns += ended_ns - last * self.width_ns
            stretch.entered -= 1

    def merge(self, other: Timeline) -> None:
        """Count all that the other has, which began at the same time."""
        while self.width_ns < other.width_ns:
            self._halve()
        while other.width_ns < self.width_ns:
            other._halve()
        self.ended_ns = max(self.ended_ns, other.ended_ns)
        while len(self.stretches) < len(other.stretches):
            self.stretches.append(Stretch())
        for own, added in zip(self.stretches, other.stretches, strict=False):
            own.merge(added)

    def _halve(self) -> None:
        """Make one of two."""
        self._settle()
        for at in range(0, len(self.stretches), 2):
            for other in self.stretches[at + 1 : at + 2]:
                self.stretches[at].merge(other)
        self.stretches = self.stretches[::2]
        self.width_ns *= 2

    def _settle(self) -> None:
        """Turn who was under way in all of a stretch into time there."""
        throughout = 0
        for stretch in self.stretches:
            throughout += stretch.entered
            stretch.busy_ns += throughout * self.width_ns
            stretch.entered = 0

    def points(self) -> list[dict[str, Any]]:
        """The contract's `timeline` (section 5); of a stretch in which nothing ended the times are null."""
        points, throughout = [], 0
        for at, stretch in enumerate(self.stretches):
            throughout += stretch.entered
            lasted_ns = max(1, min(self.width_ns, self.ended_ns - at * self.width_ns))
            totals = stretch.totals
            times = (totals.percentile(50), totals.percentile(99), totals.greatest) if totals.count else (None, None, None)
            p50, p99, greatest = [None if ns is None else round(ns / 1e6, 3) for ns in times]
            points.append(
                {
                    "at_s": round(at * self.width_ns / 1e9, 3),
                    "count": stretch.count,
                    "failed": stretch.failed,
                    "p50_ms": p50,
                    "p99_ms": p99,
                    "max_ms": greatest,
                    "concurrency": round((stretch.busy_ns + throughout * lasted_ns) / lasted_ns, 2),
                }
            )
        return points
