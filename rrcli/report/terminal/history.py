"""What was sent, a line each, the newest first: `@1  12:03:04  ✔ 201 Created  1.4 ms  http POST :8080/users name=ann`."""

from __future__ import annotations

from calendar import timegm
from time import localtime, strftime, strptime, time

from rrcli.base.shellquote import quoted
from rrcli.base.units import counted, duration
from rrcli.report.terminal.paint import Page, cells, pad, pieces, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Document = dict[str, Any]

WIDEST_VERDICT = 24
LENGTH = len("2026-11-21T10:00:00")
TIME, DATE = "%H:%M:%S", "%Y-%m-%d %H:%M"


def render_history(documents: Sequence[Document], *, width: int, color: bool) -> str:
    """Documents as the history holds them. Times are local; of another day than today's with the date."""
    page = Page(width)
    rows = [(f"@{number}", _when(each), *_verdict(each), _took(each), command_of(each)) for number, each in enumerate(documents, 1)]
    widths = [max((cells(row[column]) for row in rows), default=0) for column in range(5)]
    for number, when, mark, verdict, took, command in rows:
        role = "good" if mark == "✔" else "bad"
        page.add_cut(
            [
                *pad([(number, "strong")], widths[0] + 2), *pad([(when, "dim")], widths[1] + 2), (mark, role), (" ", ""),
                *pad(pieces(verdict, "" if mark == "✔" else role), widths[3] + 2), *pad([(took, "")], widths[4], right=True),
                ("  ", ""), *pieces(command),
            ],
            0,
        )  # fmt: skip
    return page.text(color=color)


def _first(document: Document) -> Document | None:
    """The exchange that stands for a document: of a set or a series the first."""
    found: Document | None = document
    if "protocol" not in document:
        found = document.get("first") or next(iter(document.get("exchanges", ())), None)
    return found


def command_of(document: Document) -> str:
    """The command line that was sent, or what it asked where no words say that."""
    exchange = _first(document)
    if exchange is None:
        return ""
    command = exchange.get("command")
    return (
        " ".join(map(quoted, command)) if command else f"{exchange['protocol']} {(exchange.get('target') or {}).get('url') or ''}".rstrip()
    )


def _when(document: Document) -> str:
    text = str(((_first(document) or {}).get("timing") or {}).get("started_at") or "")
    try:
        started = timegm(strptime(text[:LENGTH], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return ""
    today = localtime(started)[:3] == localtime(time())[:3]
    return strftime(TIME if today else DATE, localtime(started))


def _verdict(document: Document) -> tuple[str, str]:
    """The mark, and what became of it in a few words."""
    if "count" in document:
        failed = int(document.get("failed") or 0)
        return "✘" if failed else "✔", f"{counted(int(document['count'] or 0), 'exchange')}{f', {failed:,} failed' if failed else ''}"
    if "exchanges" in document:
        all_ok = all(each["outcome"] == "ok" for each in document["exchanges"])
        return "✔" if all_ok else "✘", counted(len(document["exchanges"]), "exchange")
    mark, error = "✔" if document["outcome"] == "ok" else "✘", document.get("error") or {}
    if error and error.get("layer") not in ("application", "check"):
        return mark, str(error.get("kind")).replace("_", " ")
    status = (document.get("response") or {}).get("status") or {}
    words = " ".join(str(part) for part in (status.get("code"), status.get("text")) if part not in (None, ""))
    return mark, shorten(words or ("ok" if document["outcome"] == "ok" else "failed"), WIDEST_VERDICT)


def _took(document: Document) -> str:
    if "count" in document:
        milliseconds = document.get("elapsed_ms")
    else:
        timings = [each.get("timing") or {} for each in document.get("exchanges", (document,))]
        milliseconds = max((timing.get("total_ms") or 0 for timing in timings), default=0)
    return duration(round((milliseconds or 0) * 1e6))
