"""The rows of a `for-each` from a file: CSV, whose values are texts, JSON, lines of JSON, or TOML with one list."""

from __future__ import annotations

from rrcli.base.files import read_local
from rrcli.base.jsontext import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
ENDINGS = ("csv", "json", "ndjson", "toml")


def read_rows(path: str) -> list[Any]:
    """The rows of a file. Raises `local` for one that cannot be read, `usage` and `ValueError` for one that holds no rows."""
    data = read_local(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no UTF-8 text") from None
    ending = path.rpartition(".")[2]
    if ending not in ENDINGS:
        raise ValueError(f"{path}: rows are read from {', '.join('.' + each for each in ENDINGS)}")
    try:
        found = _csv_rows(text) if ending == "csv" else _other_rows(text, ending, path)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(found, list):
        raise ValueError(f"{path} holds no list of rows")
    return found


def _csv_rows(text: str) -> list[Any]:
    from csv import DictReader, Error
    from io import StringIO

    reader = DictReader(StringIO(text, newline=""), restkey="", strict=True)
    try:
        names = list(reader.fieldnames or ())
        if why := next((why for name in names if (why := wrong_column(name))), ""):
            raise ValueError(why)
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"there are two columns {twice}")
        found = []
        for row in reader:
            if "" in row or None in row.values():
                raise ValueError(f"line {reader.line_num} has {'more' if '' in row else 'fewer'} values than there are columns")
            found.append(dict(row))
    except Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None
    return found


def _other_rows(text: str, ending: str, path: str) -> Any:
    if ending == "ndjson":
        return [loads(line) for line in text.splitlines() if line.strip()]
    if ending == "json":
        return loads(text)
    from rrcli.base.sourcefile import parse

    lists = [value for value in parse(text.encode(), path).values.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else None


def label(row: Any, index: int) -> str:
    """What a row is called: its number, and its `name`, else its first value."""
    if isinstance(row, dict):
        row = row.get("name", next(iter(row.values()), ""))
    return f"[{index}] {row if isinstance(row, str) else dumps(row)}".rstrip()


def wrong_column(name: str) -> str:
    """What is wrong with the name of a column of rows, if anything."""
    if not name or set(name) - set(NAME_LETTERS + "0123456789") or name[0].isdecimal():
        return f"{name!r} is no name: write letters, digits and _"
    return ""
