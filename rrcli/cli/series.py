"""A series on the command line: what contradicts it, who sees it run, what is printed, the exit code."""

from __future__ import annotations

import os

from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, usage
from rrcli.base.output import to_stderr
from rrcli.base.units import counted
from rrcli.base.visible import visible
from rrcli.cli.show import Printer, color, print_document, print_text
from rrcli.engine.events import Observer
from rrcli.engine.interrupt import on_term
from rrcli.policy.redact import mask_of, masked
from rrcli.report.live.progress import Progress
from rrcli.report.terminal.screen import width
from rrcli.series.contradictions import refuse_contradictions
from rrcli.series.run import send_series
from rrcli.series.tally import Series, Tally, series_document, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rrcli.cli.invocation import Invocation
    from rrcli.series.samples import Samples

STYLES = ("pretty", "raw", "json", "ndjson", "quiet")


def execute_series(invocation: Invocation) -> int:
    """Send the series, print what it amounts to, and return the exit code.

    Raises `ExchangeError` of layer `usage` or `local` for what is wrong before anything is sent.
    """
    refuse_contradictions(invocation.request, invocation.output, invocation.hooks)
    printer = Printer(invocation)
    if printer.style not in STYLES:
        raise usage(f"--format {printer.style} is for one exchange, not for a series", "leave --repeat and --duration out, or take json")
    if printer.output.report:
        from rrcli.report.reports import SERIES, check_reports

        check_reports(printer.output.report, SERIES, invocation.entry)
    termination = on_term()
    tally = Tally(_samples(printer))
    progress = _progress(invocation, tally)
    try:
        series = send_series(invocation.request, tally)
    finally:
        if progress:
            progress.finish()
    if invocation.keeps_history:
        from rrcli.cli.historyfile import keep

        keep(series, silent=invocation.output.silent)
    found = _print(series, printer)
    code = series.exit_code or (0 if found else EXIT_CODES["application"])
    if any(note.startswith("interrupted") for note in series.notes):
        code = EXIT_TERMINATED if termination.arrived else EXIT_INTERRUPTED
    if printer.output.report or printer.output.otlp:
        from rrcli.cli.afterwards import deliver

        code = deliver(printer.output, series, code, invocation.request.traceparent)
    return code


def _samples(printer: Printer) -> Samples | None:
    """Where every exchange is kept, if a report has a line for each."""
    if not printer.output.report:
        return None
    from rrcli.report.reports import keep_samples
    from rrcli.series.samples import Samples

    return Samples() if keep_samples(printer.output.report) else None


# --- printing


def _print(series: Series, printer: Printer) -> bool:
    """Print the series. False when the query found nothing in it."""
    if printer.query:
        from rrcli.policy.paths import series_names

        found = printer.print_found(series_names(series_document(series)))
        _explain(series, printer)
        return found
    shown = series
    if not printer.output.show_secrets:
        kept = {"first": series.first, "worst": series.worst}
        shown = series.replace(**{name: masked(one) if one else None for name, one in kept.items()})
    if printer.style in ("json", "ndjson"):
        print_document(series_document(shown, exact=True), 2 if printer.style == "json" else 0)
    elif printer.style == "raw":
        print_text("\n".join(summary_lines(summary(shown))))
    elif printer.style == "pretty":
        from rrcli.report.terminal.series import render_series

        verbose = printer.output.verbose
        print_text(render_series(shown, printer.entry, width=width(), color=color(printer.output, 1), verbose=verbose))
        return True
    _explain(series, printer)
    return True


def summary_lines(value: dict[str, Any]) -> list[str]:
    """Five lines of figures under their names in the document: what `raw` prints; `--json` has those of each phase too."""

    def figures(names: Iterable[str]) -> str:
        return _pairs({name: value[name] for name in names})

    return [
        figures(("count", "succeeded", "failed", "failed_ratio")),
        f"status {_pairs(value['status'])}",
        f"errors {_pairs(value['errors'])}",
        figures(("rate_per_s", "connections")),
        f"total_ms {_pairs(value['timing']['total_ms'] or {})}",
    ]


def _pairs(value: dict[str, Any]) -> str:
    return " ".join(f"{name}={number}" for name, number in value.items() if number is not None) or "none"


def _explain(series: Series, printer: Printer) -> None:
    """What the document has no place for, on standard error: the checks that failed, the worst failure, and remarks."""
    from rrcli.policy.literals import sentence

    def shown(text: str) -> str:
        masks = [] if printer.output.show_secrets else [mask_of(one) for one in (series.first, series.worst) if one]
        for mask in masks:
            text = mask.message(text)
        return visible(text)

    for check in series.checks:
        if not check.ok:
            to_stderr(f"rrcli: {shown(sentence(check))}\n")
    if not (printer.output.silent or printer.style == "quiet"):
        for note in series.notes:
            to_stderr(f"rrcli: note: {note}\n")
    if series.worst and series.worst.error and (printer.style == "quiet" or (printer.style == "raw" and not printer.output.silent)):
        to_stderr(f"rrcli: {series.failed} failed; the worst: {shown(series.worst.error.message)}\n")


# --- progress


class _SeriesProgress(Progress):
    """How far the series is, for somebody who waits at a terminal."""

    def __init__(self, tally: Tally, repeat: int | None) -> None:
        super().__init__(Observer(), to_stderr, retries=0, yields_terminal=False)
        self._tally = tally
        self._repeat = repeat

    def line(self, columns: int = 80) -> str:  # noqa: ARG002  # it is always short
        from rrcli.base.deadline import now

        tally = self._tally
        seconds = (now() - (self._since_ns or now())) / 1e9
        parts = [f"{tally.count:,} of {self._repeat:,}" if self._repeat else counted(tally.count, "exchange")]
        parts += [f"{tally.count / seconds:,.0f}/s"] if seconds > 0 else []
        parts += [f"{tally.failed:,} failed"] if tally.failed else []
        return " · ".join(parts)


def _progress(invocation: Invocation, tally: Tally) -> Progress | None:
    if invocation.output.silent or not os.isatty(2) or os.environ.get("TERM") == "dumb":
        return None
    progress = _SeriesProgress(tally, invocation.request.repeat)
    progress.request_started()
    return progress
