"""Files of TOML or JSON that people write, read so that whatever is wrong in them can be told with its place.

`parse` gives a `SourceFile`: its `values` as dicts, lists, text, numbers, and the place of each by its path, as `("step", 0, "http")`.
Whoever reads the values tells what is wrong to one `Problems`, by path, and goes on; `Problems.raise_any` then raises all of it at
once, in the order of the files and lines, as `FILE:LINE:COLUMN: what; did you mean …?`. Reading is not slowed by that: places are
looked for only once one is wanted (`places.py`).
"""

from __future__ import annotations

import re

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.files import read_local
from rrcli.base.jsontext import DEEPEST, is_deep, repeated_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.base.places import Path, Places

LARGEST = 16 << 20  # bytes: far more than anybody writes
DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d")
BOM = "\ufeff"


class SourceFile:
    """A file as it was read. `name` is what messages call it: its path, or `-` for standard input."""

    def __init__(self, name: str, text: str, values: dict[str, Any], *, is_json: bool) -> None:
        self.name = name
        self.text = text
        self.values = values
        self.is_json = is_json
        self._places: Places | None = None

    def where(self, path: Path, *, key: bool = False, token: str = "") -> tuple[int, int]:
        """Line and column of the value at a path, of its `key`, or of a `token` in it; of what is around it where it is not in the file."""
        if self._places is None:
            from rrcli.base.places import Places

            self._places = Places(self.text, is_json=self.is_json)
        return self._places.of(path, key=key, token=token)

    def line(self, path: Path) -> int:
        """The line on which a value is set."""
        return self.where(path, key=True)[0]


class Problems:
    """Collects what is wrong in one or more files."""

    def __init__(self) -> None:
        self._found: list[tuple[str, int, int, str]] = []

    def add(self, source: SourceFile, path: Path, what: str, *, key: bool = False, token: str = "") -> None:
        """Tell what is wrong with the value at a path, with its `key`, or with a `token` in it."""
        line, column = source.where(path, key=key, token=token)
        self._found.append((source.name, line, column, what))

    def __bool__(self) -> bool:
        """Whether anything was told."""
        return bool(self._found)

    def take(self, other: Problems) -> None:
        """What was told to another."""
        self._found += other._found

    def raise_any(self) -> None:
        """Raise one error of layer `usage` for all that was told; its `problems` are the lines to print."""
        if self._found:
            names = list(dict.fromkeys(name for name, *_ in self._found))
            found = sorted(self._found, key=lambda each: (names.index(each[0]), each[1:3]))
            raise wrong([f"{name}:{line}:{column}: {what}" for name, line, column, what in found])


def wrong(lines: list[str]) -> ExchangeError:
    """The error for what is wrong in files: one line for each thing."""
    error = usage(lines[0] if len(lines) == 1 else f"{lines[0]} (and {len(lines) - 1} more)")
    error.problems = tuple(dict.fromkeys(lines))
    return error


def read(path: str) -> SourceFile:
    """Read a file, or standard input for `-`. Raises `local` for what cannot be read, `usage` for what is no TOML or JSON."""
    return parse(read_local(path), path)


def parse(data: bytes, name: str) -> SourceFile:
    """Read TOML 1.1, or JSON where the name ends so or the text begins with `{`. Raises `usage` with the place of what is wrong."""
    if len(data) > LARGEST:
        raise wrong([f"{name}:1:1: it is larger than {LARGEST >> 20} MiB"])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise wrong([f"{name}:{line}:{column}: this is no UTF-8"]) from None
    text = text.removeprefix(BOM).replace("\r\n", "\n")
    is_json = name.endswith(".json") or text.lstrip()[:1] == "{"
    values = _json(text, name) if is_json else _toml(text, name)
    if is_deep(values):
        raise _too_deep(name)
    return SourceFile(name, text, values, is_json=is_json)


def _toml(text: str, name: str) -> dict[str, Any]:
    from tomli import TOMLDecodeError, loads

    try:
        values = loads(text)
        return _with_written_dates(values) if DATE.search(text) else values
    except TOMLDecodeError as error:
        if repeated := _repeated(text, name, is_json=False):
            raise repeated from None
        raise _not_toml(text, name, error.msg, error.pos) from None
    except RecursionError:
        raise _too_deep(name) from None


def _with_written_dates(value: Any) -> Any:
    """The value with dates and times as texts: nothing here reckons with them, and JSON has none."""
    if isinstance(value, dict):
        return {key: _with_written_dates(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_written_dates(each) for each in value]
    if not hasattr(value, "isoformat"):
        return value
    text: str = value.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _not_toml(text: str, name: str, message: str, offset: int) -> ExchangeError:
    """The error for what the parser stumbles on, with the cure for what people stumble on most."""
    if "\\" in message:
        offset = text.rfind("\\", 0, offset)
        message += "; in single quotes a backslash is a backslash: 'a\\d'"
    elif message == "Invalid value" and text[offset : offset + 1].isalpha():
        message += "; text stands in quotes"
    line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    return wrong([f"{name}:{line}:{column}: {message[:1].lower()}{message[1:]}"])


def _json(text: str, name: str) -> dict[str, Any]:
    from json import JSONDecodeError, loads

    try:
        value = loads(text, parse_constant=_refuse_constant)
    except JSONDecodeError as error:
        raise wrong([f"{name}:{error.lineno}:{error.colno}: {error.msg[:1].lower()}{error.msg[1:]}"]) from None
    except ValueError as error:
        raise wrong([f"{name}:1:1: {error}"]) from None
    except RecursionError:
        raise _too_deep(name) from None
    if not isinstance(value, dict):
        raise wrong([f"{name}:1:1: an object is wanted, {{…}}"])
    if repeated_name(text) is not None and (repeated := _repeated(text, name, is_json=True)):
        raise repeated
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _repeated(text: str, name: str, *, is_json: bool) -> ExchangeError | None:
    """The error for keys that are given twice, of which a reader would take one or the other."""
    from rrcli.base.places import Places

    places = Places(text, is_json=is_json)
    lines = ["{}:{}:{}: {} is given twice".format(name, *places.line_and_column(offset), key) for key, offset in places.repeated]
    return wrong(lines) if lines else None


def _too_deep(name: str) -> ExchangeError:
    return wrong([f"{name}:1:1: nested deeper than {DEEPEST}"])
