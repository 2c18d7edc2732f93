"""Structured answers: every list of flat objects in an answer's data as an aligned table under its key."""

from __future__ import annotations

from rrcli.report.terminal.paint import cells, crop, pad, pieces, span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from rrcli.report.terminal.paint import Line, Page

GAP = 2
LONGEST = 4096  # letters of a cell that are looked at: far more than a screen has room for
MOST_ROWS = 1000  # of one table: more are too many to be read, and would take long to draw
MOST_LINES = 20  # of one cell
NARROWEST = 24  # columns that a last cell needs beside the others
SHORTEST = 8  # columns that a cell has, however narrow the terminal


def tables(data: Mapping[str, Any], asked: Mapping[str, Any], page: Page, unsaid: Mapping[str, Any]) -> bool:
    """Add the tables of an answer's data and of its groups; those that only repeat the request's are left out. True if there was one.

    `unsaid` are values that go without saying: a column that has nothing else is left out.
    """
    found = [(key, value) for key, value in data.items() if _is_table(value) and not _repeats(value, asked.get(key))]
    for key, group in data.items():
        wanted = asked.get(key)
        for inner, value in group.items() if isinstance(group, dict) else ():
            if _is_table(value) and not _repeats(value, wanted.get(inner) if isinstance(wanted, dict) else None):
                found.append((f"{key} {inner}", value))
    for key, rows in found:
        page.blank()
        _table(key, rows, page, unsaid)
    return bool(found)


def _repeats(rows: Sequence[Mapping[str, Any]], asked: Any) -> bool:
    """Whether rows say only what was asked, as a list or a single one; what is `None` says nothing."""
    wanted = asked if isinstance(asked, (list, tuple)) else [asked]
    return [{key: value for key, value in row.items() if value is not None} for row in rows] == list(wanted)


def _is_table(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and bool(value)
        and all(isinstance(row, dict) and all(map(_is_flat, row.values())) for row in value)
    )


def are_words(value: Any) -> bool:
    """Whether it is a list of single words, as flags are."""
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(word, str) and word.isalnum() for word in value)


def _is_flat(cell: Any) -> bool:
    """A plain value, or the fields of a message."""
    return not isinstance(cell, dict) and (not isinstance(cell, (list, tuple)) or _is_fields(cell))


def _is_fields(cell: Sequence[Any]) -> bool:
    return all(isinstance(pair, (list, tuple)) and len(pair) == 2 and all(isinstance(text, str) for text in pair) for pair in cell)


def _table(title: str, rows: Sequence[Mapping[str, Any]], page: Page, unsaid: Mapping[str, Any]) -> None:
    """The title stands in the place of the first column's name; the last column goes on in further lines below itself."""
    shown = rows[:MOST_ROWS]
    keys = list(dict.fromkeys(key for row in shown for key, value in row.items() if value is not None))
    keys = [key for key in keys if key not in unsaid or any(row.get(key) != unsaid[key] for row in shown)] or keys
    *leading, last = keys
    numeric = [all(isinstance(row.get(key), (int, float)) for row in shown) for key in keys]
    body = [_cells(row, keys) for row in shown]
    head: list[Line] = [pieces(title, "strong"), *(pieces(key, "dim") for key in keys[1:])]
    if not leading or numeric[-1]:
        aligned(page, [head, *([[("  ", ""), *row[0]], *row[1:]] for row in body)], numeric)
    else:
        _hanging(page, head, [[[("  ", ""), *row[0]], *row[1:-1]] for row in body], numeric, [_text(row.get(last)) for row in shown])
    if len(rows) > len(shown):
        page.add([(f"… and {len(rows) - len(shown)} more rows: --json has all of them", "dim")], 4)


def _hanging(page: Page, head: list[Line], rows: list[list[Line]], right: list[bool], texts: list[str]) -> None:
    """Add rows of cells in columns, behind each a text that goes on below itself.

    A first cell that leaves too little room for the text stands on a line of its own, above the others.
    """
    widths = [max(span(row[at]) for row in [head, *rows]) for at in range(len(right) - 1)]
    needed = min(NARROWEST, max(map(cells, texts), default=0))
    most = max(page.width - 2 - sum(widths[1:]) - GAP * len(widths) - needed, SHORTEST)
    widths[0] = max(span(row[0]) for row in [head, *rows] if span(row[0]) <= most or row is head)
    column = sum(widths) + GAP * len(widths)
    wrapped = [[pieces(line) for line in _wrapped(text, page, page.width - 2 - column)] for text in texts]
    for row, lines in zip([head[:-1], *rows], [[head[-1]], *wrapped], strict=True):
        if span(row[0]) > widths[0]:
            page.add_cut(row[0], rows=3)
            row = [[], *row[1:]]
        page.add_cut(_in_columns([*row, lines[0]], [*widths, 0], [*right[:-1], False]))
        for line in lines[1:]:
            page.add([(" " * column, ""), *line])


def _wrapped(text: str, page: Page, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken between words where that leaves no line half empty."""
    lines: list[str] = []
    width, text = max(width, SHORTEST), text[:LONGEST]
    while text and len(lines) < MOST_LINES:
        line = crop(text, width) or text[:1]
        if line != text and text[len(line)] != " " and (at := line.rfind(" ")) > len(line) // 2:
            line = line[:at]
        lines.append(line)
        text = text[len(line) :].removeprefix(" ")
    if text:
        page.was_cut = True
        lines[-1] = f"{crop(lines[-1], width - 1)}…"
    return lines or [""]


def _cells(row: Mapping[str, Any], keys: list[str]) -> list[Line]:
    return [pieces(_text(row.get(key))[:LONGEST]) for key in keys]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{name}: {text}" for name, text in value)
    from rrcli.base.jsontext import dumps

    return "" if value is None else dumps(value)


def aligned(page: Page, rows: Sequence[Sequence[Line]], right: Sequence[bool], indent: int = 2) -> None:
    """Add rows of cells in columns; those of `right` end at the same column. The last one is as long as it is."""
    widths = [max(span(row[at]) for row in rows) for at in range(len(right))]
    for row in rows:
        page.add_cut(_in_columns(row, widths, right), indent)


def _in_columns(row: Sequence[Line], widths: Sequence[int], right: Sequence[bool]) -> Line:
    """The cells of a row in one line, without spaces behind the last one that says something."""
    line: Line = []
    filled = max((at for at, cell in enumerate(row) if cell), default=0)
    for at, (cell, width, to_right) in enumerate(zip(row[: filled + 1], widths, right, strict=False)):
        gap = [(" " * GAP, "")] if at else []
        line += [*gap, *(cell if at == filled and not to_right else pad(cell, width, right=to_right))]
    return line
