"""Thrift's binary protocol, in its strict form (which opens with a version) and the old one (which opens with the name's length).

Specification: https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md
"""

from __future__ import annotations

from struct import pack, unpack

from rrcli.base.errors import malformed
from rrcli.codec.thrift.tree import (
    BINARY,
    BOOL,
    DOUBLE,
    I8,
    I16,
    I32,
    I64,
    LIST,
    MAP,
    NAMES,
    SET,
    STOP,
    STRING,
    STRUCT,
    UUID,
    Decoder,
    Items,
    ThriftMessage,
    message_type,
    unknown_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.thrift.tree import Fields, Steps

VERSION = 0x8001
LETTERS = {BOOL: "?", I8: "b", I16: "h", I32: "i", I64: "q", DOUBLE: "d"}  # of the module struct
WIDTHS = {BOOL: 1, I8: 1, I16: 2, I32: 4, I64: 8, DOUBLE: 8, UUID: 16}
LEAST = WIDTHS | {STRING: 4, STRUCT: 1, MAP: 6, SET: 5, LIST: 5}  # bytes of the shortest value


class BinaryDecoder(Decoder):
    protocol = "binary"

    def _message(self) -> Steps:
        first = yield from self._number(I32)
        if first < 0:
            version = first >> 16 & 0xFFFF
            if version != VERSION:
                raise malformed(f"the message opens with version {version:#06x}, and the binary protocol's is {VERSION:#06x}")
            type = message_type(first & 0xFF)
            name = yield from self._name((yield from self._number(I32)))
        else:
            name = yield from self._name(first)
            type = message_type((yield from self._number(I8)))
        seqid = yield from self._number(I32)
        return ThriftMessage(name, type, seqid, (yield from self._struct(1)))

    def _number(self, type: int) -> Steps:
        return unpack(f">{LETTERS[type]}", (yield from self._take(WIDTHS[type])))[0]

    def _struct(self, depth: int) -> Steps:
        fields: Fields = []
        while (type := (yield from self._take(1))[0]) != STOP:
            if type not in NAMES:
                raise unknown_type(type)
            self._counted(1, "struct")
            id = yield from self._number(I16)
            fields.append((id, type, (yield from self._value(type, depth))))
        return fields

    def _items(self, depth: int) -> Steps:
        type, size = unpack(">Bi", (yield from self._take(5)))
        if not size:
            return Items(type, [])
        if type not in NAMES:
            raise unknown_type(type)
        self._counted(size, "list", LEAST[type])
        if letter := LETTERS.get(type):
            values = list(unpack(f">{size}{letter}", (yield from self._take(size * WIDTHS[type]))))
        else:
            values = yield from self._values(type, size, depth)
        return Items(type, values)

    def _pairs(self, depth: int) -> Steps:
        key_type, type, size = unpack(">BBi", (yield from self._take(6)))
        for found in (key_type, type):
            if size and found not in NAMES:
                raise unknown_type(found)
        self._counted(size, "map", LEAST[key_type] + LEAST[type] if size else 1)
        return (yield from self._map_of(key_type, type, size, depth))

    def _scalar(self, type: int) -> Steps:
        if type == STRING:
            return (yield from self._take(self._sized((yield from self._number(I32)))))
        if type == UUID:
            return (yield from self._take(16))
        return (yield from self._number(type))


def encode(message: ThriftMessage, *, strict: bool = True) -> bytes:
    """The message's bytes."""
    name = message.name.encode()
    if strict:
        out = bytearray(pack(">HBBi", VERSION, 0, message.type, len(name)) + name)
    else:
        out = bytearray(pack(">i", len(name)) + name + bytes((message.type,)))
    out += pack(">i", message.seqid)
    _write_struct(out, message.fields)
    return bytes(out)


def _write_struct(out: bytearray, fields: Fields) -> None:
    for id, type, value in fields:
        out += pack(">Bh", type & 0xFF, id)
        _write(out, type, value)
    out.append(STOP)


def _write(out: bytearray, type: int, value: Any) -> None:
    if letter := LETTERS.get(type):
        out += pack(f">{letter}", value)
    elif type in (STRING, BINARY):
        out += pack(">i", len(value)) + value
    elif type == STRUCT:
        _write_struct(out, value)
    elif type == UUID:
        out += value
    elif type == MAP:
        out += pack(">BBi", value.key_type & 0xFF, value.type & 0xFF, len(value.pairs))
        for key, item in value.pairs:
            _write(out, value.key_type, key)
            _write(out, value.type, item)
    else:
        out += pack(">Bi", value.type & 0xFF, len(value.values))
        for item in value.values:
            _write(out, value.type, item)
