"""A series in the HTML report: its figures as a table, how its totals spread, and what became of them over time."""

from __future__ import annotations

from rrcli.base.units import counted, duration
from rrcli.report.formats.html.exchange import Scale, checks_of, exchange_of
from rrcli.report.formats.html.markup import tag, text_of
from rrcli.series.tally import summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from rrcli.model.values import Exchange
    from rrcli.series.distribution import Distribution
    from rrcli.series.tally import Series

BINS = 48  # of the histogram, up to the 99th percentile and a little more
HEIGHT = 100
WIDTH = 1000


def series_of(series: Series, first: Exchange | None, worst: Exchange | None, scale: Scale, what: str = "exchange") -> Iterator[str]:
    """The parts of a series; `first` and `worst` are its exchanges, masked. `what` it counts is named so."""
    found = summary(series)
    yield checks_of(series.checks)
    speed = "" if found["rate_per_s"] is None else f" · {found['rate_per_s']:,.1f}/s"
    statuses = "".join(f" · {count:,} × {text_of(name)}" for name, count in (found["status"] | found["errors"]).items())
    over = f" · {counted(series.connections, 'connection')}" if series.connections else ""
    yield f'<p class="d">{counted(series.count, what)} in {duration(series.elapsed_ns)}{speed}{over}{statuses}'
    for said in series.notes:
        yield f'<p class="w">! {text_of(said)}'
    yield _table(found["timing"])
    yield from _histogram(series.times["total"])
    yield from _timeline(found["timeline"])
    for name, one in (("first", first), ("worst" if series.failed else "slowest", worst)):
        if one:
            yield f'<details class="h"><summary>{name} · {duration(one.timing.total_ns)}</summary><div class="in">'
            yield from exchange_of(one, scale)
            yield "</div></details>"


def _table(timing: dict[str, Any]) -> str:
    """Each phase that happened in a row of milliseconds."""
    rows = [(name.removesuffix("_ms"), figures) for name, figures in timing.items() if figures]
    if not rows:
        return ""
    names = list(rows[0][1])
    head = "".join(tag("th", name) for name in ("ms", *names))
    body = "".join("<tr>" + tag("td", name) + "".join(f"<td>{figures[each]:,.2f}" for each in names) for name, figures in rows)
    return f"<table><tr>{head}{body}</table>"


def _histogram(times: Distribution) -> Iterator[str]:
    """How the totals spread, in equal steps; the last bar is all that took longer."""
    if times.count < 2 or times.least == times.greatest:
        return
    step = max((times.percentile(99) - times.least) * 1.05 / (BINS - 1), 1)
    edges = [int(times.least + at * step) for at in range(BINS)]
    below = [times.below(edge) for edge in edges] + [times.count]
    counts = [below[at + 1] - below[at] for at in range(BINS)]
    last = f"{duration(edges[-1])} and more, up to {duration(times.greatest)}"
    yield "<h3>How the totals spread</h3>" + _bars(counts, duration(times.least), last)


def _timeline(points: list[dict[str, Any]]) -> Iterator[str]:
    """What was counted in each stretch of time, failures apart, and how long it took at most."""
    if len(points) < 2:
        return
    begin, end = (f"{points[at]['at_s']:g} s" for at in (0, -1))
    yield "<h3>Ended over time</h3>" + _bars([point["count"] for point in points], begin, end, [point["failed"] for point in points])
    yield "<h3>Longest total over time</h3>" + _bars([point["max_ms"] or 0 for point in points], begin, end, unit=" ms")


def _bars(values: Sequence[float], begin: str, end: str, failed: Sequence[float] | None = None, *, unit: str = "") -> str:
    """A chart of bars side by side, with what stands at its two ends."""
    most, wide = max(values) or 1, WIDTH / len(values)
    parts = []
    for at, value in enumerate(values):
        for number, css in ((value, ""), (failed[at] if failed else 0, ' class="x"')):
            if number:
                high = max(number / most * HEIGHT, 1)
                parts.append(f'<rect x="{at * wide:.1f}" y="{HEIGHT - high:.1f}" width="{wide * 0.86:.1f}" height="{high:.1f}"{css}/>')
    chart = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">{"".join(parts)}</svg>'
    return f'{chart}<p class="d"><i>{begin}</i><i>most: {most:,g}{unit}</i><i>{end}</i>'
