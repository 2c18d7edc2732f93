"""One exchange in the HTML report: why it failed, its phases, request and response, and the attempts and hops before it."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.base.units import duration
from rrcli.engine.registry import BY_NAME
from rrcli.model.values import PHASES
from rrcli.report.formats.html.markup import lines_of, tag, text_of
from rrcli.report.terminal.bodytext import draw_body
from rrcli.report.terminal.next_steps import advice, headline, how_far
from rrcli.report.terminal.paint import Page, pieces
from rrcli.report.terminal.render import _certificates, _connection, _content, _details, _fields, history_words
from rrcli.report.terminal.verdict import verdict, verdict_mark
from rrcli.report.terminal.waterfall import THROUGH_PROXY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from rrcli.engine.registry import Protocol
    from rrcli.model.values import Check, Exchange, Failure, RequestMessage

COLUMNS = 200  # of what is drawn: the browser wraps what is wider than its window
SHORT = 24  # lines of a certificate chain that are looked at


class Scale:
    """How much is shown of each content, so that a report of many steps stays small: `letters`, and whether they are coloured."""

    def __init__(self, letters: int, *, roles: bool) -> None:
        self.letters = letters
        self.roles = roles


def exchange_of(exchange: Exchange, scale: Scale) -> Iterator[str]:
    """The parts of a masked exchange, in the order in which one asks for them."""
    entry = BY_NAME[exchange.protocol]
    if exchange.error and not (exchange.error.layer == "check" and any(not check.ok for check in exchange.checks)):
        yield from _why(exchange, exchange.error, entry)
    yield checks_of(exchange.checks)
    if exchange.notes:
        yield tag("ul", "".join(f'<li class="w">! {text_of(note.code)}: {text_of(note.message)}' for note in exchange.notes), "c")
    yield from _timing(exchange)
    yield from _messages(exchange, entry, scale)
    if exchange.history:
        name, words = history_words(exchange)
        yield f"<h3>{text_of(name)}: {text_of(words)}</h3>"
        for earlier in exchange.history:
            yield from _earlier(earlier, scale)


def checks_of(checks: tuple[Check, ...]) -> str:
    """The checks, one line each."""
    from rrcli.policy.literals import sentence

    if not checks:
        return ""
    lines = []
    for each in checks:
        mark = '<i class="ok">✔</i>' if each.ok else '<i class="no">✘</i>'
        lines.append(f"<li>{mark} {text_of(each.expr if each.ok else sentence(each))}")
    return tag("ul", "".join(lines), "c")


def _why(exchange: Exchange, failure: Failure, entry: Protocol) -> Iterator[str]:
    """The failure in words, how far it got, and what to do."""
    said = headline(failure)
    message = failure.message if said in failure.message else f"{said}: {failure.message}"
    lines = [f'<p><b class="b">{text_of(failure.layer)}</b> · {text_of(message)}']
    lines += [f"<p>{text_of(far)}"] if (far := how_far(exchange)) else []
    lines += [f'<p><i class="d">{text_of(label)}</i> {text_of(words)}' for label, words in advice(exchange, entry)]
    yield tag("div", "".join(lines), "why")


def _timing(exchange: Exchange) -> Iterator[str]:
    """The connection in a line, and the phases as a waterfall: each bar begins where the one before ended."""
    phases = exchange.timing.phases
    items = ("".join(text for text, _ in item) for item in _connection(exchange, BY_NAME[exchange.protocol]))
    flow = " · ".join(text_of(item) for item in items if item)
    if flow:
        yield f'<p class="d">{flow}'
    if not phases:
        return
    order = THROUGH_PROXY if exchange.connection.proxy else PHASES
    total, begin = max(sum(phases.values()), 1), 0
    failed = exchange.error.phase if exchange.error and exchange.error.layer not in ("application", "check") else None
    rows = []
    for phase in order:
        if (ns := phases.get(phase)) is not None:
            rows.append(f"<span>{phase}</span>{svg_bar(begin / total, ns / total, failed=phase == failed)}<b>{duration(ns)}</b>")
            begin += ns
    yield tag("div", "".join(rows), "ph")


def svg_bar(begin: float, share: float, *, failed: bool = False) -> str:
    """A bar over a part of its width, never too thin to be seen."""
    width = min(max(share * 100, 0.6), 100)
    css = ' class="x"' if failed else ""
    return f'<svg><rect x="{min(begin * 100, 100 - width):.4g}%" width="{width:.3g}%"{css}/></svg>'


def _messages(exchange: Exchange, entry: Protocol, scale: Scale) -> Iterator[str]:
    """Request and response, each its first line, fields and content."""
    request, answer = exchange.request, exchange.response
    if request.summary or request.fields:
        yield "<h3>Request</h3>" + drawn(scale, lambda page: _draw_request(request, entry, page))
        if request.body:
            body = request.body
            yield drawn(scale, lambda page: draw_body(body, page, color=False, came=False))
    if answer:

        def draw_head(page: Page) -> None:
            page.add([(answer.summary, "strong")])
            _details(answer.data, entry, page)
            _fields(answer.fields, page)

        yield "<h3>Response</h3>" + drawn(scale, draw_head)
        if events := answer.data.get("events"):
            yield drawn(scale, lambda page: _draw_events(events, page))
        yield drawn(scale, lambda page: _content(exchange, answer, entry, page, color=False))
        if answer.trailers:
            yield "<h3>Trailers</h3>" + drawn(scale, lambda page: _fields(answer.trailers, page))
    if (exchange.error and exchange.error.layer == "tls") or (answer and not answer.fields and not answer.body):
        yield drawn(scale, lambda page: _certificates(exchange, page, verbose=True))


def _draw_events(events: Sequence[Mapping[str, Any]], page: Page) -> None:
    """The events of a stream, each with its time."""
    for event in events:
        data = event["data"]
        text = data if isinstance(data, str) else dumps(data)
        page.add([(f"{event['at_ms']:>10,.1f} ms  ", "dim"), *pieces(f"{event['type']}  ", "strong"), *pieces(text)])


def _draw_request(request: RequestMessage, entry: Protocol, page: Page) -> None:
    page.add([(request.summary, "strong")])
    _details(request.data, entry, page)
    _fields(request.fields, page)


def drawn(scale: Scale, draw: Callable[[Page], None]) -> str:
    """What is drawn elsewhere for terminals, as preformatted text; nothing where nothing is drawn."""
    page = Page(COLUMNS)
    draw(page)
    lines = list(page.lines)
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return tag("pre", lines_of(lines, most=scale.letters, roles=scale.roles)) if lines else ""


def _earlier(exchange: Exchange, scale: Scale) -> Iterator[str]:
    """An earlier attempt or hop, closed."""
    mark, role = verdict_mark(exchange)
    css = {"good": "ok", "warn": "ok"}.get(role, "no")
    asked = text_of(exchange.request.summary or exchange.target.url)
    words = f'<i class="{css}">{mark}</i> {asked} · {text_of(verdict(exchange))} · {duration(exchange.timing.total_ns)}'
    words += f' <i class="d">{text_of(exchange.why or "")}</i>'
    yield f'<details class="h"><summary>{words}</summary><div class="in">'
    yield from exchange_of(exchange, scale)
    yield "</div></details>"
