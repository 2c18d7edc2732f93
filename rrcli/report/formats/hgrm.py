"""The totals of a series as HdrHistogram writes percentiles, for its plotter and all that reads the same (`.hgrm`)."""

from __future__ import annotations

from math import floor, log2, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.series.distribution import Distribution
    from rrcli.series.tally import Series

TICKS = 5  # lines for each halving of what is left to 100 %, as HdrHistogram has by itself
HEAD = f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}\n"


def hgrm_report(series: Series) -> str:
    """Milliseconds, at each percentile that HdrHistogram iterates over, and how many there are up to them."""
    times = series.times["total"]
    lines = [HEAD]
    for value, level, count in _levels(times):
        rest = f" {1 / (1 - level / 100):>14.2f}" if level < 100 else ""
        lines.append(f"{value / 1e6:12.3f} {level / 100:2.12f} {count:10d}{rest}")
    lines.append(f"#[Mean    = {times.mean / 1e6:12.3f}, StdDeviation   = {_deviation(times) / 1e6:12.3f}]")
    lines.append(f"#[Max     = {times.greatest / 1e6:12.3f}, Total count    = {times.count:12d}]")
    lines.append(f"#[Buckets = {len(times.buckets()):12d}, SubBuckets     = {128:12d}]")
    return "\n".join(lines) + "\n"


def _levels(times: Distribution) -> Iterator[tuple[int, float, int]]:
    """A value, the percentile that it is at least at, and how many values there are up to it; the last is at 100."""
    if not times.count:
        return
    level, steps = 0.0, times.cumulated()
    value, seen = next(steps)
    while level < 100:
        while seen * 100 < level * times.count:
            value, seen = next(steps)
        if seen == times.count:
            break
        yield value, level, seen
        level += 100 / (TICKS * 2 ** (floor(log2(100 / (100 - level))) + 1))
    yield times.greatest, 100.0, times.count


def _deviation(times: Distribution) -> float:
    """The standard deviation; a bucket's values count as its middle."""
    if not times.count:
        return 0.0
    total, before = 0.0, 0
    for value, seen in times.cumulated():
        total += (seen - before) * (value - times.mean) ** 2
        before = seen
    return sqrt(total / times.count)
