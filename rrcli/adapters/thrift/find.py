"""Finding out what a server speaks: each transport and protocol is tried by a call of a method that cannot exist.

A server that understands it answers UNKNOWN_METHOD and has done nothing; to all that is not in its form a Thrift server closes, resets or
is silent. Each form is tried on a connection of its own; over the one that fits the call then goes.
"""

from __future__ import annotations

from rrcli.adapters.thrift.answer import probed
from rrcli.adapters.thrift.conversation import read, talk, write
from rrcli.adapters.thrift.headers import pairs
from rrcli.adapters.thrift.words import Call
from rrcli.base.errors import ExchangeError
from rrcli.base.record import Record
from rrcli.codec.thrift.answer import COMBINATIONS, AnswerDecoder, Shape, opening
from rrcli.codec.thrift.reply import is_unknown_method, refuse_call
from rrcli.codec.thrift.tree import MESSAGES
from rrcli.engine.events import Continue, Finished, Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.thrift.request import ThriftRequest
    from rrcli.codec.thrift.tree import ThriftMessage
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream

SILENCE = 1.0  # seconds without a byte after which a form counts as one that the server does not speak


class Search(Record):
    """What a try takes over from the one before: the call, and how many forms were tried."""

    call: Call
    tried: int = 0


def forms_of(call: Call) -> list[Shape]:
    """The forms to try, the commonest first."""
    asked, http = call.shape, call.place.is_http
    return [
        Shape(transport=transport, protocol=protocol)
        for transport, protocol in COMBINATIONS
        if asked.transport in ("auto", transport) and asked.protocol in ("auto", protocol) and not (http and transport != "buffered")
    ]


def find(request: ThriftRequest, call: Call, context: Context) -> Iterator[Event]:
    """Try the next form; with the one that fits call the method, or tell it where none is named."""
    tried = context.state.tried if context.state else 0
    forms = forms_of(call)
    asked = call.replace(shape=forms[tried])
    yield Sent(message=asked.shown().replace(fields=pairs(request)), target=call.place.target)
    decoder = AnswerDecoder(asked.shape, request.max_size)
    stream: Stream | None = None
    try:
        if call.place.is_http:
            from rrcli.adapters.thrift.overhttp import ask_over_http

            message = ask_over_http(request, asked, context, asked.probe(), decoder)
        else:
            stream = context.open(call.place.host, call.place.port, tls=call.place.tls, alpn=())
            message = _probe(request, asked, context, stream, decoder)
        refuse_call(message)
    except ExchangeError as error:
        if stream:
            stream.close()
        if tried + 1 == len(forms):
            raise _told(error, forms) from None
        if _is_final(error, context):
            raise
        yield Finished(answer=None, then=Continue(why="retry", state=Search(call=call, tried=tried + 1)), failure=error)
        return
    except BaseException:  # an interruption
        if stream:
            stream.close()
        raise
    context.recorder.remark(f"{MESSAGES[message.type]} {message.name[:60]}")
    if call.method is None:
        if stream:
            stream.close()
        yield from probed(message, decoder, asked.shape)
    elif stream:
        yield from talk(request, asked, context, stream, keep=False)
    else:
        told = next(event.answer for event in probed(message, decoder, asked.shape) if isinstance(event, Finished))
        yield Finished(answer=told, then=Continue(why="retry", state=Search(call=asked)))


def _probe(request: ThriftRequest, call: Call, context: Context, stream: Stream, decoder: AnswerDecoder) -> ThriftMessage:
    """The answer to a method that cannot exist; before a call it belongs to the handshake. Raises `ExchangeError` where there is none."""
    timeline = context.recorder.timeline
    if call.method:
        timeline.enter("handshake")
    write(request, call.probe(), call.shape, stream)
    if not stream.wait_readable(SILENCE):
        raise ExchangeError("transport", "timeout", f"{call.shape}: no answer within {SILENCE:.0f} s")
    message = read(stream, decoder)
    if not is_unknown_method(message):
        context.note("probe", f"the server answers {MESSAGES[message.type]} to a method that cannot exist")
    if call.method:
        timeline.leave()
    return message


def _is_final(error: ExchangeError, context: Context) -> bool:
    """Whether no other form would change anything: no connection, no time, or a peer that speaks something else."""
    recorder = context.recorder
    if not recorder.bytes_sent or error.layer not in ("transport", "protocol") or context.deadline.passed():
        return True
    return not context.state and bool(recorder.first) and opening(recorder.first).error is not None


def _told(error: ExchangeError, forms: list[Shape]) -> ExchangeError:
    """The failure of the last form, which says what all were."""
    if len(forms) > 1 and error.layer == "transport":
        error.message = f"none of {len(forms)} forms is answered, the last of them {forms[-1]}: {error.message}"
        error.hint = "is it a Thrift server? --multiplexed=NAME is for one of several services; TLS wants --tls, HTTP a URL"
    return error
