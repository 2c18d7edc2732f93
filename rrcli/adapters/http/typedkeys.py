"""The keys of a plan's step that have typed values: `headers`, `query`, `json`, `form` and `multipart`.

Each has `load`, which reads what is written and raises `ValueError`, and `apply`, which adds the value to those of the request. No
value is syntax there: it is quoted, or stands where everything is content.
"""

from __future__ import annotations

from math import isfinite

from rrcli.adapters.http.prepare.items import Item, json_path, split_item
from rrcli.adapters.http.prepare.target import split_words
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import dumps, loads
from rrcli.base.record import Record
from rrcli.base.url import quote
from rrcli.options.parse import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Values = dict[str, Any]
    Resolve = Callable[[str], str]  # the file that a name in the plan means

BACKSLASH = "\\"
FILE_KEYS = ("file", "type", "filename")


class TypedKey(Record):
    """How one key is read and what it adds."""

    load: Callable[[Any], Any]
    apply: Callable[[Any, Values, Resolve], None]


def _table(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError('it is a table: { name = "value" }')
    return value


def _json(value: Any) -> Any:
    """A value, or JSON text, unless that is one template, whose value is the content."""
    text = value.strip() if isinstance(value, str) else ""
    if _has_no_number(value):
        raise ValueError("inf and nan are no numbers of JSON")
    if not isinstance(value, str) or (text.startswith("{{") and text.endswith("}}") and text.count("{{") == 1):
        return value
    try:
        return loads(text)
    except ValueError as error:
        raise ValueError(f"it is no JSON text: {error}; a text alone is written '\"text\"'") from None


def _has_no_number(value: Any) -> bool:
    """Whether a number of TOML is in it that JSON has not."""
    if isinstance(value, (dict, list)):
        return any(map(_has_no_number, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and not isfinite(value)


def _parts_of(value: Any) -> Any:
    """A table whose parts are texts, files, or values that are sent as JSON."""
    for name, given in _table(value).items():
        for part in given if isinstance(given, list) else [given]:
            if isinstance(part, dict) and "file" not in part:
                near = next((meant for key in part if (meant := suggestion(key, FILE_KEYS))), "")
                if near:
                    raise ValueError(f"multipart: {name} has no file{near}")
    return value


def _pairs(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The names and texts; a list repeats its name."""
    for name, value in table.items():
        for each in value if isinstance(value, list) else [value]:
            yield name, each if isinstance(each, str) else dumps(each)


def _add(values: Values, name: str, *more: Any) -> None:
    values[name] = (*values.get(name, ()), *more)


def _headers(value: Any, values: Values, _: Resolve) -> None:
    for name, text in _pairs(value):
        if ":" in name or any(letter in name + text for letter in "\r\n\0"):
            raise ValueError(f"headers: {name!r} has a letter that would end it")
        _add(values, "headers", f"{name}: {text}" if text else f"{name};")


def _query(value: Any, values: Values, _: Resolve) -> None:
    method, address, items = split_words(values["arguments"])
    address, mark, fragment = address.partition("#")
    query = "&".join(f"{quote(name)}={quote(text)}" for name, text in _pairs(value))
    path, own = (*address.split("?", 1), "")[:2]
    joined = f"{path}?{own}{own and '&'}{query}" if query else address
    values["arguments"] = (*([method] if method else []), joined + mark + fragment, *items)


def _json_content(value: Any, values: Values, _: Resolve) -> None:
    """An object as the items that make it on a command line; any other value, and what no item says, as JSON text."""
    words = [] if values.get("get") or not isinstance(value, dict) else [item_of(name, member) for name, member in value.items()]
    if words and None not in words:
        _add(values, "arguments", *words)
        return
    _add(values, "data", ("--data-raw", dumps(value)))
    if not any(line.partition(":")[0].strip().lower() == "content-type" for line in values.get("headers", ())):
        _add(values, "headers", "Content-Type: application/json")


def item_of(name: str, value: Any) -> str | None:
    """The item that gives a member of a JSON object this value; `None` where none does."""
    written, separator = (value, "=") if isinstance(value, str) else (dumps(value), ":=")
    word = f"{escaped(name)}{separator}{BACKSLASH if written[:1] in ('=', '@') else ''}{written}"
    same = Item(name=name, separator=separator, value=written)
    try:
        split_words((":80", word))
        found = split_item(word)
        return word if found.replace(name=name) == same and json_path(found.name) == [name] else None
    except ExchangeError:
        return None


def escaped(name: str) -> str:
    """The name of an item, with a backslash before what would end it, or be a path into JSON."""
    for letter in f"{BACKSLASH}[]:=@;":
        name = name.replace(letter, BACKSLASH + letter)
    return name


def _form(value: Any, values: Values, _: Resolve) -> None:
    _add(values, "data", *(("--data-raw", f"{quote(name)}={quote(text)}") for name, text in _pairs(value)))


def _multipart(value: Any, values: Values, resolve: Resolve) -> None:
    for name, given in value.items():
        if not name or "=" in name:
            raise ValueError(f"multipart: {name!r} is no name of a part")
        for part in given if isinstance(given, list) else [given]:
            if isinstance(part, dict) and "file" in part:
                if unknown := [key for key in part if key not in FILE_KEYS]:
                    raise ValueError(f"multipart: a file has {', '.join(FILE_KEYS)}, and no {unknown[0]}")
                options = "".join(f";{key}={_part_word(part[key])}" for key in FILE_KEYS[1:] if key in part)
                _add(values, "parts", ("-F", f"{name}=@{_part_word(resolve(part['file']))}{options}"))
            else:
                _add(values, "parts", ("--form-string", f"{name}={part if isinstance(part, str) else dumps(part)}"))


def _part_word(text: str) -> str:
    """A word of `-F`, where `;` begins the next one."""
    if not isinstance(text, str) or ";" in text:
        raise ValueError(f"multipart: {text!r} is no text without ;")
    return text


HEADERS = {"headers": TypedKey(load=_table, apply=_headers)}
KEYS = {
    **HEADERS,
    "query": TypedKey(load=_table, apply=_query),
    "json": TypedKey(load=_json, apply=_json_content),
    "form": TypedKey(load=_table, apply=_form),
    "multipart": TypedKey(load=_parts_of, apply=_multipart),
}
