r"""Values of PostgreSQL in text format as JSON, exactly; and values as parameters.

Numbers are written with the server's digits (`1.10` stays `1.10`); what JSON has no number for is text (`NaN`, `Infinity`).
json and jsonb are written as they came. bytea, and text that is no UTF-8, is `{"base64": "…"}`. Arrays are arrays, without
their bounds. Everything else is the server's text: times, intervals, enums, ranges, composites, uuid.
A text that its type cannot have, as a number with letters, is given as text too: nothing is lost, and nothing is guessed.
"""

from __future__ import annotations

from binascii import Error as HexError
from binascii import a2b_hex, b2a_base64

from rrcli.base.errors import malformed, usage
from rrcli.base.jsontext import Verbatim, loads
from rrcli.codec.pg.oids import BOX, ELEMENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from rrcli.codec.pg.messages import Column, DataRow

    Reader = Callable[[bytes], Any]

DEEPEST = 32  # dimensions of an array that are read; PostgreSQL has 6 at most
_DIGITS = frozenset("0123456789")


def text(data: bytes) -> Any:
    """The text, or its bytes where it is no UTF-8 (a database in SQL_ASCII)."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64(data)


def base64(data: bytes) -> dict[str, str]:
    return {"base64": b2a_base64(data, newline=False).decode("ascii")}


def _bool(data: bytes) -> Any:
    return True if data == b"t" else False if data == b"f" else text(data)


def _integer(data: bytes) -> Any:
    digits = data[1:] if data[:1] == b"-" else data
    return int(data) if digits.isdigit() and len(digits) < 20 and _is_json_integer(digits) else text(data)


def _is_json_integer(digits: bytes) -> bool:
    """JSON has no number that begins with a zero and goes on."""
    return digits[:1] != b"0" or len(digits) == 1


def _number(data: bytes) -> Any:
    """The digits as they are, or the text for NaN and the infinities."""
    found = text(data)
    if not isinstance(found, str) or not _is_json_number(found):
        return found
    return Verbatim(found)


def _is_json_number(letters: str) -> bool:
    """Whether a text is a number in JSON's grammar (RFC 8259 section 6)."""
    mantissa, e, exponent = letters.removeprefix("-").replace("E", "e").partition("e")
    whole, dot, fraction = mantissa.partition(".")
    power = exponent[1:] if exponent[:1] in ("+", "-") and exponent else exponent
    parts = [whole, *([fraction] if dot else ()), *([power] if e else ())]
    return all(part and _DIGITS.issuperset(part) for part in parts) and (whole == "0" or whole[0] != "0")


def _json(data: bytes) -> Any:
    found = text(data)
    if isinstance(found, str):
        try:
            loads(found)
        except ValueError:
            return found
        return Verbatim(found)
    return found


def _bytea(data: bytes) -> Any:
    r"""In the form `\x68656c6c6f`, or escaped (`bytea_output`)."""
    if data.startswith(b"\\x"):
        try:
            return base64(a2b_hex(data[2:]))
        except HexError:
            return text(data)
    if b"\\" not in data:
        return base64(data)
    found, at = bytearray(), 0
    while (slash := data.find(b"\\", at)) >= 0:
        found += data[at:slash]
        octal = data[slash + 1 : slash + 4]
        if data[slash + 1 : slash + 2] == b"\\":
            found.append(92)
            at = slash + 2
        elif len(octal) == 3 and octal[:1] <= b"3" and not octal.strip(b"01234567"):
            found.append(int(octal, 8))
            at = slash + 4
        else:
            return text(data)
    return base64(bytes(found + data[at:]))


_READERS: dict[int, Reader] = {
    16: _bool, 17: _bytea, 20: _integer, 21: _integer, 23: _integer, 26: _integer, 114: _json, 700: _number, 701: _number,
    1700: _number, 3802: _json,
}  # fmt: skip


def reader(oid: int) -> Reader:
    """What makes JSON of the values of a type, `text` for all that are shown as the server's text."""
    if oid in _READERS:
        return _READERS[oid]
    element = ELEMENTS.get(oid)
    if element is None:
        return text
    inner = _READERS.get(element, text)
    return lambda data: array(data, inner, b";" if element == BOX else b",")


class Rows:
    """The rows of one result as objects. A column whose name was there already becomes `name_2`; `renamed` are those."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.names: list[str] = []
        self.renamed: list[str] = []
        self._readers = [reader(column.oid) if column.format == 0 else base64 for column in columns]
        numbers: dict[str, int] = {}  # the last number that each repeated name got
        taken = {column.name for column in columns}
        for column in columns:
            name = column.name
            number = numbers.get(name, 0) + 1
            while number > 1 and f"{name}_{number}" in taken:
                number += 1
            numbers[name] = number
            if number > 1:
                name = f"{name}_{number}"
                taken.add(name)
                self.renamed.append(name)
            self.names.append(name)

    def read(self, row: DataRow) -> dict[str, Any]:
        """One row. Raises `malformed` for another count of values than of columns."""
        if len(row.values) != len(self.names):
            raise malformed(f"a row has {len(row.values)} values, and the result {len(self.names)} columns")
        return {
            name: None if value is None else read(value) for name, read, value in zip(self.names, self._readers, row.values, strict=True)
        }


# --- arrays


_MARKS = (b"{", b"}", b'"', b"\\")  # what no element holds outside quotes


class _Broken(Exception):
    """The text is no array."""


def array(data: bytes, element: Reader = text, delimiter: bytes = b",") -> Any:
    """An array as the server writes it, `[0:1]={1,NULL}` with bounds; the text itself where it is none."""
    at = 0
    if data[:1] == b"[":
        at = data.find(b"]={") + 2
        if at < 2 or data[:at].strip(b"[]:=-+0123456789"):
            return text(data)
    inside = data[at + 1 : -1]
    if data[at : at + 1] == b"{" and data[-1:] == b"}" and not any(mark in inside for mark in _MARKS):  # the everyday one
        parts = inside.split(delimiter)
        if all(parts):
            return [None if part == b"NULL" else element(part) for part in parts]
    try:
        value, end = _array(data, at, element, delimiter)
    except _Broken:
        return text(data)
    return value if end == len(data) else text(data)


def _array(data: bytes, at: int, element: Reader, delimiter: bytes) -> tuple[list[Any], int]:
    """The array that begins at `at`, and where it ends."""
    open_arrays: list[list[Any]] = []
    wants = True  # an element comes next, not what divides elements
    while True:
        letter = data[at : at + 1]
        if not letter:
            raise _Broken
        if letter == b"{" and wants:
            if len(open_arrays) == DEEPEST:
                raise _Broken
            open_arrays.append([])
            at += 1
            continue
        if not open_arrays:
            raise _Broken
        if letter == b"}" and (not wants or not open_arrays[-1]):
            done = open_arrays.pop()
            at += 1
            if not open_arrays:
                return done, at
            open_arrays[-1].append(done)
            wants = False
        elif letter == delimiter and not wants:
            wants = True
            at += 1
            if data[at : at + 1] == b"}":
                raise _Broken
        elif wants:
            value, at = _element(data, at, element, delimiter)
            open_arrays[-1].append(value)
            wants = False
        else:
            raise _Broken


def _element(data: bytes, at: int, element: Reader, delimiter: bytes) -> tuple[Any, int]:
    """One element, quoted or not, and where it ends."""
    if data[at : at + 1] == b'"':
        return _quoted(data, at + 1, element)
    end = data.find(delimiter, at)
    raw = data[at : end if end >= 0 else len(data)].partition(b"}")[0]
    end = at + len(raw)
    if not raw or end == len(data) or any(mark in raw for mark in _MARKS):
        raise _Broken
    return None if raw == b"NULL" else element(raw), end


def _quoted(data: bytes, at: int, element: Reader) -> tuple[Any, int]:
    parts = []
    quote = data.find(b'"', at)
    while quote >= 0:
        slash = data.find(b"\\", at, quote)
        if slash < 0:
            parts.append(data[at:quote])
            return element(b"".join(parts)), quote + 1
        parts += (data[at:slash], data[slash + 1 : slash + 2])
        at = slash + 2
        if quote < at:
            quote = data.find(b'"', at)
    raise _Broken


# --- parameters


def parameter(value: Any) -> bytes | None:
    """A value as a parameter in text format, whose type the server finds; `None` is NULL. Raises `usage` for a zero byte.

    A list is an array; an object, and `Verbatim`, JSON; bytes are a bytea; a truth value `true` or `false`.
    """
    if value is None:
        return None
    data = _as_text(value).encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise usage("a parameter contains a zero byte, which PostgreSQL takes in no text", "give bytes for a bytea")
    return data


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(str(value), repr(value))
    if isinstance(value, (bytes, bytearray)):
        return f"\\x{value.hex()}"
    if isinstance(value, (list, tuple)):
        return f"{{{','.join(map(_as_element, value))}}}"
    if isinstance(value, dict):
        from rrcli.base.jsontext import dumps

        return dumps(value)
    return value.text if isinstance(value, Verbatim) else str(value)


def _as_element(value: Any) -> str:
    """An element of an array: a list within it is one more dimension, NULL and numbers are bare, all else is quoted."""
    if value is None:
        return "NULL"
    shown = _as_text(value)
    if isinstance(value, (list, tuple, bool, int, float)):
        return shown
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
