"""What a command line says in words and options, under the typed keys of a plan's step: the inverse of `typedkeys.py`.

A key is taken only where the step then sends the same bytes: where order is lost, a file is read, or a value is spelled otherwise, the
words and options stay as they are. Texts may hold letters that stand for secrets.
"""

from __future__ import annotations

import re

from rrcli.adapters.http.prepare.content import form
from rrcli.adapters.http.prepare.items import form_value, json_content, split_item
from rrcli.adapters.http.prepare.target import split_words
from rrcli.adapters.http.typedkeys import item_of
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import dumps, loads
from rrcli.base.url import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rrcli.adapters.http.prepare.items import Item

    Given = dict[str, list[tuple[str, str]]]  # by the option's field: flags and texts

BREAKS = "\r\n\0"  # letters that end a field
# A part of -F that is a file, or a text, in words without any of the letters that have a meaning there.
FILE_PART = re.compile(r"@([\w./~ +-]+)((?:;(?:type|filename)=[\w./ +-]+)*)")
TEXT_PART = re.compile(r'(?![@<("\s])[^;]*(?<!\s)')


def keyed(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """Method and URL, and the items."""
    method, address, items = split_words(arguments)
    return (*([method] if method else ()), address), {"items": list(items)} if items else {}


def headers(words: dict[str, list[str]], given: Given) -> dict[str, Any]:
    """The fields of `--header`, taken out of what was given; none where an item is one."""
    _lengthen(given)
    items = [_item(word) for word in words.get("items", ())]
    if any(item and item.separator in (":", ";", ":@") for item in items):
        return {}
    found = _fields(text for _, text in given.get("headers", ()))
    if found:
        del given["headers"]
    return {"headers": found} if found else {}


def typed(words: dict[str, list[str]], given: Given) -> dict[str, Any]:
    """All that the typed keys say, taken out of the words and options."""
    _lengthen(given)
    taken = _Taking(words.get("items", []), given)
    found = {**taken.headers(), **taken.query(), **taken.content(), **taken.parts()}
    words["items"] = taken.words
    if not taken.words:
        del words["items"]
    return found


class _Taking:
    """Takes items and options, of each kind all or none."""

    def __init__(self, words: list[str], given: Given) -> None:
        self.words = words
        self._given = given

    def _items(self) -> list[tuple[str, Item | None]]:
        return [(word, _item(word)) for word in self.words]

    def _of(self, *separators: str) -> list[Item]:
        return [item for _, item in self._items() if item and item.separator in separators]

    def _drop(self, *separators: str) -> None:
        self.words = [word for word, item in self._items() if not (item and item.separator in separators)]

    def headers(self) -> dict[str, Any]:
        """The fields of `--header`, then those of the items."""
        items = [*self._of(":"), *self._of(";")]
        lines = [text for _, text in self._given.get("headers", ())]
        lines += [f"{item.name}{item.separator}{item.value}" for item in items]
        if self._of(":@") or any(":" in item.name for item in items) or not (found := _fields(lines)):
            return {}
        self._given.pop("headers", None)
        self._drop(":", ";")
        return {"headers": found}

    def query(self) -> dict[str, Any]:
        """The items of the query, where percent-encoding them is all that is done."""
        pairs = [(item.name, item.value) for item in self._of("==")]
        same = all(form([pair]) == "=".join(map(quote, pair)) for pair in pairs)
        if "get" in self._given or self._of("==@") or not same or not (found := _table(pairs)):
            return {}
        self._drop("==")
        return {"query": found}

    def content(self) -> dict[str, Any]:
        """The items that make a form, or JSON."""
        items = self._of("=", ":=")
        if not items or "get" in self._given or self._of("@", "=@", ":=@") or any(item is None for _, item in self._items()):
            return {}
        try:
            found = self._form(items) if "form" in self._given else self._json(items)
        except (ExchangeError, ValueError):
            return {}
        if found:
            self._drop("=", ":=")
        return found

    def _form(self, items: list[Item]) -> dict[str, Any]:
        pairs = [(item.name, form_value(item)) for item in items]
        found = _table(pairs)
        if not found or any(form([pair]) != "=".join(map(quote, pair)) for pair in pairs):
            return {}
        del self._given["form"]
        return {"form": found}

    def _json(self, items: list[Item]) -> dict[str, Any]:
        text = json_content(items).decode("utf-8", "surrogateescape")
        value = loads(text)
        is_same = isinstance(value, dict) and dumps(value) == text and all(item_of(name, member) for name, member in value.items())
        return {"json": value} if is_same else {}

    def parts(self) -> dict[str, Any]:
        """The parts of a multipart form, of options or of items."""
        given = [(flag, *text.partition("=")[::2]) for flag, text in self._given.get("parts", ())]
        items = [] if given else self._of("@", "=")
        if not given and not any(item.separator == "@" for item in items):
            return {}
        if items and (self._of(":=", ":=@", "=@") or any(item is None for _, item in self._items())):
            return {}
        given += [("-F" if item.separator == "@" else "--form-string", item.name, item.separator[1:] + item.value) for item in items]
        pairs = [(name, _part(flag, f"@{value}" if items and flag == "-F" else value)) for flag, name, value in given]
        if any(not name or part is None for name, part in pairs) or not (found := _table(pairs)):
            return {}
        self._given.pop("parts", None)
        if items:
            self._given.pop("form", None)
            self._drop("@", "=")
        return {"multipart": found}


def _lengthen(given: Given) -> None:
    """Spell `-d` as the key that means the same."""
    if "data" in given:
        given["data"] = [("--data" if flag == "-d" else flag, text) for flag, text in given["data"]]


def _item(word: str) -> Item | None:
    """An item; `None` for what is none, or a file that is the whole content."""
    try:
        return None if word[:1] == "@" else split_item(word)
    except ExchangeError:
        return None


def _fields(lines: Iterable[str]) -> dict[str, Any]:
    """The table of fields `Name: value`; empty where a line is another."""
    pairs = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon and line.endswith(";"):
            name, value = line[:-1], ""
        elif not (colon and value.strip(" \t")):
            return {}
        if not name.strip() or name[0] == "@" or any(letter in line for letter in BREAKS):
            return {}
        pairs.append((name, value.strip(" \t")))
    return _table(pairs)


def _table(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a table, in which a list repeats a name; empty where that loses their order."""
    found: dict[str, list[Any]] = {}
    last = None
    for name, value in pairs:
        if name in found and name != last:
            return {}
        found.setdefault(name, []).append(value)
        last = name
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _part(flag: str, value: str) -> Any:
    """The value of a part as the key has it; `None` where the words of `-F` say more."""
    if flag == "--form-string" or TEXT_PART.fullmatch(value):
        return value
    found = FILE_PART.fullmatch(value)
    if not found or found[1] != found[1].strip():
        return None
    options = dict(option.split("=", 1) for option in found[2].split(";")[1:])
    return None if len(options) < found[2].count(";") else {"file": found[1], **options}
