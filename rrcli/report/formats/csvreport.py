"""A series as CSV (RFC 4180): a line for each exchange, so that anybody can work out its figures again."""

from __future__ import annotations

from rrcli.base.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.series.tally import Series

KEEPS_SAMPLES = True  # it is made of every exchange, which a series keeps only where it is told to
NAMES = ("n", "due_ms", "began_ms", "total_ms", "late_ms", "status", "error", "reused")


def csv_report(series: Series) -> str:
    """The lines in the order in which the exchanges ended, with times from the beginning of the series to the nanosecond.

    An exchange without a rate was due when it began. The total of one that was due earlier has its lateness in it.
    """
    lines = [",".join(NAMES)]
    if series.samples:
        for number, due, began, total, status, error, reused in series.samples.rows(series.origin_ns):
            texts = f"{_ms(due)},{_ms(began)},{_ms(total)},{_ms(max(0, began - due))}"
            lines.append(f"{number},{texts},{_quoted(status)},{_quoted(error)},{'true' if reused else 'false'}")
    return "\r\n".join(lines) + "\r\n"


def _ms(ns: int) -> str:
    return f"{ns / 1e6:.6f}"


def _quoted(text: str | None) -> str:
    """A status or the kind of a failure; nothing where there was none."""
    shown = visible(text or "")
    return shown if shown.replace("_", "").isalnum() or not shown else '"' + shown.replace('"', '""') + '"'
