"""The rows of a `for-each` from a file: CSV, whose values are texts, JSON, lines of JSON, or TOML with one list."""

from __future__ import annotations

from rrcli.base.files import read_local
from rrcli.base.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_rows(path: str) -> list[Any]:
    """The rows of a file. Raises `local` for one that cannot be read, `usage` and `ValueError` for one that holds no rows."""
    data = read_local(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no UTF-8 text") from None
    if path.endswith(".csv"):
        from csv import DictReader
        from io import StringIO

        found: Any = [dict(row) for row in DictReader(StringIO(text, newline=""))]
    elif path.endswith(".ndjson"):
        found = [loads(line) for line in text.splitlines() if line.strip()]
    elif path.endswith(".json"):
        found = loads(text)
    else:
        from rrcli.base.sourcefile import parse

        lists = [value for value in parse(data, path).values.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else None
    if not isinstance(found, list):
        raise ValueError(f"{path} holds no list of rows")
    return found
