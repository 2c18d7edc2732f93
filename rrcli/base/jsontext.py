"""JSON without the `json` package, whose import costs as much as half an interpreter: the C scanner and encoder alone.

Written JSON is safe on a terminal: C0, C1, DEL, unseen letters and lone surrogates are escaped.
"""

from __future__ import annotations

from _json import encode_basestring, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

WHITESPACE = " \t\n\r"
DEEPEST = 200  # levels of nesting that are read: what the drawing and the checks can walk


class Verbatim:
    """A JSON value that is written as the text it came as: numbers, order and repeats exactly as sent."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def plain(value: Any) -> Any:
    """The value as Python has it, for what compares or searches: each `Verbatim` in it is read."""
    if type(value) is Verbatim:
        return loads(value.text)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


class Sliced:
    """A JSON value that is written piece by piece: `slices()` gives the pieces of its text."""

    __slots__ = ("slices",)

    def __init__(self, slices: Callable[[], Iterator[str]]) -> None:
        self.slices = slices


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 4000 else float(text)  # Python refuses to read longer ones (CVE-2020-10735)


class _Rules:
    """What the C scanner asks for: here also how pairs of an object, and numbers, are taken."""

    strict = True
    object_hook = array_hook = None
    parse_constant = staticmethod(_refuse)
    memo: dict[str, str] = {}

    def __init__(
        self, pairs: Callable[..., Any] | None = None, real: Callable[..., Any] = float, whole: Callable[..., Any] = _integer
    ) -> None:
        self.object_pairs_hook = pairs
        self.parse_float = real
        self.parse_int = whole


class Repeated(Exception):
    """A name came twice in one object."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Repeated(name)
            seen.add(name)


def repeated_name(text: str) -> str | None:
    """A name that some object of a JSON text has twice; readers differ on which of its values counts (RFC 8259 section 4)."""
    try:
        make_scanner(_Rules(_once))(text, len(text) - len(text.lstrip(WHITESPACE)))  # type: ignore[arg-type]  # as below
    except Repeated as repeated:
        return repeated.name
    except (StopIteration, ValueError, RecursionError, SystemError):  # as below
        pass
    return None


class Digits(str):
    """A number as it was written in a JSON text."""

    __slots__ = ()


_scan: Callable[[str, int], tuple[Any, int]] = make_scanner(_Rules())  # type: ignore[arg-type]  # only the attributes are read


def loads_digits(text: str) -> Any:
    """As `loads`, with each number as the `Digits` that it was written in."""
    return loads(text, make_scanner(_Rules(None, Digits, Digits)))  # type: ignore[arg-type]  # as above


def loads(text: str, scan: Callable[[str, int], tuple[Any, int]] = _scan) -> Any:
    """The value of a JSON text. Raises `ValueError` for anything else (NaN and too deep a nesting too)."""
    body = text.strip(WHITESPACE)
    try:
        value, end = scan(body, 0)
    except (StopIteration, RecursionError, SystemError) as error:
        # The scanner of 3.11 and 3.12 fails without an exception while `json.decoder` is not loaded: a SystemError.
        raise ValueError("not JSON") from error
    if end != len(body):
        raise ValueError(f"not JSON after character {end}")
    if text.count("[") + text.count("{") > DEEPEST and is_deep(value):
        raise ValueError(f"nested deeper than {DEEPEST}")
    return value


def fault(text: str) -> str | None:
    """Why a text is no JSON, with line and column, counted from 1; `None` for JSON, also for what is nested too deeply to be read."""
    from json import JSONDecodeError, JSONDecoder

    body = text.removeprefix("\ufeff")
    try:
        JSONDecoder(parse_constant=_refuse).decode(body)
    except JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
        return f"it breaks at line {error.lineno}, column {error.colno}: {message.partition(' (')[0]}"
    except RecursionError:
        return None
    except ValueError as error:  # what `_refuse` has said; or a number has more digits than Python converts, which is JSON all the same
        place = _place_of_constant(body)
        return f"{place}: {error}" if place else None
    return None


def _place_of_constant(text: str) -> str | None:
    """Where NaN or Infinity stands outside the strings; `None` where neither does."""
    import re

    found = next((found for found in re.finditer(r'"(?:\\.|[^"\\])*"|NaN|-?Infinity', text, re.DOTALL) if found[0][0] != '"'), None)
    if found is None:
        return None
    line = text.count("\n", 0, found.start()) + 1
    return f"it breaks at line {line}, column {found.start() - text.rfind(chr(10), 0, found.start())}"


def is_deep(value: Any) -> bool:
    """Whether a value nests deeper than `DEEPEST`; found level by level, for recursion is what it protects."""
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for item in level:
            inner += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        level = [item for item in inner if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


# --- writing

_escapes: dict[str, str] = {}  # of what a terminal might obey; made when the first such letter comes
LONG = 1 << 20  # letters: a longer text is written in pieces, because escapes make it six times as long
SINGLE = (int, float, bool, type(None))
_ONE_LINE = {"\n": "", "\r": "", "\t": " "}  # JSON's own white space, which alone stands outside strings


def _safe(text: str) -> str:
    """Escape in a finished JSON text what a terminal might obey; such characters stand within strings only."""
    if text.isascii():
        return text.replace("\x7f", "\\u007f")
    if text.replace("\n", " ").isprintable():
        return text
    # One search for each at C speed: `translate` would make an object of every character.
    if not _escapes:
        from rrcli.base.visible import UNSEEN, unicode_escape

        _escapes.update({chr(code): unicode_escape(code) for code in (0x7F, *range(0x80, 0xA0), *UNSEEN)})
    text = _replace(text, _escapes)
    return text.encode("utf-8", "backslashreplace").decode()  # lone surrogates, which are written as JSON does


def _replace(text: str, table: dict[str, str]) -> str:
    for letter, shown in table.items():
        if letter in text:
            text = text.replace(letter, shown)
    return text


class _Apart(TypeError):
    """The C encoder met a `Verbatim` or a `Sliced`: what holds it has to be written piece by piece."""


def _unknown(value: object) -> str:
    if type(value) in (Verbatim, Sliced):
        raise _Apart
    raise TypeError(f"{type(value).__name__} is no JSON value")


_encode = make_encoder(None, _unknown, encode_basestring, None, ": ", ", ", False, False, False)


def dumps(value: Any, indent: int = 0) -> str:
    """One line of JSON, or the outer `indent` levels of objects one key per line. Infinities and NaN become `null`."""
    return "".join(pieces(value, indent))


def laid_out(value: Any) -> str:
    """JSON for a file that people keep in git: a member a line, in the order of names."""
    from json import dumps as dumped

    return _safe(dumped(_finite(value), indent=2, sort_keys=True, ensure_ascii=False)) + "\n"


def pieces(value: Any, indent: int = 0) -> Iterator[str]:
    """The same text in pieces, none of them longer than the longest text that the value holds whole."""
    return map(_safe, _write(value, indent, "\n"))


def _write(value: Any, levels: int, newline: str) -> Iterator[str]:
    if type(value) is Verbatim:
        yield _replace(value.text, _ONE_LINE)
        return
    if type(value) is Sliced:
        yield from value.slices()
        return
    if _is_long(value):
        yield '"'
        for at in range(0, len(value), LONG):
            yield encode_basestring(value[at : at + LONG])[1:-1]
        yield '"'
        return
    if not (levels and _has_objects(value)) and not _holds_long(value):
        try:
            yield _whole(value)
            return
        except _Apart:
            pass
    below = max(levels - 1, 0)
    inner, gap = (newline + "  ", f",{newline}  ") if levels else ("", ", ")
    is_object = isinstance(value, dict)
    yield "{" if is_object else "["
    before = inner
    for key in value:
        item = value[key] if is_object else key
        lead = f"{before}{encode_basestring(key)}: " if is_object else before
        if type(item) in SINGLE or (type(item) is str and len(item) <= LONG):
            yield lead + _whole(item)
        else:
            yield lead
            yield from _write(item, below, newline + "  ")
        before = gap
    yield (newline if levels else "") + ("}" if is_object else "]")


def _is_long(value: Any) -> bool:
    return type(value) is str and len(value) > LONG


def _holds_long(value: Any, levels: int = 6) -> bool:
    """Whether an object or a list holds such a text, itself or in one within; further down than `levels` nobody looks."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return False
    return any(_is_long(item) or (levels > 1 and _holds_long(item, levels - 1)) for item in value)


def _whole(value: Any) -> str:
    """One line by the C encoder. Raises `_Apart` for what it cannot write."""
    try:
        return "".join(_encode(value, 0))
    except ValueError:  # JSON has no such numbers; `1e999` is read as one
        return "".join(_encode(_finite(value), 0))


def _has_objects(value: Any) -> bool:
    """Whether it is an object, or a list of them, with something in it: what is written one line each."""
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, (list, tuple)) and any(isinstance(item, dict) for item in value)


def _finite(value: Any) -> Any:
    """The value with `null` for what is no finite number."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value
