"""The pretty report of a series: how many failed and of what, how fast, where the time went, and how it spreads."""

from __future__ import annotations

import itertools

from rrcli.base.units import counted, duration, size
from rrcli.model.values import PHASES
from rrcli.report.terminal.checks import draw_checks
from rrcli.report.terminal.paint import SEPARATOR, Page, cells, pad, pieces, shorten, span
from rrcli.report.terminal.render import draw
from rrcli.report.terminal.timeline import draw_timeline, rate
from rrcli.report.terminal.verdict import SHORTEST, status_words, verdict
from rrcli.report.terminal.waterfall import bar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.registry import Protocol
    from rrcli.model.values import Exchange
    from rrcli.report.terminal.paint import Line
    from rrcli.series.distribution import Distribution
    from rrcli.series.tally import Series

PERCENTILES = (50, 90, 95, 99)  # in the table; the document has more of them
COLUMNS = ("min", "mean", *(f"p{percent}" for percent in PERCENTILES), "max")
ONCE = ("time",)  # the one column where everything happened once
NOTHING_NS = 5_000  # what is less is 0.00 ms
ROWS = 8  # of the picture, beside the last
WIDEST_BAR = 60  # columns: what is longer parts the number from its label


def render_series(series: Series, entry: Protocol, *, width: int, color: bool, verbose: bool) -> str:
    """A series as lines of text for a terminal of `width` columns; with `verbose` its worst exchange whole. Secrets must be masked."""
    page = Page(width)
    _verdict(series, page)
    page.add_flow(_how(series))
    page.blank()
    for line in _table(series.times, page.width - 2):
        page.add_cut(line)
    page.blank()
    for line in _spread(series.times["total"], page.width):
        page.add_cut(line)
    page.blank()
    for line in draw_timeline(series.timeline, series.elapsed_ns, page.width):
        page.add_cut(line)
    page.blank()
    _counts(series, page)
    _remarks(series, page)
    if verbose and series.worst:
        page.blank()
        draw(series.worst, entry, page, color=color, verbose=True, wire=False)
    return page.text(color=color)


def _verdict(series: Series, page: Page) -> None:
    """`✔ 1,000 succeeded  ·  GET http://127.0.0.1:8080/  ·  2,310/s`."""
    broken = [check for check in series.checks if not check.ok]
    failed = bool(broken or series.failed or not series.count)
    mark, role = ("✘", "bad") if (broken if series.checks else failed) else ("✔", "warn" if failed or series.notes else "good")
    words = f"{series.failed:,} of {series.count:,} failed" if series.failed else f"{series.count:,} succeeded"
    items: list[Line] = [[(f"{mark} ", role), *pieces(words, role)]]
    if broken:
        items[0] += pieces(f", {len(broken)} of {counted(len(series.checks), 'check')} failed", role)
    speed = "" if series.rate_per_s is None else rate(series.rate_per_s)
    if series.first:
        method = series.first.request.data.get("method")
        url, summary = series.first.target.url, series.first.request.summary
        asked = f"{method} {url}" if isinstance(method, str) and summary.startswith(f"{method} ") else summary or url
        taken = span(items[0]) + len(speed) + 2 * len(SEPARATOR)
        items.append(pieces(shorten(asked, max(SHORTEST, page.width - taken))))
    if speed:
        items.append([(speed, "")])
    page.add_flow(items, indent=0, separator=SEPARATOR)


def _how(series: Series) -> list[Line]:
    """`in 0.43 s · 8 at once · 1 connection`."""
    items = [f"in {duration(series.elapsed_ns)}", f"{series.at_once} at once"]
    items += [counted(series.connections, "connection")] if series.connections else []
    items += ["multiplexed"] if series.multiplexed else []
    items += [f"{size(series.bytes_sent)} out, {size(series.bytes_received)} in"] if series.bytes_sent else []
    return [[(item, "")] for item in items]


def _table(times: dict[str, Distribution], room: int) -> list[Line]:
    """Each phase in a row with its unit. One that happened once has its time alone, and one that took nothing is left out.

    Where they would not fit, the columns stand closer together.
    """
    found = [(name, times[name]) for name in ("total", "late", *PHASES) if name in times and times[name].count]
    rows = [(name, each) for name, each in found if name == "total" or each.greatest >= NOTHING_NS]
    if not rows:
        return []
    columns = COLUMNS if any(each.count > 1 for _, each in rows) else ONCE
    label = max(len(name) for name, _ in rows)
    decimals = 2 if max((each.greatest for _, each in rows if each.greatest < 10**9), default=0) < 10**8 else 1
    texts = [(name, _texts(each, columns, decimals)) for name, each in rows]
    column = max(max(len(text) for _, (row, _) in texts for text in row), 4)
    column += 2 if label + len(columns) * (column + 2) + len(" ms") <= room else 1
    head = " " * label + "".join(f"{name:>{column}}" for name in columns)
    lines: list[Line] = [[(head, "dim")]]
    for name, (row, unit) in texts:
        role = "strong" if name == "total" else ""
        lines.append([(f"{name:<{label}}", role), ("".join(f"{text:>{column}}" for text in row), role), (f" {unit}", "dim")])
    return lines


def _texts(times: Distribution, columns: tuple[str, ...], decimals: int) -> tuple[list[str], str]:
    """The figures of a row and their unit; nothing but the one time where there is only one, which has no percentiles."""
    divisor, unit, places = (1e9, "s", 3) if times.greatest >= 10**9 else (1e6, "ms", decimals)
    if times.count == 1:
        return [f"{times.mean / divisor:,.{places}f}" if name in ("mean", *ONCE) else "" for name in columns], unit
    values = [times.least, times.mean, *(times.percentile(percent) for percent in PERCENTILES), times.greatest]
    return [f"{value / divisor:,.{places}f}" for value in values], unit


def _spread(times: Distribution, width: int) -> list[Line]:
    """How the totals spread: equal steps up to the 99th percentile, then the rest."""
    if times.count < 2 or times.least == times.greatest:
        return []
    step = nice((times.percentile(99) - times.least) / ROWS)
    edges = [(times.least // step + at) * step for at in range(ROWS + 3)]
    edges = [edge for at, edge in enumerate(edges) if at == 0 or edges[at - 1] <= times.percentile(99)]
    counts = [times.below(end) - times.below(begin) for begin, end in itertools.pairwise(edges)]
    above = times.count - times.below(edges[-1])
    scale, unit = (9, "s") if times.greatest >= 10**9 else (6, "ms")
    decimals = max(scale - len(str(step)) + 1, 0)  # that tell one edge from the next
    labels = [f"{edge / 10**scale:,.{decimals}f}" for edge in edges]
    rows = [(f"{begin} – ", end, count) for begin, end, count in zip(labels, labels[1:], counts, strict=False)]
    if above:
        rows.append((f"{labels[-1]} – ", f"{times.greatest / 10**scale:,.{decimals}f}", above))
    left, right = max(cells(begin) for begin, _, _ in rows), max(len(end) for _, end, _ in rows)
    most = max(count for _, _, count in rows)
    digits = len(f"{most:,}")
    room = max(10, min(width - 2 - left - right - 3 - 2 - digits - 2, WIDEST_BAR))
    lines: list[Line] = []
    for begin, end, count in rows:
        drawn = bar(0, count / most, room) if count else " " * room
        line = [*pad([(begin, "")], left, right=True), (f"{end:>{right}}", ""), (f" {unit}", "dim"), (" ", ""), (drawn, "bar")]
        lines.append([*line, (f" {count:>{digits},}", "")])
    return lines


def nice(ns: float) -> int:
    """The next of 1, 2, 5 times a power of ten, from a microsecond on."""
    step = 1000
    while True:
        for factor in (1, 2, 5):
            if step * factor >= ns:
                return step * factor
        step *= 10


def _counts(series: Series, page: Page) -> None:
    """How many of each status and failure there were, and the worst of the failures in a line."""
    pairs: list[tuple[str, str | Line]] = []
    if len(series.statuses) > 1 or series.failed:
        pairs.append(("status", _listed(series.statuses)))
    if series.errors:
        pairs.append(("failures", _listed(series.errors)))
    if series.worst:
        pairs.append(("worst" if series.worst.error else "slowest", pieces(_in_a_line(series.worst))))
    page.labelled([pair for pair in pairs if pair[1]])


def _listed(counts: dict[str, int]) -> Line:
    """`990 × 200 · 10 × 503`, the most frequent first."""
    line: Line = []
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        line += [(" · ", "dim")] if line else []
        line += [(f"{count:,} × ", ""), *pieces(name or "no status")]
    return line


def _in_a_line(exchange: Exchange) -> str:
    """What became of one exchange, when it ended, and of a failure its message."""
    words = [verdict(exchange) if exchange.error or not exchange.response else status_words(exchange.response.status)]
    words.append(duration(exchange.timing.total_ns))
    if exchange.timing.phases:
        phase, ns = max(exchange.timing.phases.items(), key=lambda item: item[1])
        words.append(f"{duration(ns)} of it {phase}")
    if exchange.error and exchange.error.layer != "application":
        words.append(exchange.error.message)
    return " · ".join(words)


def _remarks(series: Series, page: Page) -> None:
    """The checks on the whole, and what is to be known about the figures."""
    draw_checks(series.checks, page)
    if series.notes:
        page.blank()
    for note in series.notes:
        page.add_hanging([("note  ", "warn")], note)
