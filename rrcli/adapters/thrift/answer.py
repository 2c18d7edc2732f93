"""An answer of Thrift as events: the result, a declared exception, a TApplicationException, or that nothing is answered."""

from __future__ import annotations

from rrcli.adapters.thrift.words import SEQID
from rrcli.base.jsontext import dumps
from rrcli.codec.thrift.reply import application_error, read_reply
from rrcli.engine.events import Content, Finished, Received
from rrcli.model.values import Body, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.thrift.words import Call
    from rrcli.codec.thrift.answer import AnswerDecoder, Shape
    from rrcli.codec.thrift.reply import Reply
    from rrcli.codec.thrift.tree import ThriftMessage
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

JSON = "application/json"
LONGEST_SUMMARY = 100  # letters


def answered(call: Call, message: ThriftMessage, decoder: AnswerDecoder, context: Context) -> Iterator[Event]:
    """The events of the answer to a call. Raises `malformed` for what cannot be its answer."""
    shape = decoder.shape or call.shape
    assert call.method
    reply = read_reply(message, call.method, SEQID, shape.protocol)
    for note in (*decoder.notes, *reply.notes):
        context.note("answer", note)
    if reply.unknown_fields:
        context.note("unknown-fields", f"the IDL does not have {', '.join(reply.unknown_fields[:10])}")
    if decoder.rest:
        context.note("bytes-after-end", f"{len(decoder.rest)} more bytes came after the end of the answer")
    exception = _exception(reply)
    value = exception if exception else reply.result
    yield from _told(
        Response(
            summary=_summary(reply),
            status=Status(code=reply.code, text=reply.text, ok=False) if exception else Status(text="OK"),
            fields=tuple(decoder.header.headers.items()) if decoder.header else (),
            body=Body(media_type=JSON),
            framing=framing_of(shape),
            data=data_of(reply, shape, exception),
        ),
        value,
    )


def probed(message: ThriftMessage, decoder: AnswerDecoder, shape: Shape) -> Iterator[Event]:
    """The events of the answer to a method that cannot exist: what the server speaks."""
    reply = application_error(message)
    data = data_of(reply, decoder.shape or shape, _exception(reply))
    answer = Response(
        summary=str(shape), status=Status(text="OK"), body=Body(media_type="text/plain"), framing=framing_of(shape), data=data
    )
    yield Received(answer=answer)
    yield Content(data=str(shape).encode())
    yield Finished(answer=answer)


def unanswered(call: Call, context: Context) -> Iterator[Event]:
    """The events of a oneway call that has left."""
    context.note("oneway", "nobody tells whether a oneway call arrived, or what became of it")
    data: dict[str, Any] = {
        "result": None,
        "exception": None,
        "message_type": None,
        "seqid": None,
        **_shape(call.shape),
        "unknown_fields": [],
    }
    yield Finished(answer=Response(summary="sent", status=Status(text="sent"), framing="none", data=data))


def framing_of(shape: Shape) -> str:
    """What tells where the answer ends."""
    return "struct-stop" if shape.transport == "buffered" else "length-prefix"


def data_of(reply: Reply, shape: Shape, exception: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "result": reply.result,
        "exception": exception,
        "message_type": reply.message_type,
        "seqid": reply.seqid,
        **_shape(shape),
        "unknown_fields": list(reply.unknown_fields),
    }


def _shape(shape: Shape) -> dict[str, str]:
    return {"transport": shape.transport, "protocol": shape.protocol}


def _exception(reply: Reply) -> dict[str, Any] | None:
    """The declared exception, or the TApplicationException with the fields that Thrift's libraries give it."""
    if reply.message_type == "exception":
        return {"name": "TApplicationException", "fields": {"message": reply.message, "type": reply.code}}
    return reply.exception


def _summary(reply: Reply) -> str:
    """The answer on one short line."""
    if reply.message_type == "exception":
        text = f"{reply.text}: {reply.message}" if reply.message else reply.text
    elif reply.exception:
        text = f"{reply.text} {dumps(reply.exception['fields'])}"
    else:
        text = dumps(reply.result)
    text = text.partition("\n")[0].rstrip("\r")
    return text if len(text) <= LONGEST_SUMMARY else f"{text[: LONGEST_SUMMARY - 1]}…"


def _told(answer: Response, value: Any) -> Iterator[Event]:
    yield Received(answer=answer)
    yield Content(data=dumps(value).encode("utf-8", "surrogateescape"))
    yield Finished(answer=answer)
