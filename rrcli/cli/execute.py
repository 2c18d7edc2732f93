"""From an invocation to its exit code: send, have the result printed (`show.py`), judge."""

from __future__ import annotations

import os

from rrcli.base.errors import EXIT_CODES, ExchangeError, exit_code, usage
from rrcli.base.output import exact_or_visible, to_file, to_stderr, to_stdout
from rrcli.cli.show import OF_EXCHANGE, Printer, color, print_text
from rrcli.engine.events import Observer
from rrcli.engine.interrupt import on_term, watch_output
from rrcli.engine.send import send
from rrcli.options.request import without_attempt_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.cli.invocation import Invocation
    from rrcli.model.values import Exchange, ExchangeSet
    from rrcli.options.request import Request
    from rrcli.report.live.lines import Lines
    from rrcli.report.live.progress import Progress


def _hide_secrets(request: Request) -> None:
    """Hide the values of options that are a secret, or have one in them, from the list of processes."""
    named = [name for name, declared in request.options_.items() if declared.secret and declared.kind == "value"]
    secrets = [value for name in named if isinstance(value := getattr(request, name), str) and value]
    if secrets:
        from rrcli.base.processtitle import hide

        hide(secrets)


def execute(invocation: Invocation) -> int:
    """Send what was asked for, print it as asked, and return the exit code.

    Raises `ExchangeError` of layer `usage` or `local` for what is wrong before anything is sent, and `BrokenPipeError`.
    """
    _hide_secrets(invocation.request)
    while True:
        try:
            return _execute(invocation)
        except ExchangeError as error:
            if error.layer != "usage" or invocation.fallback is None:
                raise
            keeps_history = invocation.keeps_history
            invocation = invocation.fallback()  # nothing was sent
            invocation.keeps_history = keeps_history


def _execute(invocation: Invocation) -> int:
    """The same, of the invocation as it is."""
    if invocation.output.otlp and not invocation.hooks.is_offline(invocation.request):
        from rrcli.cli.telemetry import traced

        invocation.request = traced(invocation.request, invocation.output)
    if invocation.request.repeats():
        if given := invocation.hooks.epilogue_options(invocation.request):
            raise usage(f"{given[0]} is for one exchange, and --repeat sends many", "--query prints any value of the summary")
        from rrcli.cli.series import execute_series

        return execute_series(invocation)
    run = _Run(invocation)
    if run.hooks.is_offline(run.request):
        return run.show_offline()
    parts = run.hooks.several(run.request)
    if parts is not None or run.request.all_addresses:
        run.refuse_one_place()
        from rrcli.engine.fanout import every_address, send_all

        if run.request.all_addresses:
            parts = tuple(one for part in parts or (run.request,) for one in every_address(part))
        assert parts
        return run.show_set(send_all(parts, run.request.deadline))
    observer = run.observer()
    progress = run.progress(observer)
    try:
        exchange = send(run.request, progress or observer, state=run.download.state if run.download else None)
    finally:
        if progress:
            progress.finish()
    observer.finish()
    run.printer.content_is_out = observer.passes_content
    if run.lines:
        run.lines.finish()
        exchange = run.lines.without_lines(exchange)
    return run.show(exchange)


class _Run:
    """One invocation: what it sends, who sees the answer come, and what its exit code is."""

    def __init__(self, invocation: Invocation) -> None:
        self.printer = Printer(invocation)
        self.hooks = invocation.hooks
        self.output = self.printer.output
        self.keeps = invocation.keeps_history and not self.hooks.is_offline(invocation.request)
        self.request = without_attempt_timeout(invocation.request) if invocation.output.output else invocation.request
        self.download = self.hooks.download(invocation.request, self.output)
        if self.download:
            self.request = self.download.request
        self._refuse_document_in_file()
        if self.output.report:
            from rrcli.report.reports import EXCHANGE, SET, check_reports

            check_reports(self.output.report, SET if self.asks_several() else EXCHANGE, invocation.entry)
        self.epilogue = self.printer.epilogue(beside=bool(self.download or self.output.output))
        self.lines: Lines | None = None
        self.termination = on_term()

    def _refuse_document_in_file(self) -> None:
        """Raise `usage` for a file of the content beside a format that is all of the exchange, which is meant for that file."""
        if self.printer.style in OF_EXCHANGE and (self.download or self.output.output):
            from rrcli.base.shellquote import quoted

            flag, file = ("-o", quoted(self.output.output)) if self.output.output else ("-O", "FILE")
            style = self.printer.style
            raise usage(f"{flag} saves the answer's content, and --format {style} prints the exchange", f"write --format {style} > {file}")

    def observer(self) -> Observer:
        """Who takes the content while it comes: a file, standard output, or nobody."""
        read_later = bool(self.printer.query or self.request.expect or self.request.ok or self.output.report)
        keep = read_later or self.keeps
        path = self.output.output
        if self.printer.exact:
            watch_output()
        if self.download or path:
            from rrcli.engine.tofile import ToFile

        if self.download:
            return ToFile(self.download.open, keep=read_later, raw_event=self.hooks.raw_event)
        if path:
            return ToFile(lambda _: to_file(path), keep=read_later, raw_event=self.hooks.raw_event)
        if self.printer.query:
            return Observer()
        if self.printer.style == "raw" or (self.printer.style == "body" and self.hooks.streams(self.request)):
            from rrcli.report.formats.raw import Raw

            raw_event = self.hooks.raw_event
            lines = self.request.lines and not self.printer.exact
            return Raw(self._watched(exact_or_visible()), include=self.printer.include, lines=lines, keep=keep, raw_event=raw_event)
        if self.printer.style == "body":
            from rrcli.report.formats.raw import RawStream

            return RawStream(self._watched(exact_or_visible()), include=self.printer.include, lines=self.request.lines)
        if self.printer.style == "ndjson" or (self.printer.style == "pretty" and self.hooks.streams(self.request)):
            from rrcli.report.live.status import Live
            from rrcli.report.terminal.screen import width

            columns = width() if os.isatty(1) else None
            drawn, show = self.printer.style == "pretty", self.output.show_secrets
            return Live(self._watched(print_text), drawn=drawn, show_secrets=show, width=columns, words_of=self.hooks.event_words)
        if self.printer.style == "pretty" and os.isatty(1):
            from rrcli.report.live.lines import Lines

            self.lines = Lines(print_text, show_secrets=self.output.show_secrets, length_is_known=self.hooks.length_is_known)
            return self.lines
        return Observer()

    def _watched(self, write: Callable[[Any], None]) -> Callable[[Any], None]:
        """The function, with standard output watched, which may be left while nothing comes: of a stream at once, else once it wrote."""
        if self.hooks.streams(self.request):
            watch_output()
            return write
        is_watched = False

        def watched(data: Any) -> None:
            nonlocal is_watched
            write(data)
            if not is_watched:
                is_watched = True
                watch_output()

        return watched

    def show_offline(self) -> int:
        """Build the request and print it, in `raw` as the bytes that would go out; nothing is sent."""
        if self.output.output or self.download or self.request.all_addresses:
            flag = "--all-addresses" if self.request.all_addresses else "a file of the answer"
            raise usage(f"--offline sends nothing, so there is nothing for {flag}", "--format raw > FILE writes the request to a file")
        observer = Observer()
        if self.printer.style == "raw" and not self.printer.query:
            from rrcli.report.formats.raw import Raw

            observer = Raw(exact_or_visible(), include=False, lines=False, keep=False)
        exchange = send(self.request, observer)
        observer.finish()
        return self.show(exchange)

    def progress(self, observer: Observer) -> Progress | None:
        """What goes on, for somebody who waits at a terminal."""
        if self.output.silent or not os.isatty(2) or os.environ.get("TERM") == "dumb":
            return None
        from rrcli.report.live.progress import Progress

        yields_terminal = not (self.output.output or self.download)
        return Progress(observer, to_stderr, retries=self.request.retry, yields_terminal=yields_terminal, color=color(self.output, 2))

    def show(self, exchange: Exchange) -> int:
        """Print one exchange; its exit code."""
        if self.download:
            exchange = self.download.explained(exchange)
            self.printer.file = self.download.path
        code = self.exit_code(exchange)
        self._keep(exchange)
        found = self.printer.exchange(exchange)
        if exchange.response and exchange.response.trailer_text:
            to_stdout(exchange.response.trailer_text.encode("utf-8", "surrogateescape"))
        if self.epilogue:
            self.epilogue.write([(exchange, code)], self.printer.file)
        return self._reported(exchange, code or (0 if found else EXIT_CODES["application"]))

    def refuse_one_place(self) -> None:
        """Raise `usage` for what has room for one answer only, where several are asked for."""
        if self.output.output or self.download:
            raise usage("a file takes the content of one answer, and this asks several", "--json has all of them; or ask one at a time")
        if flag := self.hooks.trailer_option(self.request):
            raise usage(f"{flag} is for one answer, and this asks several", "ask one at a time")

    def show_set(self, several: ExchangeSet) -> int:
        """Print exchanges sent side by side; the exit code of all of them (contract, section 2)."""
        from rrcli.engine.fanout import set_exit_code

        codes = [self.exit_code(exchange) for exchange in several.exchanges]
        code = set_exit_code(several, terminated=self.termination.arrived)
        self._keep(several)
        found = self.printer.exchanges(several)
        if self.epilogue:
            self.epilogue.write(zip(several.exchanges, codes, strict=True))
        return self._reported(several, code or (0 if found else EXIT_CODES["application"]))

    def _keep(self, result: Exchange | ExchangeSet) -> None:
        """Put what came of it into the history, where the user wants one."""
        if self.keeps:
            from rrcli.cli.historyfile import keep

            keep(result, silent=self.output.silent)

    def _reported(self, result: Exchange | ExchangeSet, code: int) -> int:
        """Deliver what was printed in the other ways that are asked for; the exit code of all of it."""
        if not (self.output.report or self.output.otlp):
            return code
        from rrcli.cli.afterwards import deliver

        return deliver(self.output, result, code, None if self.hooks.is_offline(self.request) else self.request.traceparent)

    def asks_several(self) -> bool:
        """Whether exchanges are sent side by side."""
        return self.request.all_addresses or self.hooks.several(self.request) is not None

    def exit_code(self, exchange: Exchange) -> int:
        """The contract's code for one exchange (section 2)."""
        return exit_code(exchange.error, terminated=self.termination.arrived)
