"""The verdict of an exchange in a few words: its mark, its role, its status."""

from __future__ import annotations

from rrcli.base.fields import readable
from rrcli.base.units import duration
from rrcli.report.terminal.next_steps import headline
from rrcli.report.terminal.paint import SEPARATOR, cells, pieces, shorten, span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Exchange, Status
    from rrcli.report.terminal.paint import Line, Page

PLACE = 14  # columns that a target keeps where there is room: 127.0.0.1:8080
SHORTEST = 6  # columns that a target or a summary keeps in the first line, however narrow the terminal


def _verdict(exchange: Exchange, page: Page) -> None:
    """`✔ 201 Created  ·  POST http://127.0.0.1:8080/users  ·  13.1 ms`; the target gives way where that is too long, the time never."""
    mark, role = verdict_mark(exchange)
    items: list[Line] = [[(mark, role), (" ", ""), *pieces(verdict(exchange), role)]]
    if exchange.error and exchange.error.layer not in ("application", "check") and exchange.response:
        items.append(pieces(status_words(exchange.response.status)))
    total: list[Line] = [[(duration(exchange.timing.total_ns), "")]] if exchange.timing.total_ns else []
    taken = sum(span(item) + len(SEPARATOR) for item in [*items, *total])
    asked = [pieces(part) for part in _asked(exchange, page.width - taken)]
    page.add_flow([*items, *asked, *total], indent=0, separator=SEPARATOR)


def verdict_mark(exchange: Exchange) -> tuple[str, str]:
    """The mark and its role: yellow is a success that has something about it."""
    if exchange.outcome != "ok":
        return "✘", "bad"
    doubtful = exchange.notes or (exchange.response and not exchange.response.status.ok)
    return "✔", "warn" if doubtful else "good"


def verdict(exchange: Exchange) -> str:
    """What became of the exchange, in a few words."""
    failure = exchange.error
    if failure is not None and failure.layer not in ("application", "check"):
        return headline(failure)
    without_answer = headline(failure) if failure else "built, not sent"
    words = (exchange.response.headline or status_words(exchange.response.status)) if exchange.response else without_answer
    broken = sum(not check.ok for check in exchange.checks)
    if exchange.outcome == "check_failed" and broken:
        return f"{words}, {broken} of {len(exchange.checks)} checks failed"
    return words


def status_words(status: Status) -> str:
    """`201 Created`, `NXDOMAIN`, `OK`."""
    words = " ".join(str(part) for part in (status.code, status.text) if part not in (None, ""))
    return readable(words) or ("ok" if status.ok else "failed")


def _asked(exchange: Exchange, room: int) -> list[str]:
    """The request in short, and the target unless that names it already."""
    url, summary = exchange.target.url, exchange.request.summary
    method = exchange.request.data.get("method")
    if isinstance(method, str) and method and url.endswith(f"/{method}"):
        return [shorten(url, max(room, SHORTEST))]
    if isinstance(method, str) and f"{summary} ".startswith(f"{method} "):
        return [f"{method} {shorten(url, max(room - cells(method) - 1, SHORTEST))}"]
    if not url or url in summary or (exchange.target.host or url) in summary:
        return [shorten(summary, max(room, SHORTEST))] if summary else []
    if not summary:
        return [shorten(url, max(room, SHORTEST))]
    room -= len(SEPARATOR)
    if cells(summary) + cells(url) > room:
        url = url.partition("://")[2] or url  # the summary or the line below tells what is spoken there
    target = shorten(url, max(room - cells(summary), min(PLACE, room // 2), SHORTEST))
    return [shorten(summary, max(room - cells(target), SHORTEST)), target]
