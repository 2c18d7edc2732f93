"""The pretty report: a pure function from a masked exchange to text, read from the top down.

Did it work, what was asked of whom, how long and where the time went, what came back; on failure what broke, whether
the server got it, what to do now. `verbose` and `wire` add to that and rearrange nothing. No protocol is named here: a
protocol's own picture of its content is the answer's `display`, and what else it has to draw its manifest says.
"""

from __future__ import annotations

from rrcli.base.fields import readable
from rrcli.base.units import counted, duration, size
from rrcli.engine.manifest import load
from rrcli.model.values import PHASES
from rrcli.report.terminal.bodytext import draw_body, picture_lines
from rrcli.report.terminal.next_steps import PLAIN, advice, how_far
from rrcli.report.terminal.paint import SEPARATOR, Page, pieces, span
from rrcli.report.terminal.tables import aligned, are_words, tables
from rrcli.report.terminal.verdict import _asked, _verdict, verdict, verdict_mark
from rrcli.report.terminal.waterfall import THROUGH_PROXY, waterfall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rrcli.engine.registry import Protocol
    from rrcli.model.values import Connection, Exchange, ExchangeSet, Fields, Lines, RequestMessage, Response
    from rrcli.report.terminal.paint import Line

SCREEN, LEAST_ROWS = 20, 3  # rows of the terminal: those that a whole picture may take, and each of its lines
# What leads from one hop to the next; whatever else is in a history was tried or asked again.
HOPS = {"redirect": "redirect", "auth": "challenge", "describe": "description"}


def render(exchange: Exchange, entry: Protocol, *, width: int, color: bool, verbose: bool, wire: bool, height: int | None = None) -> str:
    """One exchange as lines of text for a terminal of `width` columns. Its secrets must be masked already.

    What is longer than `height` rows ends with its headline again, because the first has left the screen.
    """
    page = Page(width)
    draw(exchange, entry, page, color=color, verbose=verbose, wire=wire)
    if height is not None and page.rows > height:
        page.blank()
        _verdict(exchange, page)
    return page.text(color=color)


def render_set(several: ExchangeSet, entry: Protocol, *, width: int, color: bool, verbose: bool, wire: bool) -> str:
    """Exchanges side by side and whether they agree; with `verbose` or `wire` then each by itself."""
    from rrcli.report.terminal.sidebyside import draw_set

    page = Page(width)
    draw_set(several, entry, page)
    if several.checks:
        from rrcli.report.terminal.checks import draw_checks

        draw_checks(several.checks, page)
    for exchange in several.exchanges if verbose or wire else ():
        page.blank()
        draw(exchange, entry, page, color=color, verbose=verbose, wire=wire)
    return page.text(color=color)


def draw(exchange: Exchange, entry: Protocol, page: Page, *, color: bool, verbose: bool, wire: bool) -> None:
    """Add one exchange to the page."""
    _verdict(exchange, page)
    _how(exchange, entry, page)
    _picture(exchange, page)
    _addresses(exchange.connection, page)
    if verbose:
        _connection_details(exchange, entry, page)
    _certificates(exchange, page, verbose=verbose)
    if verbose:
        _request(exchange.request, entry, page, color=color)
    if exchange.response:
        _response(exchange, exchange.response, entry, page, color=color, verbose=verbose)
    _remarks(exchange, page)
    _history(exchange, page)
    page.blank()
    page.labelled(advice(exchange, entry), role="strong")
    if wire and exchange.transcript:
        from rrcli.report.terminal.hexdump import transcript

        page.blank()
        transcript(exchange.transcript, page)
    if page.was_cut:
        page.blank()
        page.add([(f"… cut to {page.width} columns: --json shows all", "dim")])
        page.was_cut = False


# --- did it work, and how ---------------------------------------------------------------------------------


def _how(exchange: Exchange, entry: Protocol, page: Page) -> None:
    """The connection in one line; of a failure its layer, its message and how far it got."""
    failure = exchange.error
    told = failure is not None and failure.layer == "application" and _says_failure(exchange) and not _gives_reason(exchange)
    if failure is None or failure.layer == "check" or told:
        page.add_flow(_connection(exchange, entry))
        return
    head = f"{failure.layer} · "
    page.add_hanging([(head, "dim")], failure.message)
    if far := how_far(exchange):
        page.add_hanging([(" " * len(head), "")], far)


def _gives_reason(exchange: Exchange) -> bool:
    """Whether the failure is in the content, so that there is more to tell than the status does."""
    return exchange.response is not None and bool(exchange.response.status.reason)


def _says_failure(exchange: Exchange) -> bool:
    """Whether the protocol's own status says failure, and not only `--ok`."""
    return exchange.response is not None and not exchange.response.status.ok


def _connection(exchange: Exchange, entry: Protocol) -> list[Line]:
    """`HTTP/1.1 · 127.0.0.1:8080 · 140 B out, 120 B in · ends by Content-Length`."""
    connection, answer = exchange.connection, exchange.response
    items: list[Line] = []
    for key in ("version", "transport"):
        value = answer.data.get(key) if answer else None
        if isinstance(value, str):
            items.append(pieces(value))
    if connection.peer:
        items.append(pieces(connection.peer))
    if connection.proxy:
        items.append([("through ", ""), *pieces(connection.proxy)])
    if connection.reused:
        items.append([("reused", "")])
    if tls := connection.tls:
        words = ", ".join(part for part in (tls.version, tls.alpn and f"ALPN {tls.alpn}", None if tls.verified else "not verified") if part)
        from rrcli.report.terminal.certificates import days_left, days_words

        days = days_left(exchange)
        items.append([*pieces(words), *([(", ", ""), *days_words(days)] if days is not None else [])])
    if connection.peer or connection.bytes_sent:
        items.append([(f"{size(connection.bytes_sent)} out, {size(connection.bytes_received)} in", "")])
    if answer and answer.framing:
        items.append([("ends by ", ""), *pieces(entry.load_manifest().framings.get(answer.framing, answer.framing))])
    for key, value in answer.data.items() if answer and answer.display is None else ():  # a picture shows them
        if are_words(value):
            items.append(pieces(f"{key} {' '.join(value)}"))
    return items


# --- where the time went, and over which way --------------------------------------------------------------


def _picture(exchange: Exchange, page: Page) -> None:
    """The waterfall, where it tells more than the total does, and where time has anything to do with the matter."""
    failure = exchange.error
    broken = failure.phase if failure and failure.layer not in ("application", "check") else None
    began = list(exchange.timing.phases)
    asked_first = "tls" in began and "handshake" in began[: began.index("tls")]  # a proxy for a way, or a server for TLS (STARTTLS)
    order = THROUGH_PROXY if exchange.connection.proxy or asked_first else PHASES
    lines = waterfall(
        exchange.timing,
        broken,
        page.width,
        order,
        sent=exchange.connection.bytes_sent,
        is_local=(exchange.connection.peer or "")[:1] == "/",
    )
    if len(lines) < 2 or (failure and failure.kind in PLAIN):
        return
    page.blank()
    for line in lines:
        page.add(line)


def _addresses(connection: Connection, page: Page) -> None:
    """Every address that was tried, where there is more to tell than the one that is used."""
    attempts = connection.attempts
    if len(attempts) < 2 and all(tried.error is None for tried in attempts):
        return
    page.blank()
    rows: list[list[Line]] = []
    for tried in attempts:
        result: Line = [("✔", "good"), (" used", "")] if tried.error is None else [("✘ ", "bad"), *pieces(tried.error.replace("_", " "))]
        rows.append([[("tried", "dim")] if not rows else [], pieces(tried.address), result, [(duration(tried.ns), "")]])
    aligned(page, rows, (False, False, False, True))


def _connection_details(exchange: Exchange, entry: Protocol, page: Page) -> None:
    connection = exchange.connection
    page.blank()
    pairs = [("id", exchange.id), ("local", connection.local), ("peer", connection.peer), ("proxy", connection.proxy)]
    rows: list[tuple[str, str | Line]] = [(label, pieces(value)) for label, value in pairs if value]
    data = exchange.response.data if exchange.response else {}
    measured = [(key, data[key]) for key in entry.load_manifest().measures if data.get(key) is not None]
    page.labelled([*rows, *[(_name(key), _flat(key, value)) for key, value in measured]])


def _flat(key: str, value: Any) -> str:
    """A plain value with its unit, or several under names in a line: `version 1, rtt 1.3 ms, packets sent 6`."""
    if isinstance(value, dict):
        return ", ".join([f"{_name(inner)} {_flat(inner, item)}" for inner, item in value.items() if item is not None])
    return f"{value}{' ms' * key.endswith('_ms')}"


def _name(key: str) -> str:
    return key.removesuffix("_ms").replace("_", " ")


def _certificates(exchange: Exchange, page: Page, *, verbose: bool) -> None:
    """The chain where it is the result, or the trouble, or asked for."""
    tls, answer, failure = exchange.connection.tls, exchange.response, exchange.error
    is_result = answer is not None and not (answer.fields or (answer.body and answer.body.size))
    if tls and (verbose or is_result or (failure and failure.layer == "tls" and tls.chain)):
        from rrcli.report.terminal.certificates import chain

        chain(exchange, tls, page)


# --- what was asked, and what came back -------------------------------------------------------------------


def _request(message: RequestMessage, entry: Protocol, page: Page, *, color: bool) -> None:
    page.blank()
    page.add_cut([("→ ", "strong"), *pieces(message.summary, "strong")])
    _details(message.data, entry, page)
    _fields(message.fields, page)
    if message.body:
        page.blank()
        draw_body(message.body, page, color=color, came=False)


def _details(data: Mapping[str, Any], entry: Protocol, page: Page) -> None:
    """What the protocol tells of a message beside its fields."""
    if reference := entry.load_manifest().details:
        page.labelled([(label, pieces(words)) for label, words in load(reference)(data)])


def _response(exchange: Exchange, answer: Response, entry: Protocol, page: Page, *, color: bool, verbose: bool) -> None:
    page.blank()
    if verbose:
        page.add_cut([("← ", "strong"), *pieces(answer.summary, "strong")])
        _details(answer.data, entry, page)
    _fields(answer.fields, page)
    page.blank()
    if answer.body or not entry.request_type.lines:
        _content(exchange, answer, entry, page, color=color)
    if (reference := entry.load_manifest().parts) and (parts := load(reference)(answer)):
        from rrcli.report.terminal.parts import draw_parts

        draw_parts(parts, page, color=color, verbose=verbose)
    if answer.trailers:
        page.blank()
        page.add([("trailers", "dim")])
        _fields(answer.trailers, page)


def _content(exchange: Exchange, answer: Response, entry: Protocol, page: Page, *, color: bool) -> None:
    """The protocol's own picture, or tables, or the body; where content is lines the tables say the same in full."""
    manifest = entry.load_manifest()
    events, reference = answer.data.get("events"), manifest.stream_words
    words: list[str] | None = load(reference)(answer) if reference else None
    told = [event for event in events or () if event["type"] not in manifest.framing_events]
    if answer.display is not None:
        page.blank()
        _display(answer.display, page)
    elif events or words is not None:
        from rrcli.report.terminal.events import summary

        if len(told) > 1 or not manifest.framing_events:  # one message within what frames it is no stream
            summary(told, page, words or ())
        if answer.body and answer.body.data:
            page.blank()
            draw_body(answer.body, page, color=color, failed=exchange.outcome == "error")
    elif not (_tables(exchange, answer, entry, page) and entry.request_type.lines) and answer.body:
        page.blank()
        draw_body(answer.body, page, color=color, failed=exchange.outcome == "error", rate=_rate(exchange))


def _rate(exchange: Exchange) -> str:
    """How fast the content came, as `2.1 MiB/s`; empty where it took no time."""
    ns = exchange.timing.phases.get("receive", 0)
    return f"{size(exchange.connection.bytes_received * 10**9 // ns)}/s" if ns else ""


def _tables(exchange: Exchange, answer: Response, entry: Protocol, page: Page) -> bool:
    return tables(answer.data, exchange.request.data, page, entry.load_manifest().unsaid)


def _display(display: str | Lines, page: Page) -> None:
    """A protocol's own picture; of a few lines each may be long, so that what was asked for is shown whole up to a screen."""
    lines = picture_lines(display)
    rows = max(LEAST_ROWS, SCREEN // len(lines))
    for line in lines:
        page.add_cut(line, rows=rows)


def _fields(fields: Fields, page: Page) -> None:
    for name, value in fields:
        page.add_cut([*pieces(readable(name), "name"), (": ", "dim"), *pieces(readable(value))])


# --- what else there is to say ----------------------------------------------------------------------------


def _remarks(exchange: Exchange, page: Page) -> None:
    """Notes and checks."""
    page.blank()
    for note in exchange.notes:
        page.add_hanging([("! ", "warn"), *pieces(note.code, "warn"), (": ", "")], note.message)
    if exchange.checks:
        from rrcli.policy.notes import why_no_value
        from rrcli.report.terminal.checks import draw_checks

        draw_checks(exchange.checks, page, why_no_value(exchange))


def _history(exchange: Exchange, page: Page) -> None:
    """How many hops or attempts there were and how long all took, then a line for each before this one."""
    if not exchange.history:
        return
    page.blank()
    name, words = history_words(exchange)
    page.add([(name, "dim"), ("  ", ""), *pieces(words)])
    rows: list[list[Line]] = []
    for number, earlier in enumerate(exchange.history, 1):
        mark, role = verdict_mark(earlier)
        rows.append(
            [
                [(f"{number}", "dim")],
                [(mark + " ", role), *pieces(verdict(earlier))],
                [(duration(earlier.timing.total_ns), "")],
                pieces(earlier.why or "", "dim"),
            ]
        )
    taken = sum(max(span(row[at]) for row in rows) + 2 for at in range(4))
    for row, earlier in zip(rows, exchange.history, strict=True):
        row.append(pieces(SEPARATOR.join(_asked(earlier, page.width - 2 - taken))))
    aligned(page, rows, (True, False, True, False, False))


def history_words(exchange: Exchange) -> tuple[str, str]:
    """What the earlier exchanges are, and `3 redirects, 4.4 ms in all` or `2 attempts, 1.5 s in all, 1.5 s of it waiting`."""
    whys = [earlier.why for earlier in exchange.history]
    hops = [(whys.count(why), word) for why, word in HOPS.items() if why in whys]
    repeated = sum(why not in HOPS for why in whys)
    parts = [counted(count, word) for count, word in hops] + ([f"{repeated + 1:,} attempts"] if repeated else [])
    taken = sum(each.timing.total_ns for each in (*exchange.history, exchange))
    whole = max(exchange.timing.elapsed_ns, taken)
    parts.append(f"{duration(whole)} in all")
    if repeated and whole - taken > taken // 100:
        parts.append(f"{duration(whole - taken)} of it waiting")
    return " and ".join([*(["hops"] if hops else []), *(["attempts"] if repeated else [])]), ", ".join(parts)
