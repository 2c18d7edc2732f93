"""Thrift's compact protocol: numbers as zigzag varints, field ids as steps from the one before, a bool inside its field's type.

Specification: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
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
    SET,
    STOP,
    STRING,
    STRUCT,
    UUID,
    Decoder,
    Items,
    Pairs,
    ThriftMessage,
    message_type,
    unknown_type,
)
from rrcli.codec.thrift.varint import varint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.thrift.tree import Fields, Steps

PROTOCOL_ID, VERSION = 0x82, 1
TRUE, FALSE = 1, 2
# The protocol's own numbers of the types; in a container 1 and 2 both are bool.
TYPES = {
    TRUE: BOOL, FALSE: BOOL, 3: I8, 4: I16, 5: I32, 6: I64, 7: DOUBLE, 8: STRING, 9: LIST, 10: SET, 11: MAP, 12: STRUCT, 13: UUID,
}  # fmt: skip
NUMBERS = {type: number for number, type in TYPES.items() if number != FALSE} | {BINARY: 8}
LEAST = {DOUBLE: 8, UUID: 16}  # bytes of the shortest value; one for every other type


class CompactDecoder(Decoder):
    protocol = "compact"

    def _message(self) -> Steps:
        id, version = yield from self._take(2)
        if id != PROTOCOL_ID or version & 0x1F != VERSION:
            raise malformed(
                f"the message opens with {id:02x} {version:02x}, and the compact protocol with {PROTOCOL_ID:02x} and version {VERSION}"
            )
        type = message_type(version >> 5)
        seqid = (yield from self._varint()) & 0xFFFFFFFF
        name = yield from self._name((yield from self._varint()))
        return ThriftMessage(name, type, seqid - (1 << 32) if seqid >> 31 else seqid, (yield from self._struct(1)))

    def _varint(self) -> Steps:
        value = 0
        for shift in range(0, 70, 7):
            byte = (yield from self._take(1))[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFFFFFFFFFFFFFF
        raise malformed("a number takes more than the 10 bytes of the longest varint")

    def _zigzag(self) -> Steps:
        value = yield from self._varint()
        return value >> 1 ^ -(value & 1)

    def _type(self, number: int) -> int:
        if number not in TYPES:
            raise unknown_type(number)
        return TYPES[number]

    def _struct(self, depth: int) -> Steps:
        fields: Fields = []
        id = 0
        while (head := (yield from self._take(1))[0]) & 0x0F != STOP:
            type = self._type(head & 0x0F)
            self._counted(1, "struct")
            id = id + (head >> 4) if head >> 4 else (yield from self._zigzag())
            if not -0x8000 <= id < 0x8000:
                raise malformed(f"a field's id is {id}, which does not fit in 16 bits")
            value = head & 0x0F == TRUE if type == BOOL else (yield from self._value(type, depth))
            fields.append((id, type, value))
        return fields

    def _items(self, depth: int) -> Steps:
        head = (yield from self._take(1))[0]
        size = (yield from self._varint()) if head >> 4 == 15 else head >> 4
        if not size:
            return Items(TYPES.get(head & 0x0F, STOP), [])
        type = self._type(head & 0x0F)
        self._counted(size, "list", LEAST.get(type, 1))
        return Items(type, (yield from self._values(type, size, depth)))

    def _pairs(self, depth: int) -> Steps:
        size = yield from self._varint()
        if not size:
            return Pairs(STOP, STOP, [])
        types = (yield from self._take(1))[0]
        key_type, type = self._type(types >> 4), self._type(types & 0x0F)
        self._counted(size, "map", LEAST.get(key_type, 1) + LEAST.get(type, 1))
        return (yield from self._map_of(key_type, type, size, depth))

    def _scalar(self, type: int) -> Steps:
        if type == STRING:
            return (yield from self._take(self._sized((yield from self._varint()))))
        if type == DOUBLE:
            return unpack("<d", (yield from self._take(8)))[0]
        if type == UUID:
            return (yield from self._take(16))
        if type == BOOL:
            return (yield from self._take(1))[0] == TRUE
        if type == I8:
            return unpack("b", (yield from self._take(1)))[0]
        value = yield from self._zigzag()
        bits = {I16: 16, I32: 32, I64: 64}[type]
        if not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise malformed(f"a number of {bits} bits is {value}")
        return value


def encode(message: ThriftMessage) -> bytes:
    """The message's bytes."""
    name = message.name.encode()
    out = bytearray((PROTOCOL_ID, VERSION | message.type << 5))
    out += varint(message.seqid & 0xFFFFFFFF) + varint(len(name)) + name
    _write_struct(out, message.fields)
    return bytes(out)


def zigzag(value: int) -> bytes:
    """A number of either sign as a varint: 0, -1, 1, -2 … as 0, 1, 2, 3 …"""
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _write_struct(out: bytearray, fields: Fields) -> None:
    before = 0
    for id, type, value in fields:
        number = FALSE if type == BOOL and not value else NUMBERS[type]
        if 0 < id - before <= 15:
            out.append(id - before << 4 | number)
        else:
            out.append(number)
            out += zigzag(id)
        before = id
        if type != BOOL:
            _write(out, type, value)
    out.append(STOP)


def _write(out: bytearray, type: int, value: Any) -> None:
    if type in (I16, I32, I64):
        out += zigzag(value)
    elif type in (STRING, BINARY):
        out += varint(len(value)) + value
    elif type == STRUCT:
        _write_struct(out, value)
    elif type == BOOL:
        out.append(TRUE if value else FALSE)
    elif type == I8:
        out.append(value & 0xFF)
    elif type == DOUBLE:
        out += pack("<d", value)
    elif type == UUID:
        out += value
    elif type == MAP:
        out += varint(len(value.pairs))
        if value.pairs:
            out.append(NUMBERS[value.key_type] << 4 | NUMBERS[value.type])
        for key, item in value.pairs:
            _write(out, value.key_type, key)
            _write(out, value.type, item)
    else:
        size = len(value.values)
        out.append((size if size < 15 else 15) << 4 | NUMBERS[value.type])
        if size >= 15:
            out += varint(size)
        for item in value.values:
            _write(out, value.type, item)
