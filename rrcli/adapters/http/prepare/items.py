r"""HTTPie's items on the command line: `name=value name:=json Header:value query==value field@file`.

The leftmost separator that no backslash stands before splits an item, the longest one where several begin there. In JSON
the name is a path: `user[name]=ann`, `tags[]=x`, `tags[3]=y`, `[]=x`; brackets are escaped as `\[`, a number as `[\3]`.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import Verbatim, dumps, loads
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SEPARATORS = (":=@", "==@", "=@", ":@", ":=", "==", "=", "@", ":", ";")  # the longest first
SPECIAL = frozenset(":;=@")
HINT = "write name=value, name:=json, Header:value, query==value or name@file"
LONGEST = 100_000  # elements that an index may make an array have


class Item(Record):
    """One item; `separator` says what it is, a `@` in it is gone once its file was read. With `@` and no name its file is the content."""

    name: str
    separator: str
    value: str


def split_item(word: str) -> Item:
    """The parts of a word. Raises `usage` when it has no separator."""
    at = 0
    while at < len(word):
        if word[at] == "\\":
            at += 2  # whatever stands behind it separates nothing
            continue
        if word[at] in SPECIAL:
            separator = next(separator for separator in SEPARATORS if word.startswith(separator, at))
            return Item(name=_unescape(word[:at]), separator=separator, value=_unescape(word[at + len(separator) :]))
        at += 1
    if not word.isascii():
        from rrcli.base.pasted import refused

        if odd := refused(word):
            raise odd
    raise usage(f"{word!r} is no item", "the method comes before the URL" if word.isalpha() and word.isupper() else HINT)


def parts_of_word(word: str) -> tuple[str, str, str]:
    """Name, separator and value of an item; of `@FILE`, the whole content, no name. Raises `usage`."""
    if word[:1] == "@":
        return "", "@", word[1:]
    item = split_item(word)
    return item.name, item.separator, item.value


def _unescape(text: str) -> str:
    """The text without the backslashes before separators; all others stay, also two of them."""
    parts, at = [], 0
    while (found := text.find("\\", at)) >= 0:
        parts.append(text[at : found + (text[found + 1 : found + 2] not in SPECIAL)])
        parts.append(text[found + 1 : found + 2])
        at = found + 2
    return "".join([*parts, text[at:]])


def read_items(words: tuple[str, ...]) -> list[Item]:
    """The items, contents of files in the place of `=@`, `:=@`, `==@` and `:@`. Raises `usage`, or `local` for a file."""
    return [_read(split_item(word)) for word in words]


def _read(item: Item) -> Item:
    if not item.name and item.separator in (":", ":@", ";"):
        raise usage(f"{item.separator}{item.value!r} has no name", HINT)
    if item.separator == ";" and item.value:
        raise usage(f"'{item.name};{item.value}' is no item", f"an empty field is written {item.name};")
    if item.separator in ("@", ";") or not item.separator.endswith("@"):
        return item
    text = read_text(item.value)
    if item.separator in (":@", "==@"):
        text = text.rstrip("\r\n")
    return item.replace(separator=item.separator[:-1], value=text)


def read_text(path: str, largest: int | None = None) -> str:
    """The text of a file. Raises `ExchangeError` of layer `local`, also for one that is not UTF-8."""
    from os.path import expanduser

    from rrcli.base.files import read_local

    try:
        return (read_local(expanduser(path), largest) if largest else read_local(expanduser(path))).decode()
    except UnicodeDecodeError as error:
        raise ExchangeError("local", "input", f"{path} is no UTF-8 text", hint="a file is sent as it is with field@file or -T") from error


def json_value(item: Item) -> Verbatim | str:
    """The value as it goes into JSON; that of `:=` stays the text it is, so that numbers are exact. Raises `usage`."""
    if item.separator == "=":
        return item.value
    try:
        loads(item.value)
    except ValueError as error:
        raise usage(f"{item.name}:={item.value[:60]}: {error}", f"a text is written {item.name}=value") from error
    return Verbatim(item.value.strip())


def json_content(items: list[Item], start: Any = None) -> bytes:
    """The JSON that the items `=` and `:=` make together, or of `start`, a value or its text, when there is one. Raises `usage`."""
    root: list[Any] = [start]
    for item in items:
        _assign(root, item.name, json_value(item))
    return write_json(root[0]).encode()


def form_value(item: Item) -> str:
    """The value as it goes into a form: `:=` may have a scalar there. Raises `usage`."""
    if item.separator == "=":
        return item.value
    json_value(item)
    found = loads(item.value)
    if isinstance(found, (dict, list)) or found is None:
        raise usage(f"{item.name}:={item.value[:60]} has no place in a form", f"a text is written {item.name}=value")
    return found if isinstance(found, str) else item.value.strip()


def write_json(value: Any) -> str:
    """JSON in which what was given as JSON stands letter for letter."""
    if isinstance(value, Verbatim):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{dumps(key)}: {write_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(write_json(item) for item in value) + "]"
    return dumps(value)


def _assign(root: list[Any], name: str, value: Any) -> None:
    """Put `value` where the path `name` leads from `root[0]`, making objects and arrays on the way. Raises `usage`."""
    holder: Any = root
    at: Any = 0
    for step in json_path(name):
        place: Any = holder[at]
        if isinstance(place, Verbatim):
            place = holder[at] = loads(place.text)
        elif place is None:
            place = holder[at] = {} if isinstance(step, str) else []
        if not isinstance(place, dict if isinstance(step, str) else list):
            raise usage(f"{name!r} asks for an {'object' if isinstance(step, str) else 'array'} where another value stands already")
        holder, at = place, _room(place, step)
    holder[at] = value


def _room(place: Any, step: str | int | None) -> str | int:
    """Make room for `step` in an object or array; the key or index that it means there."""
    if isinstance(step, str):
        place.setdefault(step, None)
        return step
    index = len(place) if step is None else step
    place += [None] * (index + 1 - len(place))
    return index


def json_path(name: str) -> list[str | int | None]:
    """The keys, indexes and `None` (the next free index) that a name means. Raises `usage`."""
    if not {"[", "]", "\\"}.intersection(name):
        return [name]
    steps: list[str | int | None] = []
    text, escaped, inside, at = "", False, False, 0
    while at < len(name):
        letter = name[at]
        if letter == "\\" and name[at + 1 : at + 2] in ("[", "]", "\\"):
            text, escaped, at = text + name[at + 1], True, at + 1
        elif letter == "[" and not inside:
            if not steps and text:
                steps.append(text)
            elif text:
                raise _no_path(name)
            text, escaped, inside = "", False, True
        elif letter == "]" and inside:
            step = _step(text, escaped)
            if not steps and isinstance(step, str):
                raise usage(f"{name!r} begins with [{text}]", "the first key stands without brackets: a[b]=…")
            steps.append(step)
            text, escaped, inside = "", False, False
        elif letter in "[]":
            raise _no_path(name)
        else:
            text += letter
        at += 1
    if inside or (steps and text):
        raise _no_path(name)
    return steps or [text]


def _no_path(name: str) -> ExchangeError:
    return usage(f"{name!r} is no path into JSON: its brackets do not match", "write a[b]=… or a[]=…; a bracket itself is \\[")


def _step(text: str, escaped: bool) -> str | int | None:
    """What stands between brackets."""
    if escaped:
        return text
    if text.isascii() and text.isdecimal():
        if len(text) > 6 or int(text) > LONGEST:
            raise usage(f"the index {text} is too large", f"at most {LONGEST}")
        return int(text)
    if text.startswith("\\") and text[1:].isdecimal():
        return text[1:]
    return text or None
