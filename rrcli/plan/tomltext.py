"""Tables written as TOML 1.0, as a person would write them: in lines of moderate length, text in the quotes that need no escapes."""

from __future__ import annotations

import re

from rrcli.base.visible import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

LINE = 100  # letters: what is longer is written over several lines
BARE = re.compile(r"[A-Za-z0-9_-]+")
LARGEST = 2**63  # of whole numbers, which every reader takes
SPELLED = frozenset(UNSEEN)  # letters that nobody sees, which are escaped
ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def table(heading: str, values: Mapping[str, Any]) -> str:
    """A table with its heading, `[secrets]` or `[[step]]`; tables in it that are long stand below it.

    Raises `ValueError` for a value that TOML has not: null, a number of too many digits, half a surrogate pair.
    """
    name = heading.strip("[]")
    lines, below = [heading], []
    for key, value in values.items():
        line = f"{_key(key)} = {_value(value)}"
        if isinstance(value, dict) and value and len(line) > LINE:
            below += ["", f"[{name}.{_key(key)}]", *_lines(value)]
        else:
            lines += _lines({key: value})
    return "\n".join([*lines, *below]) + "\n"


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        yield f"{_key(key)} = {_wide(value, len(_key(key)) + 3)}"


def _wide(value: Any, column: int) -> str:
    """A value that may take several lines."""
    if isinstance(value, str) and value.count("\n") > 1 and "\r" not in value:
        return _lines_of_text(value)
    text = _value(value)
    if isinstance(value, list) and len(value) > 1 and column + len(text) > LINE:
        return "[\n" + "".join(f"  {_value(each)},\n" for each in value) + "]"
    return text


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and -LARGEST <= value < LARGEST:
        return str(value)
    if isinstance(value, float) and value - value == 0:
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)} = {_value(item)}' for key, item in value.items())} }}" if value else "{}"
    raise ValueError(f"TOML has no {value!r}")


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else _basic(name)


def _text(text: str) -> str:
    """Text in double quotes, or in single ones where it has a backslash or a double quote and nothing that needs an escape."""
    if ("\\" in text or '"' in text) and "'" not in text and text.isprintable() and not _unseen(text):
        return f"'{text}'"
    return _basic(text)


def _basic(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(letter: str) -> str:
    if letter in ESCAPES:
        return ESCAPES[letter]
    if letter.isprintable() and not _unseen(letter):
        return letter
    code = ord(letter)
    if 0xD800 <= code < 0xE000:
        raise ValueError("TOML has no half of a surrogate pair")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unseen(text: str) -> bool:
    return not text.isascii() and not SPELLED.isdisjoint(map(ord, text))


def _lines_of_text(text: str) -> str:
    """Text of several lines as it is read."""
    if text.endswith('"'):
        return _basic(text)
    lines = "".join(letter if letter in '\n"' else _escaped(letter) for letter in text)
    return '"""\n' + lines.replace('""', '"\\"') + '"""'
