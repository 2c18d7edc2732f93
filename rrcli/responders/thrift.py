"""The Thrift responder: the `Shop` of `shop.thrift` in every transport and protocol, answered as it was asked.

Messages are taken as values without IDL, so an item's fields come back whatever they are. Errors are worded as Apache's libraries
word them.
"""

from __future__ import annotations

from os.path import dirname, join

from rrcli.base.errors import ExchangeError
from rrcli.codec.thrift.answer import AnswerDecoder, Shape, encode_message, wrap
from rrcli.codec.thrift.tree import EXCEPTION, I32, ONEWAY, REPLY, STRING, STRUCT, ThriftMessage
from rrcli.responders.base import Responder, ServerConnection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.thrift.tree import Fields

IDL = join(dirname(__file__), "shop.thrift")
LARGEST = 16 << 20  # bytes of a message
LONGEST = 10_000  # milliseconds that `slow` takes
BOOKS = b"book"
UNKNOWN_METHOD, PROTOCOL_ERROR = 1, 7  # of TApplicationException


class BrokenCall(Exception):
    """An argument is missing, or of another type."""


class ThriftResponder(Responder):
    """The shop; `Shop:add`, as multiplexed clients name it, is `add`."""

    protocol = "thrift"
    scheme = "thrift"
    bare = True
    examples = (
        "echo 'service Shop {{ i32 add(1: i32 a, 2: i32 b) }}' > shop.thrift",
        "rrcli thrift {address} shop.thrift Shop.add a=2 b=3",
    )
    secure_examples = ("rrcli thrift {address} --tls",)

    def converse(self, connection: ServerConnection) -> None:
        rest = b""
        while data := rest or connection.receive():
            decoder = AnswerDecoder(Shape(transport="auto", protocol="auto"), LARGEST)
            try:
                while (message := decoder.feed(data)) is None:
                    if not (data := connection.receive()):
                        return
            except ExchangeError:  # Apache's servers hang up too, without a word
                return
            rest = decoder.rest
            assert decoder.shape
            if answer := answer_to(message, connection):
                connection.send(wrap(encode_message(answer, decoder.shape.protocol), decoder.shape, message.seqid))


def answer_to(message: ThriftMessage, connection: ServerConnection) -> ThriftMessage | None:
    """What a call is answered; `None` for a oneway one."""
    name = message.name.rpartition(":")[2]
    method = METHODS.get(name)
    if message.type == ONEWAY:
        return None
    if method is None:
        return _error(message, name, f"Unknown function {name[:100]}", UNKNOWN_METHOD)
    try:
        return ThriftMessage(name, REPLY, message.seqid, method(message.fields, connection))
    except BrokenCall as error:
        return _error(message, name, str(error), PROTOCOL_ERROR)


def _error(message: ThriftMessage, name: str, text: str, number: int) -> ThriftMessage:
    return ThriftMessage(name, EXCEPTION, message.seqid, [(1, STRING, text.encode()), (2, I32, number)])


def _argument(fields: Fields, id: int, type: int) -> Any:
    """An argument's value. Raises `BrokenCall`."""
    for known, number, value in fields:
        if (known, number) == (id, type):
            return value
    raise BrokenCall(f"argument {id} is missing")


def _ping(_fields: Fields, _connection: ServerConnection) -> Fields:
    return [(0, STRING, b"pong")]


def _add(fields: Fields, _connection: ServerConnection) -> Fields:
    total = _argument(fields, 1, I32) + _argument(fields, 2, I32)
    return [(0, I32, (total + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000)]  # as 32 bits overflow


def _echo(fields: Fields, _connection: ServerConnection) -> Fields:
    return [(0, STRUCT, _argument(fields, 1, STRUCT))]


def _reserve(fields: Fields, _connection: ServerConnection) -> Fields:
    name = _argument(fields, 1, STRING)
    return [(0, I32, 7)] if name == BOOKS else [(1, STRUCT, [(1, STRING, name), (2, I32, 0)])]


def _slow(fields: Fields, connection: ServerConnection) -> Fields:
    connection.pause(min(max(_argument(fields, 1, I32), 0), LONGEST) / 1000)
    return []


METHODS = {"ping": _ping, "add": _add, "echo": _echo, "reserve": _reserve, "slow": _slow}
