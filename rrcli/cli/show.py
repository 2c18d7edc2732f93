"""What an invocation prints for its result: the chosen format, a query's find, the explanation beside the content.

stdout holds the result and nothing else; remarks and, in `raw`, the explanation of a failure go to stderr.
"""

from __future__ import annotations

import os

from rrcli.base.deadline import Deadline
from rrcli.base.errors import usage
from rrcli.base.output import exact_or_visible, to_stderr, to_stdout
from rrcli.model.values import Exchange
from rrcli.options.parse import FORMATS, one_of
from rrcli.policy.secrets import holds_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rrcli.cli.invocation import Invocation
    from rrcli.engine.hooks import Epilogue
    from rrcli.engine.registry import Protocol
    from rrcli.model.values import ExchangeSet
    from rrcli.options.request import Output
    from rrcli.policy.paths import Path

# Formats that draw one exchange or several: a module with `render(exchanges)`, which gives text in pieces, and perhaps with
# `check(protocol)`, which raises `usage` for what it cannot draw.
DRAWN = {"har": "rrcli.report.formats.har", "mermaid": "rrcli.report.formats.mermaid"}
TEXTS = ("pretty", "body", "raw", "quiet", "written")  # styles that something may stand behind
OTHERWISE = ("curl", "plan")  # of the request as a command of another tool, or as a step
OF_EXCHANGE = (*DRAWN, *OTHERWISE)  # of the exchange as another tool takes it: the file of -o has no place in them
AT_ONCE = 1 << 20  # bytes of a document that are gathered before they are written


class Printer:
    """Prints what became of one invocation; its settings are resolved once, before anything is sent.

    Raises `ExchangeError` of layer `usage` for settings that contradict each other.
    """

    def __init__(self, invocation: Invocation) -> None:
        self.entry = invocation.entry
        self.hooks = invocation.hooks
        self.request = invocation.request
        self.output = _to_stdout(invocation.output) if invocation.output.output == "-" else invocation.output
        self.file = self.output.output  # that has the content
        self.exact = invocation.output.output == "-"  # standard output is that file: nothing is added to the content
        self.style = style_of(self.output)
        self.query = _query(self.output)
        if self.style == "pretty" and not (self.output.format or self.query or self.hooks.is_offline(self.request)):
            self.style = "written" if self.hooks.replaces_result(self.request) else "pretty"
        self.drawer = _drawer(self.style, invocation.entry)
        if self.style in OTHERWISE and not self.query:
            from rrcli.cli.otherwise import check

            check(self.style, self.entry, self.request)
        if self.query or self.style not in TEXTS:
            self._refuse_company()
        self.include = invocation.output.include or self.hooks.includes_head(invocation.request)
        self.content_is_out = False  # it was printed as it came
        self.whole = Deadline.after(invocation.request.deadline, "--deadline")

    def _refuse_company(self) -> None:
        """Raise `usage` for what would stand behind a document."""
        if flag := next(iter(self.hooks.extra_output(self.request)), None):
            other = "--query" if self.query else f"the format {self.style}"
            raise usage(f"{flag} and {other} exclude each other", "both write to standard output; --query prints any value")

    def epilogue(self, *, beside: bool) -> Epilogue | None:
        """What is to be written when all is over; `beside`: the content goes elsewhere than standard output."""
        masks = self.style == "pretty" and not self.output.show_secrets
        return self.hooks.epilogue(self.request, beside=beside or self.style in ("quiet", "written"), masks=masks)

    def _masked(self, exchange: Exchange) -> Exchange:
        """The exchange as it is shown, with its secrets masked unless they are asked for; quietly only why it failed is shown."""
        others = bool(self.drawer and not self.query)
        if self.output.show_secrets or not (others or holds_secrets(exchange)):
            return exchange
        from rrcli.policy.redact import masked, masked_for_others, masked_reasons

        mask = masked_for_others if others else masked_reasons if self.style == "quiet" else masked
        return mask(exchange)

    def exchange(self, exchange: Exchange) -> bool:
        """Print one exchange. False when the query found nothing in it."""
        if self.file and exchange.response and exchange.response.body:
            body = exchange.response.body.replace(file=self.file)
            exchange = exchange.replace(response=exchange.response.replace(body=body))
        shown = self._masked(exchange)
        found = True
        if self.query:
            from rrcli.policy.notes import why_no_value
            from rrcli.policy.paths import read_for

            found = self.print_found(read_for(exchange, [self.query], self.whole), why_no_value(exchange))
        else:
            self._print_result(exchange, shown)
        if self.style == "quiet":
            from rrcli.cli.reasons import of_exchange

            self._say(of_exchange(shown))
        elif self.query or self.style not in ("json", "ndjson", "pretty"):
            self._explain(shown)
        if not (self.query or self.style == "quiet" or self.output.silent) and self.hooks.carries_content(exchange):
            _hint_unread_input(self.request.input_option)
        return found

    def _print_result(self, exchange: Exchange, shown: Exchange) -> None:
        """Print the exchange in the chosen format; `shown` is the same without its secrets."""
        if self.style in OTHERWISE:
            self._show_otherwise((exchange,))
        elif self.drawer:
            _print_pieces(self.drawer((shown,)))
        elif self.style in ("json", "ndjson"):
            from rrcli.model.document import document

            print_document(document(shown, exact=True), 2 if self.style == "json" else 0)
        elif self.style == "pretty":
            print_text(self._draw(shown, color=color(self.output, 1), height=height()))
        elif self.style == "body" and not self.content_is_out:
            self._print_body(exchange)
        if self.style in ("raw", "body"):
            self._print_summary(exchange)

    def exchanges(self, several: ExchangeSet) -> bool:
        """Print exchanges sent side by side. False when the query found nothing in them."""
        shown = several
        if not self.output.show_secrets:
            from rrcli.policy.redact import masked_set

            shown = masked_set(several, for_others=bool(self.drawer and not self.query))
        found = True
        if self.query:
            from rrcli.model.document import set_document
            from rrcli.policy.paths import set_names

            found = self.print_found(set_names(set_document(several)))
        else:
            self._print_results(several, shown)
        if not (self.query or self.style in ("quiet", "raw", "body", "written")):
            return found
        from rrcli.cli.reasons import of_exchange, of_set

        for exchange in shown.exchanges:
            if self.style == "quiet":
                self._say(of_exchange(exchange, exchange.target.url))
            else:
                self._explain(exchange, briefly=True)
        self._say(of_set(shown))
        return found

    def _print_results(self, several: ExchangeSet, shown: ExchangeSet) -> None:
        """Print exchanges sent side by side in the chosen format."""
        if self.style in ("raw", "body"):
            for exchange in several.exchanges:
                self._print_content(exchange) if self.style == "raw" else self._print_body(exchange)
                self._print_summary(exchange, f"{exchange.target.url} ")
        elif self.style in OTHERWISE:
            self._show_otherwise(several.exchanges)
            for exchange in shown.exchanges:
                self._explain(exchange)
        elif self.drawer:
            _print_pieces(self.drawer(shown.exchanges))
        elif self.style in ("json", "ndjson"):
            from rrcli.model.document import set_document

            print_document(set_document(shown, exact=True), 3 if self.style == "json" else 0)
        elif self.style == "pretty":
            from rrcli.report.terminal.render import render_set
            from rrcli.report.terminal.screen import width

            wire = self.request.wire is not None
            print_text(render_set(shown, self.entry, width=width(), color=color(self.output, 1), verbose=self.output.verbose, wire=wire))

    def _say(self, lines: list[str]) -> None:
        """Write why the exit code is not 0, whatever else is silent."""
        for line in lines:
            to_stderr(line)

    def print_found(self, value: dict[str, object], why_nothing: str | None = None) -> bool:
        """Print what the query finds in a document with its shorthands: text bare, all else as JSON.

        False when there is nothing, and then say why if that is known.
        """
        from rrcli.base.timelimit import TimeLimitExceeded, left_of, run_with_limit

        query, seconds = self.query, left_of(self.whole)
        assert query
        try:
            found = run_with_limit(seconds, lambda: query.find(value))
        except TimeLimitExceeded:
            to_stderr(f"rrcli: --query {query.text!r} was given up after {seconds:.2g} s: it takes too long on this document\n")
            return False
        if found is not None and self.style != "quiet":
            if isinstance(found, str):
                from rrcli.base.visible import visible

                print_text(visible(found, multiline=True) if os.isatty(1) else found)
            else:
                from rrcli.base.jsontext import pieces

                _print_pieces(pieces(found))
        elif found is None and self.style != "quiet" and not self.output.silent:
            because = f": {why_nothing}" if why_nothing and query.asks_json else ""
            to_stderr(f"rrcli: --query {query.text!r} finds nothing{because}\n")
        return found is not None

    def _show_otherwise(self, exchanges: tuple[Exchange, ...]) -> None:
        """Print the request as another tool takes it, or as the step of a plan."""
        from rrcli.cli.otherwise import texts

        for text in texts(self.style, self.entry, self.request, exchanges, self.output):
            print_text(text)

    def _draw(self, exchange: Exchange, *, color: bool, height: int | None = None) -> str:
        from rrcli.report.terminal.render import render
        from rrcli.report.terminal.screen import width

        verbose, wire = self.output.verbose or self.hooks.is_offline(self.request), self.request.wire is not None
        shown = exchange.replace(notes=()) if self.output.silent else exchange
        return render(shown, self.entry, width=width(), color=color, verbose=verbose, wire=wire, height=height)

    def _print_summary(self, exchange: Exchange, name: str = "") -> None:
        """The summary in place of content, where the protocol has none: a handshake, a connection."""
        answer = exchange.response
        if answer and answer.body is None and answer.framing is None and not exchange.error:
            from rrcli.base.visible import visible

            print_text(visible(f"{name}{answer.summary}"))

    def _print_content(self, exchange: Exchange) -> None:
        answer = exchange.response
        if answer is None:
            return
        write = exact_or_visible()
        if self.include:
            from rrcli.model.head import head

            write(head(answer))
        if answer.body and not (self.include and answer.complete_text is not None):
            write(answer.body.data)
            if self.request.lines and answer.body.size and not answer.body.is_binary:
                write(b"\n")
        for event in answer.data.get("events", ()):
            from rrcli.base.jsontext import dumps

            data = event["data"]
            write((data if isinstance(data, str) else dumps(data)).encode("utf-8", "surrogateescape") + b"\n")
        write(b"")

    def _print_body(self, exchange: Exchange) -> None:
        """The content laid out and coloured as the report has it; what has no such picture as it came."""
        answer = exchange.response
        if answer and answer.body and not answer.body.file:
            from rrcli.report.terminal.content import render_content
            from rrcli.report.terminal.screen import width

            text = render_content(exchange, self.entry, width=width(), color=color(self.output, 1), on_terminal=os.isatty(1))
            if text is not None:
                if self.include:
                    from rrcli.model.head import head

                    exact_or_visible()(head(answer))
                print_text(text)
                return
        self._print_content(exchange)

    def _explain(self, exchange: Exchange, *, briefly: bool = False) -> None:
        """The picture of a failure, or of everything with -v or --wire, beside the content; else only the notes.

        Checks that failed are told in a line each, and `briefly` failures too.
        """
        whole = self.output.verbose or self.request.wire is not None
        if exchange.error and (briefly or exchange.error.layer == "check") and not whole:
            from rrcli.cli.reasons import of_exchange

            self._say(of_exchange(exchange, exchange.target.url if briefly else ""))
        elif exchange.error or whole:
            answer = exchange.response.replace(body=None) if exchange.response else None
            to_stderr(self._draw(exchange.replace(response=answer), color=color(self.output, 2)))
        elif exchange.notes and not self.output.silent:
            from rrcli.base.visible import visible

            for note in exchange.notes:
                to_stderr(f"rrcli: note: {visible(note.message)}\n")


def _to_stdout(output: Output) -> Output:
    """What `-o -` means: the content on standard output. Raises `usage` where something else was to stand there."""
    other = "--json" if output.json else "--query" if output.query else f"--format {output.format}" if output.format else ""
    if other and output.format != "raw":
        raise usage(f"-o - and {other} exclude each other", "both write to standard output")
    return output.replace(output=None, format="raw")


def style_of(output: Output) -> str:
    """The format, the default where none is given, or quiet. Raises `usage` for settings that contradict each other."""
    if output.json and output.format not in (None, "json"):
        raise usage(f"--json and --format {output.format} exclude each other")
    if output.quiet:
        return "quiet"
    if output.json:
        return "json"
    chosen = output.format
    if chosen is None and not os.environ.get("RRCLI_NO_CONFIG") and (default := os.environ.get("RRCLI_FORMAT")):
        try:
            chosen = one_of(*FORMATS)(default)
        except ValueError as error:
            raise usage(f"RRCLI_FORMAT: {error}") from None
        if output.output and chosen in OF_EXCHANGE:  # a default that -o excludes
            chosen = None
    return chosen or ("pretty" if os.isatty(1) else "raw")


def height() -> int | None:
    """Rows of the terminal that standard output is; nothing where it is none."""
    try:
        return os.get_terminal_size(1).lines or None
    except OSError:
        return None


def color(output: Output, number: int) -> bool:
    """Whether to colour what goes to a file descriptor."""
    from rrcli.report.terminal.screen import is_coloured

    return is_coloured(output.color, number)


def _drawer(style: str, entry: Protocol) -> Callable[[Iterable[Exchange]], Iterator[str]] | None:
    """What draws exchanges in this format, where it is one of those."""
    if style not in DRAWN:
        return None
    module = __import__(DRAWN[style], fromlist=["render"])
    if check := getattr(module, "check", None):
        check(entry)
    found: Callable[[Iterable[Exchange]], Iterator[str]] = module.render
    return found


def _query(output: Output) -> Path | None:
    if not output.query:
        return None
    from rrcli.policy.paths import Path

    return Path(output.query)


def print_text(text: str) -> None:
    """Print a text of any size, a piece of it at a time, and end its last line."""
    ending = "" if text.endswith("\n") else "\n"
    for at in range(0, len(text) or 1, AT_ONCE):
        piece = text[at : at + AT_ONCE] + (ending if at + AT_ONCE >= len(text) else "")
        to_stdout(_octets(piece))


def _octets(text: str) -> bytes:
    """The text as UTF-8; half a surrogate pair, which JSON can name and UTF-8 cannot, stays as JSON escapes it."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def print_document(value: dict[str, object], indent: int) -> None:
    """Print a document as JSON."""
    from rrcli.base.jsontext import pieces

    _print_pieces(pieces(value, indent))


def _print_pieces(parts: Iterable[str]) -> None:
    """Print a document of any size: what is short in one write, what is long as it is made."""
    waiting = bytearray()
    for part in parts:
        waiting += part.encode("utf-8", "surrogateescape")
        if len(waiting) > AT_ONCE:
            to_stdout(waiting)
            waiting.clear()
    to_stdout(waiting + b"\n")


def _hint_unread_input(option: str | None) -> None:
    """One hint when somebody piped something in that nobody asked to read; the `option` asks for it, where there is one."""
    if option is None:
        return
    from select import POLLIN, poll
    from stat import S_ISFIFO

    try:
        if not S_ISFIFO(os.fstat(0).st_mode):
            return
    except OSError:
        return
    poller = poll()
    poller.register(0, POLLIN)
    if any(seen & POLLIN for _, seen in poller.poll(0)):
        to_stderr(f"rrcli: standard input was not read; ask for it with {option}\n")
