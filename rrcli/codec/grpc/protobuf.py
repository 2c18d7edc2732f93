"""The wire format of protobuf, as much of it as small known messages need: varints and length-delimited fields."""

from __future__ import annotations

from rrcli.base.errors import malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
LONGEST_VARINT = 10  # bytes


def varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def field(number: int, value: int | bytes | str) -> bytes:
    """One field: a number as a varint, text and bytes delimited by their length."""
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | DELIMITED) + varint(len(data)) + data


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message, each with its number, in their order. Raises `malformed`."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if not key >> 3:
            raise malformed("a message of protobuf has a field with the number 0")
        if kind == VARINT:
            number, at = _varint(data, at)
            yield key >> 3, number
            continue
        if kind == DELIMITED:
            size, at = _varint(data, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise malformed(f"a message of protobuf has a field of the kind {kind}")
        if at + size > len(data):
            raise malformed(f"a message of protobuf ends within a field, {at + size - len(data)} bytes early")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    number = shift = 0
    for end in range(at, min(at + LONGEST_VARINT, len(data))):
        number |= (data[end] & 127) << shift
        if data[end] < 128:
            return number, end + 1
        shift += 7
    raise malformed("a message of protobuf has a number that does not end")


def text_of(value: int | bytes) -> str:
    """A field's text. Raises `malformed` for a number."""
    return octets_of(value).decode("utf-8", "backslashreplace")


def octets_of(value: int | bytes) -> bytes:
    """A field's bytes. Raises `malformed` for a number."""
    if isinstance(value, int):
        raise malformed("a message of protobuf has a number where text or a message belongs")
    return value
