"""JSON without the `json` package, whose import costs as much as half an interpreter: the C scanner and encoder alone.

Written JSON is safe on a terminal: C0, C1, DEL, bidirectional controls and lone surrogates are escaped.
"""

from __future__ import annotations

from _json import encode_basestring, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

WHITESPACE = " \t\n\r"
DEEPEST = 500  # levels of nesting that are read: what the drawing and the checks can walk


class Verbatim:
    """A JSON value that is written as the text it came as: numbers, order and repeats exactly as sent."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 4000 else float(text)  # Python refuses to read longer ones (CVE-2020-10735)


class _Rules:
    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = staticmethod(_integer)
    parse_constant = staticmethod(_refuse)
    memo: dict[str, str] = {}


_scan: Callable[[str, int], tuple[Any, int]] = make_scanner(_Rules())  # type: ignore[arg-type]  # only the attributes are read


def loads(text: str) -> Any:
    """The value of a JSON text. Raises `ValueError` for anything else (NaN and too deep a nesting too)."""
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise ValueError(f"nested deeper than {DEEPEST}")
    body = text.strip(WHITESPACE)
    try:
        value, end = _scan(body, 0)
    except (StopIteration, RecursionError, SystemError) as error:
        # The scanner of 3.11 and 3.12 fails without an exception while `json.decoder` is not loaded: a SystemError.
        raise ValueError("not JSON") from error
    if end != len(body):
        raise ValueError(f"not JSON after character {end}")
    return value


def _depth(text: str) -> int:
    """How deep brackets nest, those within strings counted too: an upper bound."""
    deepest = depth = 0
    for letter in text:
        if letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth -= 1
    return deepest


# --- writing

_ESCAPES: dict[int, str] = {
    code: f"\\u{code:04x}"
    for code in (0x7F, *range(0x80, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}


class _Surrogates(dict[int, str]):
    """The escapes of all surrogates, made when one is met."""

    def __missing__(self, code: int) -> str:
        if 0xD800 <= code <= 0xDFFF:
            return f"\\u{code:04x}"
        raise LookupError(code)


_TABLE = _Surrogates(_ESCAPES)


def _safe(text: str) -> str:
    """Escape in a finished JSON text what a terminal might obey; such characters stand within strings only."""
    if text.isascii() and "\x7f" not in text:
        return text
    return text.translate(_TABLE)


def _unknown(value: object) -> str:
    raise TypeError(f"{type(value).__name__} is no JSON value")


_compact = make_encoder(None, _unknown, encode_basestring, None, ": ", ", ", False, False, True)


def dumps(value: Any, indent: int = 0) -> str:
    """One line of JSON, or the outer `indent` levels of objects one key per line."""
    return _safe(_write(value, indent, "\n"))


def _write(value: Any, levels: int, newline: str) -> str:
    if type(value) is Verbatim:
        return value.text.translate(_ONE_LINE)
    if isinstance(value, dict) and value and (levels or any(type(item) in (Verbatim, dict) for item in value.values())):
        inner = newline + "  "
        parts = [f"{encode_basestring(key)}: {_write(item, levels - 1 if levels else 0, inner)}" for key, item in value.items()]
        return "{" + inner + ("," + inner).join(parts) + newline + "}" if levels else "{" + ", ".join(parts) + "}"
    if isinstance(value, (list, tuple)) and any(isinstance(item, dict) for item in value):
        inner = newline + "  "
        parts = [_write(item, levels - 1 if levels else 0, inner) for item in value]
        return "[" + inner + ("," + inner).join(parts) + newline + "]" if levels else "[" + ", ".join(parts) + "]"
    return "".join(_compact(value, 0))


_ONE_LINE = {10: None, 13: None}
