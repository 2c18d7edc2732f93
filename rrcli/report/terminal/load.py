"""A load as it is drawn: a row a step with its percentiles, the iterations below, what failed and of what, then what it came to."""

from __future__ import annotations

from rrcli.base.units import counted, duration
from rrcli.policy.mask import Mask
from rrcli.report.terminal.checks import draw_checks
from rrcli.report.terminal.paint import SEPARATOR, Page, cells, pad, pieces, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.plan.result import RunResult, StepResult
    from rrcli.report.terminal.paint import Line
    from rrcli.series.tally import Series

WIDEST_NAME = 28
COLUMNS = ("count", "failed", "p50", "p90", "p99", "max")
PERCENTS = (50, 90, 99)
FIGURE = 9  # columns of a figure
NARROW = ("count", "failed", "p50", "p99")  # where not all fit
ITERATION = "iteration"


def render_load(run: RunResult, *, width: int, color: bool, masks: bool = True) -> str:
    """The report of a load as lines of text for a terminal of `width` columns."""
    page = Page(width)
    mask = run.mask() if masks else None
    page.add(pieces(_masked(run.name or "", mask), "strong"), 0)
    rows = [*_rows(run, mask)]
    name = min(max((cells(label) for label, _, _ in rows), default=0), WIDEST_NAME)
    columns = COLUMNS if name + 2 + FIGURE * len(COLUMNS) <= page.width else NARROW
    page.add([(" " * (name + 2) + "".join(f"{column:>{FIGURE}}" for column in columns), "dim")], 0)
    for label, step, series in rows:
        page.add_cut(_row(shorten(label, WIDEST_NAME), step, series, columns, name), 0)
    page.blank()
    for label, step, series in rows:
        _failures(page, label, step, series, mask)
    page.blank()
    draw_checks(run.checks, page)
    if run.notes:
        page.blank()
    for note in run.notes:
        page.add_hanging([("note  ", "warn")], _masked(note, mask))
    page.blank()
    page.add_flow(_verdict(run), indent=0, separator=SEPARATOR)
    return page.text(color=color)


def _masked(text: str, mask: Mask | None) -> str:
    return mask.message(text) if mask else text


def _rows(run: RunResult, mask: Mask | None, before: str = "") -> list[tuple[str, StepResult | None, Series | None]]:
    """The rows of the table: a step each, those of plans that steps run behind the step's name, then the iterations."""
    found: list[tuple[str, StepResult | None, Series | None]] = []
    for step in run.steps:
        label = before + (mask.text(step.name) if mask else step.name)
        found += _rows(step.run, mask, f"{label}/") if step.run else [(label, step, step.series)]
    if run.series:
        found.append((ITERATION, None, run.series))
    return found


def _row(label: str, step: StepResult | None, series: Series | None, columns: tuple[str, ...], width: int) -> Line:
    """`✔ reserve      1,200        0   1.2 ms   3.0 ms   9.9 ms   40.1 ms`."""
    if step is not None and (series is None or not series.count):
        return [("- ", "dim"), *pad(pieces(label, "strong"), width), *pieces(f"   {step.reason or 'not run'}", "dim")]
    assert series
    total = series.times["total"]
    times = dict(zip(("p50", "p90", "p99"), (total.percentile(percent) for percent in PERCENTS), strict=True)) | {"max": total.greatest}
    figures = {"count": f"{series.count:,}", "failed": f"{series.failed:,}", **{name: duration(ns) for name, ns in times.items()}}
    if not total.count:
        figures.update(dict.fromkeys(times, "–"))
    good = step.ok if step else not series.failed
    mark, role = ("✔", "good") if good and not series.failed else ("✔", "warn") if good else ("✘", "bad")
    line: Line = [(f"{mark} ", role), *pad(pieces(label, "strong" if step else "dim"), width)]
    for name in columns:
        line.append((f"{figures[name]:>{FIGURE}}", "bad" if name == "failed" and series.failed else ""))
    return line


def _failures(page: Page, label: str, step: StepResult | None, series: Series | None, mask: Mask | None) -> None:
    """Of a step that failed at times, what its failures were, and the worst of them in words."""
    if step is None or series is None or not series.failed:
        return
    kinds = " · ".join(f"{count:,} × {kind}" for kind, count in sorted(series.errors.items(), key=lambda item: -item[1]))
    page.add([("✘ ", "bad"), *pieces(label, "strong"), ("  ", ""), *pieces(kinds)], 0)
    said = series.worst.error.message if series.worst and series.worst.error else step.reason
    if said:
        page.add_hanging([], _masked(said, mask))


def _verdict(run: RunResult) -> list[Line]:
    """`✔ 1,200 iterations  ·  40/s  ·  8 users  ·  30.0 s`."""
    series = run.series
    assert series
    mark, role = ("✔", "good") if run.ok else ("✘", "bad")
    done = series.count - series.failed
    words = (
        counted(series.count, "iteration") if done == series.count else f"{series.failed:,} of {counted(series.count, 'iteration')} failed"
    )
    items = [words, *([] if series.rate_per_s is None else [f"{series.rate_per_s:,.1f}/s"]), counted(series.at_once, "user")]
    items += [f"{series.unsent:,} never begun"] if series.unsent else []
    items += [duration(run.elapsed_ns)]
    items += [f"exit {run.exit_code}"] if run.exit_code else []
    return [[(f"{mark} ", role), *pieces(items[0])], *([(item, "")] for item in items[1:])]
