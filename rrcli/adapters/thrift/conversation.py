"""A call over a connection: the message out, its answer in."""

from __future__ import annotations

from rrcli.adapters.thrift.answer import answered, unanswered
from rrcli.adapters.thrift.headers import pairs
from rrcli.adapters.thrift.words import SEQID
from rrcli.base.errors import ExchangeError
from rrcli.codec.thrift.answer import AnswerDecoder, encode_message, opening, silence_hint, wrap
from rrcli.codec.thrift.tree import MESSAGES
from rrcli.engine.events import Finished, Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.thrift.request import ThriftRequest
    from rrcli.adapters.thrift.words import Call
    from rrcli.codec.thrift.answer import Shape
    from rrcli.codec.thrift.tree import ThriftMessage
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream


def converse(request: ThriftRequest, call: Call, context: Context) -> Iterator[Event]:
    """Open the connection, call, and read the answer."""
    yield Sent(message=call.shown().replace(fields=pairs(request)), target=call.place.target)
    place = call.place
    yield from talk(request, call, context, context.connect(place.host, place.port, tls=place.tls))


def talk(request: ThriftRequest, call: Call, context: Context, stream: Stream, *, keep: bool = True) -> Iterator[Event]:
    """Call over an open stream, which is closed then, or with `keep` kept where nothing stands against it."""
    reusable = False
    try:
        write(request, call.message(), call.shape, stream)
        if call.oneway:
            yield from unanswered(call, context)
            reusable = True
            return
        decoder = AnswerDecoder(call.shape, request.max_size)
        try:
            message = read(stream, decoder)
        except ExchangeError as error:
            if is_misfit(error, context):  # it did answer, and only we cannot read it so
                yield Finished(answer=None, failure=error)
                return
            raise hinted(error, call.shape, context) from None
        context.recorder.remark(f"{MESSAGES[message.type]} {message.name[:60]}")
        yield from answered(call, message, decoder, context)
        reusable = not decoder.rest
    finally:
        if reusable and keep:
            context.keep(stream)
        else:
            stream.close()


def write(request: ThriftRequest, message: ThriftMessage, shape: Shape, stream: Stream) -> None:
    """Send a message in its shape."""
    payload = encode_message(message, shape.protocol, strict=not request.no_strict)
    stream.write(wrap(payload, shape, SEQID, headers=dict(pairs(request))), f"{MESSAGES[message.type]} {message.name}")


def read(stream: Stream, decoder: AnswerDecoder) -> ThriftMessage:
    """The answer's message. Raises what the stream and the decoder raise, and for an end within it."""
    while True:
        data = stream.receive()
        if not data:
            raise decoder.close()
        if message := decoder.feed(data):
            return message


def is_misfit(error: ExchangeError, context: Context) -> bool:
    """Whether the answer is one of Thrift, in another transport or protocol than was asked for."""
    return error.kind == "wrong_protocol" and opening(context.recorder.first).shape is not None


def hinted(error: ExchangeError, shape: Shape, context: Context) -> ExchangeError:
    """The failure with what to try where a peer resets or is silent without a byte of an answer."""
    if not context.recorder.first and error.layer == "transport" and error.kind in ("reset", "timeout"):
        more = "the method may take longer, which --timeout allows; or " if error.kind == "timeout" else ""
        error.hint = more + silence_hint(shape)
    return error
