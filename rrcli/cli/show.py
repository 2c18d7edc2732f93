"""What an invocation prints for its result: the chosen format, a query's find, the explanation beside the content.

stdout holds the result and nothing else; remarks and, in `raw`, the explanation of a failure go to stderr.
"""

from __future__ import annotations

import os

from rrcli.base.errors import usage
from rrcli.base.output import exact_or_visible, to_stderr, to_stdout
from rrcli.model.values import Exchange, ExchangeSet
from rrcli.options.parse import FORMATS, one_of
from rrcli.policy.secrets import holds_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rrcli.cli.invocation import Invocation
    from rrcli.engine.hooks import Epilogue
    from rrcli.engine.registry import Protocol
    from rrcli.options.request import Output, Request
    from rrcli.policy.expect import Path

# Formats that draw one exchange or several: a module with `render(exchanges)`, which gives text in pieces, and perhaps with
# `check(protocol)`, which raises `usage` for what it cannot draw.
DRAWN = {"har": "rrcli.report.formats.har", "mermaid": "rrcli.report.formats.mermaid"}
TEXTS = ("pretty", "raw", "quiet")  # formats that something may stand behind
OF_EXCHANGE = ("har", "curl", "mermaid")  # of the exchange as another tool takes it: the file of -o has no place in them
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
        self.drawer = _drawer(self.style, invocation.entry)
        if self.query or self.style not in TEXTS:
            self._refuse_company()
        self.include = invocation.output.include or self.hooks.includes_head(invocation.request)

    def _refuse_company(self) -> None:
        """Raise `usage` for what would stand behind a document."""
        if flag := next(iter(self.hooks.extra_output(self.request)), None):
            other = "--query" if self.query else f"the format {self.style}"
            raise usage(f"{flag} and {other} exclude each other", "both write to standard output; --query prints any value")

    def epilogue(self, *, beside: bool) -> Epilogue | None:
        """What is to be written when all is over; `beside`: the content goes elsewhere than standard output."""
        masks = self.style == "pretty" and not self.output.show_secrets
        return self.hooks.epilogue(self.request, beside=beside or self.style == "quiet", masks=masks)

    def _masked(self, exchange: Exchange) -> Exchange:
        """The exchange as it is shown, with its secrets masked unless they are asked for."""
        if self.output.show_secrets or not holds_secrets(exchange):
            return exchange
        from rrcli.policy.redact import masked

        return masked(exchange)

    def exchange(self, exchange: Exchange) -> bool:
        """Print one exchange. False when the query found nothing in it."""
        if self.file and exchange.response and exchange.response.body:
            body = exchange.response.body.replace(file=self.file)
            exchange = exchange.replace(response=exchange.response.replace(body=body))
        if self.style == "quiet" and not self.query:
            return True
        shown = self._masked(exchange)
        if self.query:
            from rrcli.model.document import document
            from rrcli.policy.notes import why_no_value

            found = self._print_query(document(exchange, whole=self.query.asks_content), why_no_value(exchange))
            if self.style != "quiet":
                self._explain(shown)
            return found
        if self.style == "curl":
            self._show_command(exchange)
            self._explain(shown)
        elif self.drawer:
            _print_pieces(self.drawer((shown,)))
            self._explain(shown)
        elif self.style in ("json", "ndjson"):
            from rrcli.model.document import document

            print_document(document(shown, exact=True), 2 if self.style == "json" else 0)
        elif self.style == "pretty":
            print_text(self._draw(shown, color=color(self.output, 1)))
        elif self.style == "raw":
            self._show_raw(exchange, shown)
        if self.style != "quiet" and not self.output.silent:
            _hint_unread_input(self.request)
        return True

    def exchanges(self, several: ExchangeSet) -> bool:
        """Print exchanges sent side by side. False when the query found nothing in them."""
        if self.query:
            from rrcli.model.document import set_document

            found = self._print_query(set_document(several))
            if self.style != "quiet":
                for exchange in several.exchanges:
                    self._explain(self._masked(exchange), briefly=True)
            return found
        if self.style == "raw":
            for exchange in several.exchanges:
                self._print_content(exchange)
                self._print_summary(exchange, f"{exchange.target.url} ")
        shown = ExchangeSet(exchanges=tuple(map(self._masked, several.exchanges)))
        if self.style == "curl":
            for exchange, masked_one in zip(several.exchanges, shown.exchanges, strict=True):
                self._show_command(exchange)
                self._explain(masked_one)
        elif self.drawer:
            _print_pieces(self.drawer(shown.exchanges))
        elif self.style in ("json", "ndjson"):
            from rrcli.model.document import set_document

            print_document(set_document(shown, exact=True), 3 if self.style == "json" else 0)
        elif self.style == "pretty":
            from rrcli.report.terminal.render import render_set

            wire = self.request.wire is not None
            print_text(render_set(shown, self.entry, width=width(), color=color(self.output, 1), verbose=self.output.verbose, wire=wire))
        elif self.style == "raw":
            for exchange in shown.exchanges:
                self._explain(exchange, briefly=True)
        return True

    def _print_query(self, value: dict[str, object], why_nothing: str | None = None) -> bool:
        """Print what the query finds in a document and its shorthands. False when there is nothing."""
        from rrcli.policy.expect import names

        return self.print_found(names(value), why_nothing)

    def print_found(self, value: dict[str, object], why_nothing: str | None = None) -> bool:
        """Print what the query finds: text bare, all else as JSON. False when there is nothing, and then say why if that is known."""
        from rrcli.base.timelimit import LIMIT, TimeLimitExceeded, run_with_limit

        query = self.query
        assert query
        try:
            found = run_with_limit(LIMIT, lambda: query.find(value))
        except TimeLimitExceeded:
            to_stderr(f"rrcli: --query {query.text!r} was given up after {LIMIT:g} s: it takes too long on this document\n")
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

    def _show_command(self, exchange: Exchange) -> None:
        """Print the command of the protocol's own tool for the same exchange; its adapter writes it, without secrets if it can."""
        from rrcli.engine.manifest import load

        manifest = self.entry.load_manifest()
        options = {"show_secrets": True} if self.output.show_secrets and manifest.command_may_show_secrets else {}
        command = load(manifest.as_command)(exchange, self.request, **options) if manifest.as_command else None
        if command is not None:
            print_text(command)
        else:
            to_stderr("rrcli: no command of another tool does the same\n")

    def _draw(self, exchange: Exchange, *, color: bool) -> str:
        from rrcli.report.terminal.render import render

        verbose, wire = self.output.verbose or self.hooks.is_offline(self.request), self.request.wire is not None
        return render(exchange, self.entry, width=width(), color=color, verbose=verbose, wire=wire)

    def _show_raw(self, exchange: Exchange, shown: Exchange) -> None:
        """What `raw` leaves to the end: the content was printed as it came."""
        self._print_summary(exchange)
        self._explain(shown)

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

    def _explain(self, exchange: Exchange, *, briefly: bool = False) -> None:
        """The picture of a failure, or of everything with -v or --wire, beside the content; else only the notes."""
        if exchange.error and briefly and not (self.output.verbose or self.request.wire is not None):
            from rrcli.base.visible import visible

            to_stderr(f"rrcli: {visible(exchange.target.url)}: {visible(exchange.error.message)}\n")
        elif exchange.error or self.output.verbose or self.request.wire is not None:
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
    """pretty, raw, json, ndjson, or quiet. Raises `usage` for settings that contradict each other."""
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


def width() -> int:
    """Columns of the terminal; 80 where there is none."""
    if (given := os.environ.get("COLUMNS", "")).isdecimal() and 0 < int(given) < 10**6:
        return int(given)
    for number in (1, 2):
        try:
            return os.get_terminal_size(number).columns or 80
        except OSError:
            continue
    return 80


def color(output: Output, number: int) -> bool:
    """Whether to colour what goes to a file descriptor."""
    if output.color != "auto":
        return output.color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (os.isatty(number) and os.environ.get("TERM") != "dumb")


def _drawer(style: str, entry: Protocol) -> Callable[[Iterable[Exchange]], Iterator[str]] | None:
    """What draws exchanges in this format, where it is one of those."""
    if style == "curl" and not entry.load_manifest().as_command:
        raise usage("no other tool has a command for this protocol", "--format json has all of the exchange")
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
    from rrcli.policy.expect import Path

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


def _hint_unread_input(request: Request) -> None:
    """One hint when somebody piped something in that nobody asked to read."""
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
        way = request.input_option
        to_stderr(f"rrcli: standard input was not read{f'; ask for it with {way}' if way else ''}\n")
