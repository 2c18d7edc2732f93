"""What an answer says: the result, a declared exception, or a TApplicationException of the server's library."""

from __future__ import annotations

from rrcli.base.errors import malformed
from rrcli.base.record import Record
from rrcli.codec.thrift.readvalue import ValueReader
from rrcli.codec.thrift.tree import CALL, EXCEPTION, I32, MESSAGES, ONEWAY, STRING
from rrcli.codec.thrift.writevalue import code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.thrift.model import Method
    from rrcli.codec.thrift.tree import ThriftMessage

# TApplicationException's types, in the order of their numbers.
APPLICATION_ERRORS = (
    "UNKNOWN", "UNKNOWN_METHOD", "INVALID_MESSAGE_TYPE", "WRONG_METHOD_NAME", "BAD_SEQUENCE_ID", "MISSING_RESULT", "INTERNAL_ERROR",
    "PROTOCOL_ERROR", "INVALID_TRANSFORM", "INVALID_PROTOCOL", "UNSUPPORTED_CLIENT_TYPE",
)  # fmt: skip
UNKNOWN_METHOD = 1


class Reply(Record):
    """An answer as JSON values.

    `message_type` is reply or exception. Of a declared exception `exception` has name and fields; of a TApplicationException
    `code` is its type, `text` that type's name, and `message` what the server says. Otherwise `result` is the answer (`None` for void).
    """

    message_type: str
    seqid: int
    result: Any = None
    exception: dict[str, Any] | None = None
    code: int | None = None
    text: str = ""
    message: str = ""
    unknown_fields: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_reply(message: ThriftMessage, method: Method, seqid: int, protocol: str) -> Reply:
    """What the message says as the answer to a call. Raises `ExchangeError` (malformed) where it cannot be that call's answer."""
    refuse_call(message)
    if message.seqid != seqid:
        raise malformed(f"the answer has sequence number {message.seqid}, and the call {seqid}")
    if message.type == EXCEPTION:
        return application_error(message)
    if message.name.rpartition(":")[2] != method.name:
        raise malformed(f"the answer is one of method '{_short(message.name)}', and '{method.name}' was called")
    reader = ValueReader(protocol)
    known = {field.id: field for field in method.throws.fields}
    result: Any = None
    exception: dict[str, Any] | None = None
    came = method.result is None
    for id, number, value in message.fields:
        field = known.get(id)
        if id == 0 and method.result and code(method.result) & 0xFF == number:
            result, came = reader.value(method.result, value, "result"), True
        elif field and code(field.type) & 0xFF == number:
            target = field.type.real.target
            exception = {"name": target.name if target else field.name, "fields": reader.value(field.type, value, field.name)}
        else:
            reader.unknown.append(f"result.{id}")
    if not came and not exception:
        came_as = f", but {', '.join(reader.unknown)}, which the IDL does not have so" if reader.unknown else ""
        raise malformed(f"the answer of '{method.name}' holds no result{came_as} (MISSING_RESULT)", _missing_hint(method))
    return Reply(
        message_type="reply",
        seqid=seqid,
        result=result,
        exception=exception,
        text=exception["name"] if exception else "",
        unknown_fields=tuple(reader.unknown),
        notes=tuple(reader.notes),
    )


def refuse_call(message: ThriftMessage) -> None:
    """Raise `malformed` for an answer that is a call itself, as who sends back what it hears has it."""
    if message.type in (CALL, ONEWAY):
        what = f"the answer is a {MESSAGES[message.type]} of '{_short(message.name)}', and an answer is a REPLY or an EXCEPTION"
        raise malformed(what, "does the peer send back what it hears? rrcli tcp shows it")


def _missing_hint(method: Method) -> str:
    result = method.result.name if method.result else "void"
    return f"the IDL promises {result}; the server's IDL may be another, or its method returned nothing"


def application_error(message: ThriftMessage) -> Reply:
    """What an EXCEPTION says: its type, that type's name, and the server's message."""
    text, number = "", 0
    unknown = []
    for id, type, value in message.fields:
        if (id, type) == (1, STRING):
            text = value.decode("utf-8", "replace")
        elif (id, type) == (2, I32):
            number = value
        else:
            unknown.append(f"exception.{id}")
    name = APPLICATION_ERRORS[number] if 0 <= number < len(APPLICATION_ERRORS) else str(number)
    return Reply(message_type="exception", seqid=message.seqid, code=number, text=name, message=text, unknown_fields=tuple(unknown))


def is_unknown_method(message: ThriftMessage) -> bool:
    """Whether the message says that there is no such method: the answer to a probe from a server that understood it."""
    return message.type == EXCEPTION and application_error(message).code == UNKNOWN_METHOD


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"
