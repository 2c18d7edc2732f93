"""Structured answers: every list of flat objects in an answer's data as an aligned table under its key."""

from __future__ import annotations

from rrcli.report.terminal.paint import pad, pieces, span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from rrcli.report.terminal.paint import Line, Page

GAP = 2
LONGEST = 4096  # letters of a cell that are looked at: far more than a line has room for


def tables(data: Mapping[str, Any], asked: Mapping[str, Any], page: Page) -> bool:
    """Add the tables of an answer's data and of its groups; those that only repeat the request's are left out. True if there was one."""
    found = [(key, value) for key, value in data.items() if _is_table(value) and not _repeats(value, asked.get(key))]
    for key, group in data.items():
        wanted = asked.get(key)
        for inner, value in group.items() if isinstance(group, dict) else ():
            if _is_table(value) and not _repeats(value, wanted.get(inner) if isinstance(wanted, dict) else None):
                found.append((f"{key} {inner}", value))
    for key, rows in found:
        page.blank()
        _table(key, rows, page)
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


def _table(title: str, rows: Sequence[Mapping[str, Any]], page: Page) -> None:
    """The title stands in the place of the first column's name."""
    keys = list(dict.fromkeys(key for row in rows for key, value in row.items() if value is not None))
    head: list[Line] = [pieces(title, "strong"), *(pieces(key, "dim") for key in keys[1:])]
    numeric = [all(isinstance(row.get(key), (int, float)) for row in rows) for key in keys]
    body = [[[("  ", ""), *cell] if not at else cell for at, cell in enumerate(_cells(row, keys))] for row in rows]
    aligned(page, [head, *body], numeric)


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
        line: Line = []
        for cell, width, to_right in zip(row, widths, right, strict=True):
            line += [*([(" " * GAP, "")] if line else []), *pad(cell, width, right=to_right)]
        page.add_cut(line, indent)
