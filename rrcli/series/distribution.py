"""Many durations in bounded memory, and their percentiles.

The first `EXACT` values are kept as they are, and so are their percentiles. Past that they are counted in buckets whose width is
at most 1/128 of their values, so that an hour's series takes no more memory than a minute's and no percentile is off by more.
"""

from __future__ import annotations

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXACT = 100_000
BITS = 7  # of a value that a bucket tells apart, behind its first
FRESH = 256  # values that are taken in together, which costs a third of each by itself
PERCENTILES = {"p50": 50.0, "p75": 75.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}


class Distribution:
    """Durations in nanoseconds. Count, sum, least and greatest are exact however many there are."""

    def __init__(self, exact: int = EXACT) -> None:
        self._room = exact
        self._fresh: list[int] = []  # not taken in yet
        self._count = 0
        self._total = 0
        self._least = 0
        self._greatest = 0
        self._values = array("q")
        self._is_sorted = False
        self._buckets: dict[int, int] = {}  # by the least value of each; empty while all values are kept

    def add(self, ns: int) -> None:
        """Count one duration, from 0."""
        fresh = self._fresh
        fresh.append(ns)
        if len(fresh) >= FRESH:
            self._take_in()

    def merge(self, other: Distribution) -> None:
        """Count all that the other has counted too."""
        other._take_in()
        self._take_in()
        self.measure(other._count, other._total, other._least, other._greatest)
        if other._buckets:
            self.merge_buckets(other._buckets.items())
        else:
            self._hold(other._values)

    def merge_buckets(self, buckets: Iterable[tuple[int, int]]) -> None:
        """Put so many durations into the buckets that begin there; what is exact of them is for `measure`."""
        self._spill()
        for start, count in buckets:
            self._buckets[start] = self._buckets.get(start, 0) + count

    def _take_in(self) -> None:
        fresh = self._fresh
        if fresh:
            self._fresh = []
            self.measure(len(fresh), sum(fresh), min(fresh), max(fresh))
            self._hold(fresh)

    def measure(self, count: int, total: int, least: int, greatest: int) -> None:
        """Note what is exact of further durations."""
        if count:
            self._least = min(self._least, least) if self._count else least
            self._greatest = max(self._greatest, greatest)
            self._count += count
            self._total += total

    def _hold(self, values: Iterable[int]) -> None:
        """Keep these values, or count them where that would be too many."""
        if not self._buckets:
            self._values.extend(values)
            self._is_sorted = False
            if len(self._values) > self._room:
                self._spill()
            return
        buckets = self._buckets
        for ns in values:
            shift = ns.bit_length() - 1 - BITS
            start = ns >> shift << shift if shift > 0 else ns
            buckets[start] = buckets.get(start, 0) + 1

    def _spill(self) -> None:
        """Count in buckets from now on."""
        values, self._values = self._values, array("q")
        for ns in values:
            start = bucket_of(ns)
            self._buckets[start] = self._buckets.get(start, 0) + 1

    # --- what they amount to

    @property
    def count(self) -> int:
        self._take_in()
        return self._count

    @property
    def total(self) -> int:
        """The sum."""
        self._take_in()
        return self._total

    @property
    def least(self) -> int:
        self._take_in()
        return self._least

    @property
    def greatest(self) -> int:
        self._take_in()
        return self._greatest

    @property
    def mean(self) -> float:
        """In nanoseconds; 0 where nothing was counted."""
        return self.total / self._count if self.count else 0.0

    def percentile(self, percent: float) -> int:
        """The least duration that so many percent of all do not exceed (nearest rank); 0 where nothing was counted."""
        if not self.count:
            return 0
        rank = min(self._count, max(1, -(-self._count * round(percent * 10**6) // 10**8)))  # whole numbers: 99.9 is none in binary
        if not self._buckets:
            return self._sorted()[rank - 1]
        return next(min(max(ns, self._least), self._greatest) for ns, seen in self.cumulated() if seen >= rank)

    def below(self, ns: int) -> int:
        """How many are less than this; of a bucket it lies in none are."""
        found = 0
        for value, seen in self.cumulated():
            if value >= ns:
                break
            found = seen
        return found

    def buckets(self) -> list[tuple[int, int]]:
        """The least value of each bucket that has any, in rising order, and how many it has."""
        self._take_in()
        counts = self._buckets
        if not counts:
            counts = {}
            for ns in self._values:
                start = bucket_of(ns)
                counts[start] = counts.get(start, 0) + 1
        return sorted(counts.items())

    def cumulated(self) -> Iterator[tuple[int, int]]:
        """Each value in rising order, a bucket's being its middle, with how many there are up to it."""
        self._take_in()
        if not self._buckets:
            values = self._sorted()
            for seen, ns in enumerate(values, 1):
                if seen == len(values) or values[seen] != ns:
                    yield ns, seen
            return
        seen = 0
        for start, count in sorted(self._buckets.items()):
            seen += count
            yield start + width_of(start) // 2, seen

    def _sorted(self) -> array[int]:
        if not self._is_sorted:
            self._values = array("q", sorted(self._values))
            self._is_sorted = True
        return self._values


def width_of(start: int) -> int:
    """How many whole nanoseconds the bucket has that begins there."""
    return 1 << max(0, start.bit_length() - 1 - BITS)


def bucket_of(ns: int) -> int:
    """The least value of the bucket that a duration belongs to."""
    return ns - ns % width_of(ns)
