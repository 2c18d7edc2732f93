"""The cases of a plan: rows that the whole of it is run for, one after the other."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.plan.model import Case
from rrcli.plan.rows import label, read_rows, wrong_column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.base.sourcefile import Problems
    from rrcli.plan.model import Plan


def read_cases(plan: Plan, problems: Problems, file: str | None) -> None:
    """Find the cases of a plan: those of `file`, which stands for `--cases`, else its own."""
    values, source = plan.source.values, plan.source
    own = [key for key in ("case", "cases") if key in values]
    if len(own) == 2:
        problems.add(source, ("cases",), "a plan has [[case]] tables or cases, not both", key=True)
    if file is not None:
        plan.cases = [Case(name=label(row, index), row=row) for index, row in enumerate(rows_of_file(file))]
        return
    if not own:
        return
    key = own[0]
    try:
        rows = read_rows(plan.root.resolve(values[key])) if isinstance(values[key], str) and key == "cases" else values[key]
        check(rows, key)
    except (ExchangeError, ValueError) as error:
        problems.add(source, (key,), str(error))
        rows = []
    plan.cases = [
        Case(name=label(row, index), row=row, line=source.line((key, index) if isinstance(values[key], list) else (key,)))
        for index, row in enumerate(rows)
    ]


def rows_of_file(path: str) -> list[dict[str, Any]]:
    """The cases of `--cases FILE`. Raises `usage` where they cannot be read: nothing is sent then."""
    try:
        rows = read_rows(path)
        check(rows, path)
    except (ExchangeError, ValueError) as error:
        raise usage(f"--cases: {error}") from None
    return rows


def check(rows: Any, what: str) -> None:
    """Raise `ValueError` for what are no cases."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f'{what}: cases are tables, at least one: [[case]], or cases = "users.csv"')
    if why := next((why for row in rows for name in row if (why := wrong_column(name))), ""):
        raise ValueError(f"{what}: {why}")
