"""What is done once a result was printed: its reports are written, and its trace is sent."""

from __future__ import annotations

from rrcli.base.errors import highest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.request import Output
    from rrcli.report.reports import Result


def deliver(output: Output, result: Result, code: int, trace: str | None) -> int:
    """Write the reports, then send the trace, where they are asked for; the exit code, with that of the reports.

    `trace` is what `--traceparent` said to what was sent.
    """
    if output.report:
        from rrcli.report.reports import write_reports

        code = highest([code, write_reports(output.report, result, tells=not output.silent)])
    if output.otlp and trace:
        from rrcli.cli.telemetry import send_trace

        send_trace(output, trace, result)
    return code
