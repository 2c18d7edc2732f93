"""Documents that were compared, drawn: who is who, then each difference under its path, then how many there are.

What is short stands side by side; what is not, one below the other as `-` and `+`, texts and lists as a unified diff.
"""

from __future__ import annotations

from rrcli.base.units import counted, duration
from rrcli.model.diff.documents import EXCHANGE, RUN, SERIES, SET
from rrcli.model.diff.places import Pattern, path_text
from rrcli.report.terminal.hunks import hunks, one_line, spread
from rrcli.report.terminal.paint import Page, cells, pad, pieces, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.model.diff.compared import Compared
    from rrcli.model.diff.places import Steps
    from rrcli.report.terminal.paint import Line

    Difference = dict[str, Any]

GAP = 2
WIDEST_PATH = 0.6  # of the terminal; a longer path stands above its values
MOST = 200  # differences that are drawn
MOST_LOOKED_AT = 2000  # differences among which items that have moved are looked for
MANY_ITEMS = 3  # of a list that differs in so many places, and in its length, the lines are shown instead
LEFT, RIGHT = ("- ", "removed"), ("+ ", "added")


def marks_of(count: int) -> tuple[tuple[str, str], ...]:
    """The mark of each document and its role: - and + of two, numbers of more."""
    return (LEFT, RIGHT) if count == 2 else tuple((f"{number} ", "strong") for number in range(1, count + 1))


def render_compared(found: Compared, *, width: int, color: bool, tolerance: float) -> str:
    """What was compared as lines of text for a terminal of `width` columns. Secrets must be masked."""
    page = Page(width)
    _heads(found, page)
    page.blank()
    if found.kind == SERIES:
        from rrcli.report.terminal.figures import draw_figures

        draw_figures(found.documents, found.labels, page, tolerance)
    else:
        looked_at = found.differences[:MOST_LOOKED_AT]
        rows = [*_without_items(looked_at, _listed(looked_at, found.documents)), *found.differences[MOST_LOOKED_AT:]]
        if found.kind == RUN:
            _by_step(rows, page, found.labels)
        else:
            draw_differences(rows, page, found.labels)
    page.blank()
    page.add(verdict(found.differences, found.labels, page.width), 0)
    return page.text(color=color)


def verdict(differences: Sequence[Difference], labels: Sequence[str], width: int) -> Line:
    """`✔ no difference`, `✘ 3 differences between a.json and b.json`."""
    if not differences:
        return [("✔ no difference", "good")]
    said = f"✘ {counted(len(differences), 'difference')}"
    whole = f"{said} between {labels[0]} and {labels[1]}" if len(labels) == 2 and labels[0] != labels[1] else said
    return pieces(whole if cells(whole) <= width else said, "bad")


# --- who is who


def _heads(found: Compared, page: Page) -> None:
    """A line for each document: its mark, its label, and what it holds in a few words."""
    column = max(map(cells, found.labels))
    room = max(min(column, page.width // 3), 8)
    for label, document, (mark, role) in zip(found.labels, found.documents, marks_of(len(found.labels)), strict=True):
        name = pad(pieces(shorten(label, room), "strong"), min(column, room))
        page.add_cut([(mark, role), *name, (" " * GAP, ""), *pieces(_words(document, page.width - 2 - min(column, room) - GAP))], 0)


def _words(document: dict[str, Any], room: int) -> str:
    """What a document is, in a few words."""
    schema = document["schema"]
    if schema == EXCHANGE:
        return _of_exchange(document, room)
    if schema == RUN:
        name, steps = document.get("name") or document.get("plan") or "a run", counted(len(document["steps"]), "step")
        return f"{name} · {steps} · exit {document.get('exit_code')}"
    if schema == SET:
        held = document.get("documents") or document["exchanges"]
        return counted(len(held), "document" if document.get("documents") else "exchange")
    count = document.get("count")
    return counted(count, "exchange") if isinstance(count, int) else "a series"


def _of_exchange(document: dict[str, Any], room: int) -> str:
    """`GET http://127.0.0.1/ · 200 OK · 1.3 ms`; the request gives way where that is too long."""
    answer, timing = document.get("response") or {}, document.get("timing") or {}
    status = answer.get("status") or {}
    words = " ".join(str(part) for part in (status.get("code"), status.get("text")) if part not in (None, ""))
    error = document.get("error") or {}
    said = words or str(error.get("kind") or document["outcome"]).replace("_", " ")
    total = timing.get("total_ms")
    parts = [said, *([duration(int(total * 1e6))] if isinstance(total, (int, float)) else [])]
    url = str((document.get("target") or {}).get("url") or "")
    method = (document["request"].get("data") or {}).get("method")
    summary = str(document["request"].get("summary") or "")
    asked = f"{method} {url}" if isinstance(method, str) and summary.startswith(f"{method} ") and url else summary or url
    rest = " · ".join(parts)
    return f"{shorten(asked, max(room - cells(rest) - 3, 12))} · {rest}"


# --- the differences


def _by_step(differences: Sequence[Difference], page: Page, labels: Sequence[str]) -> None:
    """The differences of runs under the names of their steps, with the paths within those."""
    groups: dict[str, list[Difference]] = {}
    for each in differences:
        steps = Pattern(each["path"]).steps
        is_within = steps[0] == "steps" and len(steps) > 2
        path = path_text(steps[2:]) if is_within else each["path"]
        groups.setdefault(str(steps[1]) if is_within else "", []).append({**each, "path": path})
    for name, found in groups.items():
        page.blank()
        if name:
            page.add_cut([("✘ ", "bad"), *pieces(name, "strong")])
        draw_differences(found, page, labels, indent=4 if name else 2)


def draw_differences(rows: Sequence[Difference], page: Page, labels: Sequence[str], indent: int = 2) -> None:
    """Each difference under its path: side by side what is short, one below the other what is not."""
    shown = rows[:MOST]
    count = len(labels)
    widest = int(page.width * WIDEST_PATH)
    column = max((cells(each["path"]) for each in shown if cells(each["path"]) <= widest), default=0)
    room = (page.width - indent - column - count * GAP) // count
    texts = [[_short(each, number) for number in range(count)] for each in shown]
    widths = [max((cells(line[at] or "") for line in texts if cells(line[at] or "") <= room), default=0) for at in range(count)]
    for each, line in zip(shown, texts, strict=True):
        if cells(each["path"]) <= column and all(text is not None and cells(text) <= room for text in line):
            cut: Line = pad(pieces(each["path"]), column)
            for number, text in enumerate(line):
                cut += [(" " * GAP, ""), *pad(_value(text or "", each, number, count), widths[number])]
            page.add(cut, indent)
        else:
            _below(each, page, labels, indent)
    if len(rows) > MOST:
        page.add([(f"… and {len(rows) - MOST} more: --json has all of them", "dim")], indent)


def _short(difference: Difference, number: int) -> str | None:
    """A value in one line; `None` for one that is better read in several."""
    if number in difference.get("missing", ()):
        return "nothing"
    return one_line(difference["values"][number])


def _value(text: str, difference: Difference, number: int, count: int) -> Line:
    if number in difference.get("missing", ()):
        return [(text, "dim")]
    return pieces(text, marks_of(count)[number][1] if count == 2 else "")


def _below(difference: Difference, page: Page, labels: Sequence[str], indent: int) -> None:
    """The path, and below it the values, or what is between two of them."""
    missing, marks = difference.get("missing", []), marks_of(len(labels))
    there = [number for number in range(len(labels)) if number not in missing]
    head = pieces(difference["path"])
    if missing:
        head += pieces(f"{' ' * GAP}only in {', '.join(labels[number] for number in there)}", "dim")
    page.add_cut(head, indent, rows=2)
    inner = indent + GAP
    if len(there) == len(labels) == 2:
        lines = list(hunks(difference["values"], marks, page.width - inner))
    else:
        lines = [line for number in there for line in spread(difference["values"][number], marks[number], page.width - inner)]
    for line in lines:
        page.add_cut(line, inner, rows=2)


# --- lists whose items have moved


def _listed(differences: Sequence[Difference], documents: Sequence[Any]) -> dict[str, list[Any]]:
    """The lists in which differences lie and whose lengths differ, by their paths, each with their values; the outermost first."""
    lists: dict[str, list[Any]] = {}
    for each in differences:
        steps = Pattern(each["path"]).steps
        for end in (at for at, step in enumerate(steps) if isinstance(step, int)):
            path = path_text(steps[:end])
            if path not in lists:
                values = [_at(document, steps[:end]) for document in documents]
                lists[path] = values if all(isinstance(value, list) for value in values) and len({*map(len, values)}) > 1 else []
    return {path: values for path, values in lists.items() if values}


def _at(document: Any, steps: Steps) -> Any:
    value = document
    for number, step in enumerate(steps):
        if isinstance(step, str) and number and steps[number - 1] == "steps" and isinstance(value, list):
            value = next((item for item in value if isinstance(item, dict) and item.get("name") == step), None)
        elif isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _without_items(differences: Sequence[Difference], lists: dict[str, list[Any]]) -> list[Difference]:
    """The differences, those within a list whose items have moved as one of the list."""
    counts: dict[str, int] = dict.fromkeys(lists, 0)
    around = [_around(each["path"], lists) for each in differences]
    for path in around:
        if path:
            counts[path] += 1
    rows: list[Difference] = []
    done: set[str] = set()
    for each, path in zip(differences, around, strict=True):
        if path is None or counts[path] < MANY_ITEMS:
            rows.append(each)
        elif path not in done:
            done.add(path)
            rows.append({"path": path, "values": lists[path]})
    return rows


def _around(path: str, lists: dict[str, list[Any]]) -> str | None:
    """The outermost of the lists that a path leads into."""
    at = path.find("[")
    while at >= 0:
        if path[:at] in lists:
            return path[:at]
        at = path.find("[", at + 1)
    return None
