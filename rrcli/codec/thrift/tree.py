"""Thrift messages as values without IDL: what every protocol is read to and written from.

A value goes by its type's number: bool, int, float, bytes (`STRING`, and 16 of them for `UUID`), `Items` (`LIST`, `SET`), `Pairs` (`MAP`),
and for a `STRUCT` a list of `(field id, type, value)`.
"""

from __future__ import annotations

from rrcli.base.errors import malformed, too_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from rrcli.base.errors import ExchangeError

    Fields = list[tuple[int, int, Any]]
    Steps = Generator[None, None, Any]

STOP, BOOL, I8, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST, UUID = 0, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15, 16
# A STRING that is no text; only the JSON protocol, where it is base64, tells the two apart. Written, never read.
BINARY = 0x100 | STRING
NAMES = {
    BOOL: "bool", I8: "i8", DOUBLE: "double", I16: "i16", I32: "i32", I64: "i64", STRING: "string", STRUCT: "struct", MAP: "map",
    SET: "set", LIST: "list", UUID: "uuid", BINARY: "binary",
}  # fmt: skip

CALL, REPLY, EXCEPTION, ONEWAY = 1, 2, 3, 4
MESSAGES = {CALL: "CALL", REPLY: "REPLY", EXCEPTION: "EXCEPTION", ONEWAY: "ONEWAY"}

DEEPEST = 64  # levels of structs and containers, as in Apache's libraries
MOST = 1_000_000  # fields and elements of one message
LONGEST_NAME = 4096  # bytes of a method's name


class Items:
    """A list or a set: the type of its elements, and those."""

    __slots__ = ("type", "values")

    def __init__(self, type: int, values: list[Any]) -> None:
        self.type = type
        self.values = values


class Pairs:
    """A map: the types of its keys and values, and the pairs in their order, repeated keys too."""

    __slots__ = ("key_type", "pairs", "type")

    def __init__(self, key_type: int, type: int, pairs: list[tuple[Any, Any]]) -> None:
        self.key_type = key_type
        self.type = type
        self.pairs = pairs


class ThriftMessage:
    """A message: the method's `name`, its `type` (of `MESSAGES`), its sequence number, and the arguments or the result."""

    __slots__ = ("fields", "name", "seqid", "type")

    def __init__(self, name: str, type: int, seqid: int, fields: Fields) -> None:
        self.name = name
        self.type = type
        self.seqid = seqid
        self.fields = fields


class Decoder:
    """One message out of bytes in pieces of any size; what is read once is not read again.

    `feed` gives the message when it is whole, `rest` then holds the bytes behind it. No message may take more than `limit` bytes.
    A protocol's own class says how its parts look.
    """

    protocol = ""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.buffer = bytearray()
        self.at = 0
        self.count = 0  # fields and elements so far
        self.message: ThriftMessage | None = None
        self._steps = self._message()

    def feed(self, data: bytes) -> ThriftMessage | None:
        """Raises `ExchangeError` (malformed, too_large) where the bytes are no message."""
        self.buffer += data
        if self.message is None:
            try:
                next(self._steps)
            except StopIteration as done:
                self.message = done.value
            if self.message is None and len(self.buffer) > self.limit:
                raise too_large(f"the message is larger than {self.limit} bytes")
        return self.message

    @property
    def rest(self) -> bytes:
        """What came behind the message."""
        return bytes(self.buffer[self.at :])

    def _message(self) -> Steps:
        raise NotImplementedError

    def _struct(self, depth: int) -> Steps:
        raise NotImplementedError

    def _items(self, depth: int) -> Steps:
        raise NotImplementedError

    def _pairs(self, depth: int) -> Steps:
        raise NotImplementedError

    def _scalar(self, type: int) -> Steps:
        raise NotImplementedError

    # --- what the binary and the compact protocol share

    def _take(self, size: int) -> Steps:
        """The next bytes; waits for them by yielding."""
        while len(self.buffer) - self.at < size:
            yield
        start = self.at
        self.at = start + size
        return bytes(self.buffer[start : self.at])

    def _value(self, type: int, depth: int) -> Steps:
        if type not in (STRUCT, LIST, SET, MAP):
            return (yield from self._scalar(type))
        if depth >= DEEPEST:
            raise malformed(f"structs and containers are nested deeper than {DEEPEST}")
        if type == STRUCT:
            return (yield from self._struct(depth + 1))
        return (yield from self._pairs(depth + 1) if type == MAP else self._items(depth + 1))

    def _values(self, type: int, size: int, depth: int) -> Steps:
        values = []
        for _ in range(size):
            values.append((yield from self._value(type, depth)))
        return values

    def _map_of(self, key_type: int, type: int, size: int, depth: int) -> Steps:
        pairs = []
        for _ in range(size):
            key = yield from self._value(key_type, depth)
            pairs.append((key, (yield from self._value(type, depth))))
        return Pairs(key_type, type, pairs)

    def _counted(self, size: int, what: str, each: int = 1) -> int:
        """The count of a container, checked: each element takes `each` bytes at least."""
        if size < 0:
            raise malformed(f"a {what} says that it has {size} elements")
        if size * each > self.limit:
            raise too_large(f"a {what} says that it has {size} elements, which do not fit in the limit of {self.limit} bytes")
        self.count += size
        if self.count > MOST:
            raise too_large(f"the message has more than {MOST} fields and elements")
        return size

    def _sized(self, size: int, what: str = "string") -> int:
        """The length of a string, checked."""
        if size < 0:
            raise malformed(f"a {what} says that it has {size} bytes")
        if size > self.limit:
            raise too_large(f"a {what} says that it has {size} bytes, more than the limit of {self.limit}")
        return size

    def _name(self, size: int) -> Steps:
        if size > LONGEST_NAME:
            raise malformed(f"the method's name says that it has {size} bytes")
        return (yield from self._take(self._sized(size, "method's name"))).decode("utf-8", "replace")


def message_type(number: int) -> int:
    """The number, if it is a message's type. Raises `ExchangeError` (malformed) otherwise."""
    if number not in MESSAGES:
        raise malformed(f"the message's type is {number}, which is none of CALL, REPLY, EXCEPTION and ONEWAY")
    return number


def unknown_type(number: int) -> ExchangeError:
    """The error for a type that the protocol does not have."""
    return malformed(f"a value's type is {number}, which Thrift does not have")
