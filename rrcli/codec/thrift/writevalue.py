"""JSON values to the fields of a call, by the types of the IDL: what a user wrote, checked before a byte is sent.

Numbers, enums and booleans may come as text, and structs and containers as JSON text, because the words of a command line do.
A map is an object, whose keys that are no text are written as JSON text, or a list of `[key, value]` pairs.
"""

from __future__ import annotations

from binascii import Error, a2b_base64

from rrcli.base import jsontext
from rrcli.base.errors import ExchangeError, usage
from rrcli.codec.thrift.model import INTEGERS, Enum, Struct
from rrcli.codec.thrift.tree import BINARY, BOOL, DEEPEST, DOUBLE, I8, I16, I32, I64, LIST, MAP, SET, STRING, STRUCT, UUID, Items, Pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.thrift.model import Field, Type
    from rrcli.codec.thrift.tree import Fields

CODES = {
    "bool": BOOL, "i8": I8, "i16": I16, "i32": I32, "i64": I64, "double": DOUBLE, "string": STRING, "binary": BINARY, "uuid": UUID,
    "list": LIST, "set": SET, "map": MAP,
}  # fmt: skip
DOUBLES = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def code(type: Type) -> int:
    """The number of the type in a message."""
    real = type.real
    if real.kind == "name":
        return I32 if isinstance(real.target, Enum) else STRUCT
    return CODES[real.kind]


def fields(struct: Struct, value: Any, path: str = "args") -> tuple[Fields, list[str]]:
    """The fields of a struct, or of a method's arguments, in the order of their ids, and notes on what is allowed and odd.

    What is not given and has a default is sent with it, as Apache's clients do. Raises `ExchangeError` (usage), whose sentence
    begins with the path of what does not fit, `args.user.name`.
    """
    writer = _Writer()
    return writer.struct(struct, value, path, 1), writer.notes


class _Writer:
    def __init__(self) -> None:
        self.notes: list[str] = []

    def value(self, type: Type, value: Any, path: str, depth: int) -> Any:
        real = type.real
        kind = real.kind
        if kind in INTEGERS:
            return _integer(value, INTEGERS[kind], kind, path)
        if kind in SCALARS:
            return SCALARS[kind](value, path)
        if isinstance(real.target, Enum):
            return self.enum(real.target, value, path)
        if depth >= DEEPEST:
            raise usage(f"{path}: nested deeper than {DEEPEST}")
        if isinstance(real.target, Struct):
            return self.struct(real.target, value, path, depth + 1)
        return self.map(real, value, path, depth + 1) if kind == "map" else self.list(real, value, path, depth + 1)

    def enum(self, enum: Enum, value: Any, path: str) -> int:
        if isinstance(value, str):
            name = value.removeprefix(f"{enum.name}.")
            if name in enum.members:
                return enum.members[name]
        try:
            number = _integer(value, 32, "i32", path)
        except ExchangeError:
            from rrcli.codec.thrift.near import near

            close = near(value, enum.members) if isinstance(value, str) else ""
            raise usage(f"{path}: enum {enum.name} has no {_shown(value)}{close}", f"it has {_some(enum.members)}") from None
        if enum.name_of(number) is None:
            self.notes.append(f"{path}: enum {enum.name} has no name for {number}")
        return number

    def struct(self, struct: Struct, value: Any, path: str, depth: int) -> Fields:
        value = _parsed(value, path, f"{struct.kind} {struct.name}")
        if not isinstance(value, dict):
            raise usage(f"{path}: {struct.kind} {struct.name} is a JSON object, not {_shown(value)}")
        known = {field.name: field for field in struct.fields}
        for name in value:
            if name not in known:
                raise _unknown_field(struct, name, path)
        found: Fields = []
        for field in sorted(struct.fields, key=lambda field: field.id):
            given = value.get(field.name)
            inner = f"{path}.{field.name}"
            if given is None and field.default and struct.kind != "union":
                from rrcli.codec.thrift.constants import json_value

                given = json_value(struct.program, field.type, field.default)
            if given is None:
                if field.need == "required" or (struct.kind == "arguments" and field.need != "optional"):
                    raise usage(f"{inner} is missing: {_wanted(struct, field)}")
                continue
            if not -0x8000 <= field.id < 0x8000:
                raise usage(f"{inner}: its id {field.id} does not fit in the 16 bits that a message has for it")
            found.append((field.id, code(field.type), self.value(field.type, given, inner, depth)))
        if struct.kind == "union" and len(found) != 1:
            given_names = ", ".join(repr(field.name) for field in struct.fields if value.get(field.name) is not None)
            raise usage(f"{path}: union {struct.name} takes exactly one field, not {given_names or 'none'}", f"it has {_some(known)}")
        return found

    def list(self, type: Type, value: Any, path: str, depth: int) -> Items:
        value = _parsed(value, path, type.name)
        if not isinstance(value, list) or type.item is None:
            raise usage(f"{path}: a {type.name} is a JSON array, not {_shown(value)}")
        return Items(code(type.item), [self.value(type.item, item, f"{path}[{at}]", depth) for at, item in enumerate(value)])

    def map(self, type: Type, value: Any, path: str, depth: int) -> Pairs:
        value = _parsed(value, path, type.name)
        if isinstance(value, dict):
            value = list(value.items())
        is_pairs = isinstance(value, list) and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in value)
        if not is_pairs or type.key is None or type.item is None:
            raise usage(f"{path}: a {type.name} is a JSON object, or a list of [key, value] pairs, not {_shown(value)}")
        pairs = [
            (self.value(type.key, key, f"{path} key {_shown(key)}", depth), self.value(type.item, item, f"{path}[{_shown(key)}]", depth))
            for key, item in value
        ]
        return Pairs(code(type.key), code(type.item), pairs)


def _wanted(struct: Struct, field: Field) -> str:
    if struct.kind == "arguments":
        return f"the method takes {', '.join(f'{other.name} ({other.type.name})' for other in struct.fields)}"
    return f"{struct.kind} {struct.name} requires it, a {field.type.name}"


def _unknown_field(struct: Struct, name: str, path: str) -> ExchangeError:
    from rrcli.codec.thrift.near import near

    names = [field.name for field in struct.fields]
    what = "the method has no argument" if struct.kind == "arguments" else f"{struct.kind} {struct.name} has no field"
    return usage(f"{path}.{name[:80]}: {what} of that name{near(name, names)}", f"it has {_some(names)}")


def _integer(value: Any, bits: int, kind: str, path: str) -> int:
    if isinstance(value, str) and len(value) <= 40:
        digits = value.strip().lower().lstrip("+-")
        try:
            value = int(value, 16 if digits.startswith("0x") else 10)
        except ValueError:
            pass
    if type(value) is not int:
        raise usage(f"{path}: a whole number ({kind}) is expected, not {_shown(value)}")
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    if not low <= value <= high:
        raise usage(f"{path}: {_shown(value)} is outside {kind}, which goes from {low} to {high}")
    return value


def _bool(value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "false": False, "0": False}
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    raise usage(f"{path}: true or false (bool) is expected, not {_shown(value)}")


def _double(value: Any, path: str) -> float:
    if type(value) in (int, float, str):
        try:
            return float(DOUBLES.get(value, value))
        except (ValueError, OverflowError):
            pass
    raise usage(f"{path}: a number (double) is expected, not {_shown(value)}", "a double may also be the text NaN, Infinity or -Infinity")


def _string(value: Any, path: str) -> bytes:
    if isinstance(value, dict) and "base64" in value:
        return _base64(value, path)
    if not isinstance(value, str):
        raise usage(f"{path}: text (string) is expected, not {_shown(value)}")
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise usage(f"{path}: the text has half a surrogate pair, which UTF-8 cannot hold") from error


def _binary(value: Any, path: str) -> bytes:
    if isinstance(value, str) and value.startswith('{"base64"'):
        value = _parsed(value, path, "binary")
    if isinstance(value, (str, dict)):
        return _string(value, path)
    raise usage(f'{path}: text or {{"base64": "…"}} (binary) is expected, not {_shown(value)}')


def _base64(value: dict[str, Any], path: str) -> bytes:
    text = value["base64"]
    try:
        if len(value) == 1 and isinstance(text, str):
            return a2b_base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), strict_mode=True)
    except (Error, ValueError):
        pass
    raise usage(f'{path}: {{"base64": "…"}} is expected, and {_shown(value)} is no base64')


def _uuid(value: Any, path: str) -> bytes:
    from rrcli.codec.thrift.jsonprotocol import uuid_bytes

    try:
        return uuid_bytes(value)
    except ExchangeError:
        raise usage(
            f"{path}: a UUID is expected, not {_shown(value)}", "write it as 32 hexadecimal digits, with hyphens or without"
        ) from None


SCALARS = {"bool": _bool, "double": _double, "string": _string, "binary": _binary, "uuid": _uuid}


def _parsed(value: Any, path: str, what: str) -> Any:
    """The value, or what it says as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return jsontext.loads(value)
    except ValueError:
        raise usage(f"{path}: JSON is expected for {what}, and {_shown(value)} is none") from None


def _shown(value: Any) -> str:
    try:
        text = jsontext.dumps(value)
    except (TypeError, ValueError):
        text = str(value) if not isinstance(value, int) else hex(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _some(names: Any) -> str:
    shown = list(names)
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "") if shown else "none"
