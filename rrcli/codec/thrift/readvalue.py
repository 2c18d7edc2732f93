"""The fields of an answer to JSON values, by the types of the IDL; what the IDL does not know stays, under its id.

Integers stay exact, a double that is no finite number is its name, binary is `{"base64": "…"}`, an enum its name, or its number
where it has none; a map is an object, whose keys that are no text are their JSON text.
"""

from __future__ import annotations

from binascii import b2a_base64

from rrcli.base import jsontext
from rrcli.codec.thrift.jsonprotocol import from_base64, uuid_text
from rrcli.codec.thrift.model import Enum, Struct
from rrcli.codec.thrift.tree import BOOL, DOUBLE, LIST, MAP, NAMES, SET, STRING, STRUCT, UUID
from rrcli.codec.thrift.writevalue import code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.thrift.model import Field, Type
    from rrcli.codec.thrift.tree import Fields, Items, Pairs

MOST_NOTES = 20


class ValueReader:
    """Reads the values of one message. `unknown` are the paths of the fields that the IDL does not have, `notes` what was odd.

    `protocol` is what the message came in: in JSON binary is base64.
    """

    def __init__(self, protocol: str) -> None:
        self.is_json = protocol == "json"
        self.unknown: list[str] = []
        self.notes: list[str] = []
        self.known: dict[Struct, dict[int, Field]] = {}

    def note(self, text: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(text)

    def value(self, type: Type, value: Any, path: str) -> Any:
        """The JSON value of a value whose number is that of the type."""
        real = type.real
        kind = real.kind
        if isinstance(real.target, Struct):
            return self.struct(real.target, value, path)
        if isinstance(real.target, Enum):
            name = real.target.name_of(value)
            if name is None:
                self.note(f"{path}: enum {real.target.name} has no name for {value}")
            return value if name is None else name
        if kind == "map":
            return self.map(real, value, path)
        if kind in ("list", "set"):
            return self.list(real, value, path)
        if kind == "binary":
            data = from_base64(value) if self.is_json else value
            if data is None:
                self.note(f"{path}: binary that is no base64")
            return {"base64": b2a_base64(value if data is None else data, newline=False).decode()}
        if kind == "string" and not _is_text(value):
            self.note(f"{path}: a string that is no UTF-8")
        return plain(code(type), value)

    def struct(self, struct: Struct, fields: Fields, path: str) -> dict[str, Any]:
        """A struct's fields by name; one whose type is not that of the IDL counts as unknown."""
        known = self.known.get(struct)
        if known is None:
            known = self.known[struct] = {field.id: field for field in struct.fields}
        found: dict[str, Any] = {}
        for id, number, value in fields:
            field = known.get(id)
            if field and code(field.type) & 0xFF == number:
                found[field.name] = self.value(field.type, value, f"{path}.{field.name}")
                continue
            if field:
                self.note(f"{path}.{field.name}: came as {NAMES[number]}, and the IDL says {field.type.name}")
            self.unknown.append(f"{path}.{id}")
            found[str(id)] = plain(number, value)
        for field in struct.fields:
            if field.need == "required" and field.name not in found:
                self.note(f"{path}.{field.name}: is required by the IDL, and did not come")
        if struct.kind == "union" and len(found) != 1:
            self.note(f"{path}: union {struct.name} has exactly one field, and {len(found)} came")
        return found

    def list(self, type: Type, items: Items, path: str) -> list[Any]:
        if type.item is None or not items.values:
            return []
        if code(type.item) & 0xFF != items.type:
            self.note(f"{path}: its elements came as {NAMES[items.type]}, and the IDL says {type.name}")
            return [plain(items.type, item) for item in items.values]
        return [self.value(type.item, item, f"{path}[{at}]") for at, item in enumerate(items.values)]

    def map(self, type: Type, pairs: Pairs, path: str) -> dict[str, Any]:
        if type.key is None or type.item is None or not pairs.pairs:
            return {}
        if (code(type.key) & 0xFF, code(type.item) & 0xFF) != (pairs.key_type, pairs.type):
            self.note(f"{path}: it came as map<{NAMES[pairs.key_type]}, {NAMES[pairs.type]}>, and the IDL says {type.name}")
            return _plain_map(pairs)
        found: dict[str, Any] = {}
        for key, item in pairs.pairs:
            name = key_text(self.value(type.key, key, f"{path} key"))
            if name in found:
                self.note(f"{path}: the key {name[:60]} came twice, and its last value is shown")
            found[name] = self.value(type.item, item, f"{path}[{name[:60]}]")
        return found


def key_text(value: Any) -> str:
    """A map's key as the name of a JSON object's member."""
    return value if isinstance(value, str) else jsontext.dumps(value)


def plain(number: int, value: Any) -> Any:
    """The JSON value of a value about which only the message speaks."""
    if number == STRING:
        return value.decode() if _is_text(value) else {"base64": b2a_base64(value, newline=False).decode()}
    if number == DOUBLE and value - value != 0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if number == UUID:
        return uuid_text(value)
    if number == STRUCT:
        return {str(id): plain(inner, item) for id, inner, item in value}
    if number == MAP:
        return _plain_map(value)
    if number in (LIST, SET):
        return [plain(value.type, item) for item in value.values]
    return bool(value) if number == BOOL else value


def _plain_map(pairs: Pairs) -> dict[str, Any]:
    return {key_text(plain(pairs.key_type, key)): plain(pairs.type, item) for key, item in pairs.pairs}


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except ValueError:
        return False
    return b"\0" not in data
