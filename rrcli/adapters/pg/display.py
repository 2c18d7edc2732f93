"""Results, errors and plans as people read them."""

from __future__ import annotations

from rrcli.base.jsontext import Verbatim, dumps, loads
from rrcli.codec.pg.report import mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.pg.prepare import PgQuery
    from rrcli.adapters.pg.request import PgRequest
    from rrcli.adapters.pg.results import Result, Results
    from rrcli.codec.pg.report import ErrorResponse, Mark

MOST_DRAWN = 200  # rows of a table
WIDEST = 60  # columns of a cell
NULL = "NULL"
NUMBERS = ("int2", "int4", "int8", "oid", "float4", "float8", "numeric", "money")
GAP = "  "


def drawn(asked: PgQuery, results: Results, data: dict[str, Any]) -> str | None:
    """The results as tables; `None` where the content says more: data of COPY, and rows that were not kept."""
    if asked.request.explain and "plan" in data:
        return "\n".join((*_plan(data["plan"], 0), f"{data['server_ms']:.2f} ms in the server: planning and execution"))
    if any(result.copy and result.copy["direction"] == "out" for result in results.all) or len(results.all) > MOST_DRAWN:
        return None
    if any(result.count and not result.rows for result in results.all):
        return None
    several = len(results.all) > 1
    parts = []
    for result in results.all:
        lines = list(_table(result)) if result.columns else []
        if several and result.tag:
            lines.append(result.tag)
        parts += lines
    return "\n".join(parts) or None


def _table(result: Result) -> Iterator[str]:
    """A table of the rows, with the names of the columns above; numbers stand at the right."""
    names = result.reader.names
    rows = [[_cell(row[name]) for name in names] for row in result.rows[:MOST_DRAWN]]
    data = result.data()["columns"]
    at_right = [column["type"] in NUMBERS for column in data]
    heads = [_cut(name) for name in names]
    widths = [max((_width(cells[at]) for cells in (heads, *rows)), default=0) for at in range(len(names))]
    yield _line(heads, widths, [False] * len(names))
    yield GAP.join("─" * width for width in widths)
    for cells in rows:
        yield _line(cells, widths, at_right)
    if result.count > len(rows):
        yield f"… {result.count - len(rows)} more rows: --format raw prints all of them"


def _line(cells: list[str], widths: list[int], at_right: list[bool]) -> str:
    padded = (
        " " * (width - _width(cell)) + cell if right else cell + " " * (width - _width(cell))
        for cell, width, right in zip(cells, widths, at_right, strict=True)
    )
    return GAP.join(padded).rstrip()


def _cell(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        return _cut(value)
    return _cut(value.text if isinstance(value, Verbatim) else dumps(value))


def _cut(text: str) -> str:
    """The text on one line, its end left out where it is long."""
    from rrcli.base.visible import visible

    shown = visible(text[: WIDEST + 1])
    return shown if len(shown) <= WIDEST else shown[: WIDEST - 1] + "…"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


# --- errors


def error_drawn(asked: PgQuery, error: ErrorResponse, done: int) -> str | None:
    """The place in the SQL with a mark under it, and what the server says beside its message, as psql has it."""
    lines: list[str] = []
    sql = asked.pipeline[done] if done < len(asked.pipeline) else asked.sent
    if place := mark(sql, error.position):
        lines += place.lines()
    if error.detail:
        lines += f"DETAIL:  {error.detail}".split("\n")
    if error.hint:
        lines += f"HINT:  {error.hint}".split("\n")
    inner: Mark | None = mark(error.internal_query, error.internal_position) if error.internal_query else None
    if inner:
        lines += ("QUERY:  " + str(error.internal_query).partition("\n")[0], *inner.lines())
    if error.where:
        lines += f"CONTEXT:  {error.where}".split("\n")
    return "\n".join(lines) or None


def like_options(request: PgRequest) -> list[str]:
    """The parameters that are spelled like options of ours; numbers (`-2`) are not."""
    from rrcli.options.request import BESIDE_REQUEST

    flags = {flag for table in (BESIDE_REQUEST, type(request).options_) for declared in table.values() for flag in declared.flags}
    words = [word for word in request.arguments[2:] if word[:1] == "-" and not word[1:2].isdigit()]
    return [word for word in words if word.partition("=")[0] in flags]


# --- plans


def explained(results: Results) -> dict[str, Any]:
    """`plan` and `server_ms` of EXPLAIN's answer, which is one row of JSON; nothing where it is something else."""
    result = next((each for each in results.all if each.columns), None)
    if result is None or not result.rows:
        return {}
    value = next(iter(result.rows[0].values()))
    try:
        found = loads(value.text)[0] if isinstance(value, Verbatim) else loads(str(value))[0]
        server_ms = float(found.get("Planning Time", 0.0)) + float(found.get("Execution Time", 0.0))
        return {**result.data(), "plan": found["Plan"], "server_ms": round(server_ms, 3)}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}


def _plan(node: Any, depth: int) -> Iterator[str]:
    """A line for each node of a plan, indented below the one that reads from it."""
    if not isinstance(node, dict):
        return
    words = str(node.get("Node Type", "?"))
    if name := node.get("Relation Name") or node.get("Index Name") or node.get("CTE Name"):
        words += f" on {name}"
    facts = [
        f"{node[key]} {unit}"
        for key, unit in (
            ("Actual Total Time", "ms"),
            ("Actual Rows", "rows"),
            ("Actual Loops", "loops"),
            ("Shared Read Blocks", "blocks read"),
        )
        if node.get(key)
    ]
    yield f"{'  ' * depth}{words}{'  (' + ', '.join(facts) + ')' if facts else ''}"
    for inner in node.get("Plans") or ():
        yield from _plan(inner, depth + 1)
