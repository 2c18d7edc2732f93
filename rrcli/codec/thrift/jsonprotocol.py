"""Thrift's JSON protocol: `[1, "method", type, seqid, {"field id": {"type": value}}]`, with binary as base64 and maps as objects.

The end of a message is the bracket that closes it, found without reading what stands between; then the text is read at once.
"""

from __future__ import annotations

from _json import encode_basestring
from binascii import Error, a2b_base64, b2a_base64

from rrcli.base import jsontext
from rrcli.base.errors import malformed, too_large, usage
from rrcli.codec.thrift.tree import (
    BINARY,
    BOOL,
    DEEPEST,
    DOUBLE,
    I8,
    I16,
    I32,
    I64,
    LIST,
    MAP,
    MOST,
    SET,
    STRING,
    STRUCT,
    UUID,
    Decoder,
    Items,
    Pairs,
    ThriftMessage,
    message_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.thrift.tree import Fields, Steps

VERSION = 1
TYPES = {
    "tf": BOOL, "i8": I8, "i16": I16, "i32": I32, "i64": I64, "dbl": DOUBLE, "str": STRING, "rec": STRUCT, "lst": LIST, "set": SET,
    "map": MAP, "uid": UUID,
}  # fmt: skip
NAMES = {type: name for name, type in TYPES.items()} | {BINARY: "str"}
BITS = {I8: 8, I16: 16, I32: 32, I64: 64}
INFINITIES = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class JsonDecoder(Decoder):
    protocol = "json"

    def _message(self) -> Steps:
        yield from self._find_end()
        text = bytes(self.buffer[: self.at])
        if text.count(b",") > 4 * MOST:
            raise too_large(f"the message has more than {MOST} fields and elements")
        try:
            value = jsontext.loads(text.decode())
        except ValueError as error:
            raise malformed("the message opens like Thrift's JSON protocol, and is no JSON") from error
        return _message(value)

    def _find_end(self) -> Steps:
        """Go to the end of the array that the message is."""
        while not (head := bytes(self.buffer[:65]).lstrip()):
            if len(self.buffer) > 64:
                raise malformed("the message opens with white space, and the JSON protocol with '['")
            yield
        if head[:1] != b"[":
            raise malformed(f"the message opens with {chr(head[0])!a}, and the JSON protocol with '['")
        depth = 0
        while True:
            quote = self.buffer.find(b'"', self.at)
            end = len(self.buffer) if quote < 0 else quote
            part = bytes(self.buffer[self.at : end])
            if depth - part.count(b"]") - part.count(b"}") > 0 or not part:
                depth += part.count(b"[") + part.count(b"{") - part.count(b"]") - part.count(b"}")
            elif (closed := _closing(part, depth)) >= 0:
                self.at += closed
                return
            else:
                depth += part.count(b"[") + part.count(b"{") - part.count(b"]") - part.count(b"}")
            self.at = end
            if quote < 0:
                yield
            else:
                yield from self._skip_string()

    def _skip_string(self) -> Steps:
        """Go behind the string whose quote stands at the place."""
        self.at += 1
        while True:
            quote, slash = self.buffer.find(b'"', self.at), self.buffer.find(b"\\", self.at)
            if 0 <= slash < quote or (quote < 0 <= slash):
                while len(self.buffer) < slash + 2:
                    yield
                self.at = slash + 2
            elif quote >= 0:
                self.at = quote + 1
                return
            else:
                self.at = len(self.buffer)
                yield


def _closing(part: bytes, depth: int) -> int:
    """Where in the part the array ends that is open with all that is open in it, as many as `depth`; -1 where it does not."""
    at = 0
    square, curly = part.find(b"]"), part.find(b"}")
    while square >= 0 or curly >= 0:
        end = max(square, curly) if min(square, curly) < 0 else min(square, curly)
        depth += part.count(b"[", at, end) + part.count(b"{", at, end) - 1
        at = end + 1
        if depth <= 0:
            return at
        if end == square:
            square = part.find(b"]", at)
        else:
            curly = part.find(b"}", at)
    return -1


def _message(value: Any) -> ThriftMessage:
    if not (isinstance(value, list) and len(value) == 5 and isinstance(value[1], str)):
        raise malformed("the message is no array of version, name, type, sequence number and struct, as the JSON protocol has it")
    version, name, type, seqid, fields = value
    if version != VERSION:
        raise malformed(f"the message opens with version {jsontext.dumps(version)[:40]}, and the JSON protocol's is {VERSION}")
    return ThriftMessage(name, message_type(_integer(type, 8)), _integer(seqid, 32), _struct(fields, 1))


def _integer(value: Any, bits: int) -> int:
    if isinstance(value, str) and len(value) < 25:
        try:
            value = int(value)
        except ValueError:
            pass
    if type(value) is not int:
        raise malformed(f"expected a whole number, found {jsontext.dumps(value)[:40]}")
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise malformed(f"a number of {bits} bits is {value if abs(value) < 1 << 99 else 'of more than 99'}")
    return value


def _struct(value: Any, depth: int) -> Fields:
    if depth > DEEPEST:
        raise malformed(f"structs and containers are nested deeper than {DEEPEST}")
    if not isinstance(value, dict):
        raise malformed("a struct is no object")
    fields: Fields = []
    for id, typed in value.items():
        if not isinstance(typed, dict) or len(typed) != 1:
            raise malformed(f"field {ascii(id)[:40]} is no object of one type and its value")
        ((name, inner),) = typed.items()
        type = _type(name)
        fields.append((_integer(id, 16), type, _value(type, inner, depth)))
    return fields


def _type(name: Any) -> int:
    if not isinstance(name, str) or name not in TYPES:
        raise malformed(f"a value's type is {jsontext.dumps(name)[:40]}, which Thrift's JSON protocol does not have")
    return TYPES[name]


def _value(type: int, value: Any, depth: int) -> Any:
    if type in BITS:
        return _integer(value, BITS[type])
    if type == STRING:
        if isinstance(value, str):
            return value.encode("utf-8", "surrogatepass")
        raise malformed("a string is no string in JSON")
    if type == STRUCT:
        return _struct(value, depth + 1)
    if type == BOOL:
        return bool(value) if isinstance(value, bool) else _integer(value, 64) != 0
    if type == DOUBLE:
        return _double(value)
    if type == UUID:
        return uuid_bytes(value)
    return _pairs(value, depth + 1) if type == MAP else _items(value, depth + 1)


def _double(value: Any) -> float:
    if isinstance(value, str) and value in INFINITIES:
        return INFINITIES[value]
    try:
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise malformed(f"expected a number, found {jsontext.dumps(value)[:40]}")


def uuid_bytes(value: Any) -> bytes:
    """The 16 bytes of a UUID's text. Raises `ExchangeError` (malformed) for anything else."""
    digits = value.replace("-", "").strip("{}") if isinstance(value, str) and len(value) < 50 else ""
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        found = b""
    if len(found) != 16:
        raise malformed(f"{jsontext.dumps(value)[:60]} is no UUID")
    return found


def _items(value: Any, depth: int) -> Items:
    if depth > DEEPEST:
        raise malformed(f"structs and containers are nested deeper than {DEEPEST}")
    if not isinstance(value, list) or len(value) < 2:
        raise malformed("a list or a set is no array of type, count and elements")
    type, size = _type(value[0]), _integer(value[1], 32)
    if size != len(value) - 2:
        raise malformed(f"a list says that it has {size} elements, and has {len(value) - 2}")
    return Items(type, [_value(type, item, depth) for item in value[2:]])


def _pairs(value: Any, depth: int) -> Pairs:
    if depth > DEEPEST:
        raise malformed(f"structs and containers are nested deeper than {DEEPEST}")
    if not isinstance(value, list) or len(value) != 4 or not isinstance(value[3], dict):
        raise malformed("a map is no array of two types, count and object")
    key_type, type = _type(value[0]), _type(value[1])
    _integer(value[2], 32)  # repeated keys fall together, so the count says little
    return Pairs(key_type, type, [(_value(key_type, key, depth), _value(type, item, depth)) for key, item in value[3].items()])


def from_base64(data: bytes) -> bytes | None:
    """What base64 with or without its padding means; `None` where it is none."""
    try:
        return a2b_base64(data + b"=" * (-len(data) % 4))
    except Error:
        return None


# --- writing


def encode(message: ThriftMessage) -> bytes:
    """The message's bytes. Raises `ExchangeError` (usage) for what JSON cannot hold."""
    head = f"[{VERSION},{encode_basestring(message.name)},{message.type},{message.seqid},"
    return f"{head}{_write_struct(message.fields)}]".encode()


def _write_struct(fields: Fields) -> str:
    return "{" + ",".join(f'"{id}":{{"{NAMES[type]}":{_write(type, value)}}}' for id, type, value in fields) + "}"


def _write(type: int, value: Any) -> str:
    if type == STRING:
        try:
            return encode_basestring(value.decode())
        except ValueError as error:
            raise usage(
                "a string that is no UTF-8 cannot be sent in the JSON protocol", "only a field of type binary can hold it"
            ) from error
    if type == BINARY:
        return f'"{b2a_base64(value, newline=False).decode()}"'
    if type == STRUCT:
        return _write_struct(value)
    if type == BOOL:
        return "1" if value else "0"
    if type == DOUBLE:
        return '"NaN"' if value != value else f'"{"-" * (value < 0)}Infinity"' if value - value != 0 else repr(value)
    if type == UUID:
        return f'"{uuid_text(value)}"'
    if type == MAP:
        pairs = ",".join(f"{_write_key(value.key_type, key)}:{_write(value.type, item)}" for key, item in value.pairs)
        return f'["{NAMES[value.key_type]}","{NAMES[value.type]}",{len(value.pairs)},{{{pairs}}}]'
    if type in (LIST, SET):
        return "[" + ",".join((f'"{NAMES[value.type]}",{len(value.values)}', *(_write(value.type, item) for item in value.values))) + "]"
    return str(value)


def _write_key(type: int, value: Any) -> str:
    if type in (STRUCT, LIST, SET, MAP):
        raise usage("a map whose keys are structs or containers cannot be sent in the JSON protocol", "send it with --protocol binary")
    text = _write(type, value)
    return text if text[0] == '"' else f'"{text}"'


def uuid_text(value: bytes) -> str:
    """The UUID as text, in lower case with hyphens."""
    digits = value.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
