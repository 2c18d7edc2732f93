"""Many durations in bounded memory, and their percentiles.

The first `EXACT` values are kept as they are, and so are their percentiles. Past that they are counted in buckets whose width is
at most 1/128 of their values, so that an hour's series takes no more memory than a minute's and no percentile is off by more.
"""

from __future__ import annotations

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

EXACT = 100_000
BITS = 7  # of a value that a bucket tells apart, behind its first
PERCENTILES = {"p50": 50, "p75": 75, "p90": 90, "p95": 95, "p99": 99, "p999": 99.9}


class Distribution:
    """Durations in nanoseconds. Least, greatest and mean are exact however many there are."""

    def __init__(self, exact: int = EXACT) -> None:
        self.count = 0
        self.total = 0
        self.least = 0
        self.greatest = 0
        self._room = exact
        self._values = array("q")
        self._buckets: dict[int, int] = {}  # by the least value of each

    def add(self, ns: int) -> None:
        """Count one duration, from 0."""
        self.least = min(self.least, ns) if self.count else ns
        self.greatest = max(self.greatest, ns)
        self.count += 1
        self.total += ns
        if self._buckets:
            self._put(ns, 1)
        elif len(self._values) < self._room:
            self._values.append(ns)
        else:
            for value in self._values:
                self._put(value, 1)
            self._values = array("q")
            self._put(ns, 1)

    def _put(self, ns: int, count: int) -> None:
        start = _bucket(ns)
        self._buckets[start] = self._buckets.get(start, 0) + count

    @property
    def mean(self) -> float:
        """In nanoseconds; 0 where nothing was counted."""
        return self.total / self.count if self.count else 0.0

    def percentile(self, percent: float) -> int:
        """The least duration that so many percent of all do not exceed (nearest rank); 0 where nothing was counted."""
        if not self.count:
            return 0
        rank = max(1, -(-self.count * percent // 100))
        for ns, seen in self._cumulated():
            if seen >= rank:
                return min(max(ns, self.least), self.greatest)
        return self.greatest

    def below(self, ns: int) -> int:
        """How many are less than this; of a bucket it lies in none are."""
        found = 0
        for value, seen in self._cumulated():
            if value >= ns:
                break
            found = seen
        return found

    def _cumulated(self) -> Iterator[tuple[int, int]]:
        """Each value in rising order, a bucket's being its middle, with how many there are up to it."""
        if not self._buckets:
            yield from ((ns, at) for at, ns in enumerate(sorted(self._values), 1))
            return
        seen = 0
        for start in sorted(self._buckets):
            seen += self._buckets[start]
            yield start + _width(start) // 2, seen


def _width(start: int) -> int:
    return 1 << max(0, start.bit_length() - 1 - BITS)


def _bucket(ns: int) -> int:
    """The least value of the bucket that a duration belongs to."""
    return ns - ns % _width(ns)
