"""What is between two values: a unified diff of their lines, or of a long line the part that differs."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.base.timelimit import TimeLimitExceeded, run_with_limit
from rrcli.report.terminal.paint import cells, pieces, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.report.terminal.paint import Line

    Mark = tuple[str, str]

AROUND = 3  # lines shown above and below what differs
MOST_LINES = 80  # of one difference
MOST_COMPARED = 4000  # lines between the first and the last that differ
COMPARING = 1.0  # seconds
BESIDE = 24  # letters shown beside the part of a line that differs, where there is room
SHORTEST = 8
UNENDED = "\\ no line end at the end"
LONGEST = 2000  # letters of a value that is put into one line


def one_line(value: Any) -> str | None:
    """A value as JSON in one line; `None` for one of several lines, or of too many letters."""
    if isinstance(value, str) and ("\n" in value or len(value) > LONGEST):
        return None
    if isinstance(value, (list, dict)) and _is_large(value):
        return None
    text = dumps(value)
    return text if len(text) <= LONGEST else None


def _is_large(value: list[Any] | dict[str, Any]) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return len(value) > 8 or any(isinstance(item, (list, dict)) and item for item in items)


def spread(value: Any, mark: Mark, width: int) -> Iterator[Line]:
    """A value in as many lines as it takes, each behind the mark."""
    text = one_line(value)
    lines = [shorten(text, 2 * width - 4)] if text is not None else _lines(value)
    for line in lines[:MOST_LINES]:
        yield [mark, *pieces(line, mark[1])]
    if len(lines) > MOST_LINES:
        yield [(f"… {len(lines) - MOST_LINES} more lines: --json has them", "dim")]


def hunks(values: list[Any], marks: tuple[Mark, ...], width: int) -> Iterator[Line]:
    """Both values, or where they have lines in common the lines around those that have not."""
    one, other = values
    texts = one_line(one), one_line(other)
    are_texts = isinstance(one, str) and isinstance(other, str)
    if texts[0] is not None and texts[1] is not None:
        yield from _long_line(texts[0], texts[1], marks, width) if are_texts else _both(values, marks, width)
    elif type(one) is type(other) and one and other:
        if are_texts and all(text.count("\r\n") == text.count("\n") for text in values):
            one, other = (text.replace("\r\n", "\n") for text in values)
        yield from _unified(_lines(one), _lines(other), marks)
    else:
        yield from _both(values, marks, width)


def _both(values: list[Any], marks: tuple[Mark, ...], width: int) -> Iterator[Line]:
    for value, mark in zip(values, marks, strict=True):
        yield from spread(value, mark, width)


def _lines(value: Any) -> list[str]:
    if isinstance(value, str):
        *lines, last = value.split("\n")
        return [*lines, last, UNENDED] if last else lines
    from json import dumps as laid_out

    return laid_out(value, indent=2, ensure_ascii=False).split("\n")


def _long_line(one: str, other: str, marks: tuple[Mark, ...], width: int) -> Iterator[Line]:
    """Two lines, each with the beginning and the end that they share only hinted at where they are too long."""
    room = width - len(marks[0][0])
    shared = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other)))
    least = min(len(one), len(other)) - shared
    ending = next((at for at in range(least) if one[-1 - at] != other[-1 - at]), least)
    for text, (mark, role) in zip((one, other), marks, strict=True):
        before, differs, after = text[:shared], text[shared : len(text) - ending], text[len(text) - ending :]
        if cells(text) > room:
            beside = min(BESIDE, room // 4)
            before = f"…{before[-beside:]}" if len(before) > beside else before
            after = f"{after[:beside]}…" if len(after) > beside else after
            differs = shorten(differs, max(room - cells(before) - cells(after), SHORTEST))
        yield [(mark, role), *pieces(before, "dim"), *pieces(differs, role), *pieces(after, "dim")]


def _unified(ones: list[str], others: list[str], marks: tuple[Mark, ...]) -> Iterator[Line]:
    """A unified diff, as `diff -u` has it."""
    try:
        lines = run_with_limit(COMPARING, lambda: _diff(ones, others))
    except TimeLimitExceeded:
        lines = None
    if lines is None:
        at = next((at for at, pair in enumerate(zip(ones, others, strict=False)) if pair[0] != pair[1]), min(len(ones), len(others)))
        yield [(f"line {at + 1:,} of {len(ones):,} and {len(others):,}, too many to be compared here: --json has them", "dim")]
        for lines_of, mark in zip((ones, others), marks, strict=True):
            yield from ([mark, *pieces(line, mark[1])] for line in lines_of[at : at + 1])
        return
    roles = {"-": marks[0][1], "+": marks[1][1], "@": "dim"}
    for line in lines[:MOST_LINES]:
        shown = f"{line[0]} {line[1:]}" if line[:1] in ("-", "+", " ") else line
        yield pieces(shown, roles.get(line[:1], ""))
    if len(lines) > MOST_LINES:
        yield [(f"… {len(lines) - MOST_LINES} more lines: --json has them", "dim")]


def _diff(ones: list[str], others: list[str]) -> list[str] | None:
    from difflib import unified_diff

    least = min(len(ones), len(others))
    same = next((at for at in range(least) if ones[at] != others[at]), least)
    begin = max(same - AROUND, 0)
    tail = next((at for at in range(least - same) if ones[-1 - at] != others[-1 - at]), least - same)
    end = max(tail - AROUND, 0)
    mine, theirs = ones[begin : len(ones) - end], others[begin : len(others) - end]
    if max(len(mine), len(theirs)) > MOST_COMPARED:
        return None
    found = list(unified_diff(mine, theirs, lineterm="", n=AROUND))[2:]
    return [_moved(line, begin) if line.startswith("@@") else line for line in found]


def _moved(head: str, by: int) -> str:
    """`@@ -1,4 +1,5 @@` with its lines counted from the beginning of all."""
    parts = []
    for part in head.split(" ")[1:3]:
        first, comma, count = part[1:].partition(",")
        parts.append(f"{part[0]}{int(first) + by}{comma}{count}")
    return f"@@ {' '.join(parts)} @@"
