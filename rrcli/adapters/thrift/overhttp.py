"""A call over HTTP (THttp): the message as the content of a POST, its answer as that of a 200; HTTP/2 or 1.1, as the server chooses."""

from __future__ import annotations

from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.versions.http1 import Http1Stream
from rrcli.adapters.http.versions.response import ResponseReader
from rrcli.adapters.http.versions.stream import send_request
from rrcli.adapters.thrift.answer import answered, unanswered
from rrcli.adapters.thrift.headers import pairs
from rrcli.base.errors import ExchangeError, malformed, too_large
from rrcli.base.url import host_port
from rrcli.codec.thrift.answer import AnswerDecoder, encode_message
from rrcli.codec.thrift.tree import MESSAGES
from rrcli.engine.events import Content, Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.http.versions.stream import ClientStream
    from rrcli.adapters.thrift.request import ThriftRequest
    from rrcli.adapters.thrift.words import Call
    from rrcli.codec.thrift.tree import ThriftMessage
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Fields, Response
    from rrcli.wire.stream import Stream

MEDIA_TYPE = "application/x-thrift"


def converse_over_http(request: ThriftRequest, call: Call, context: Context) -> Iterator[Event]:
    """Call, and read the answer."""
    message = call.message()
    yield Sent(message=call.shown().replace(fields=_fields(request, call, len(_encoded(request, call, message)))), target=call.place.target)
    if call.oneway:
        _post(request, call, context, message)
        yield from unanswered(call, context)
        return
    decoder = AnswerDecoder(call.shape, request.max_size)
    found = ask_over_http(request, call, context, message, decoder)
    context.recorder.remark(f"{MESSAGES[found.type]} {found.name[:60]}")
    yield from answered(call, found, decoder, context)


def ask_over_http(request: ThriftRequest, call: Call, context: Context, message: ThriftMessage, decoder: AnswerDecoder) -> ThriftMessage:
    """The message that answers one. Raises `ExchangeError`, also for an HTTP status that is no success."""
    content = _post(request, call, context, message)
    found = decoder.feed(content)
    if found is None:
        hint = f"the server may not speak {call.shape.protocol} at this path"
        raise decoder.close() if content else malformed("the content of the HTTP answer is empty", hint)
    return found


def _post(request: ThriftRequest, call: Call, context: Context, message: ThriftMessage) -> bytes:
    """The content of the HTTP answer to a message. Raises `ExchangeError`."""
    sent = _encoded(request, call, message)
    place = call.place
    prepared = PreparedRequest(
        method="POST",
        url=place.url,
        scheme=place.scheme,
        host=place.host,
        port=place.port,
        target=place.path,
        version="HTTP/1.1",
        fields=_fields(request, call, len(sent)),
        content=sent,
    )
    versions = ("http/1.1",) if context.pool else ("h2", "http/1.1")  # a connection of the former is kept for the next call
    connection = context.connect(place.host, place.port, tls=place.tls, alpn=versions if place.tls else ())
    content, reusable = bytearray(), False
    try:
        stream = _stream(connection, prepared, context)
        reader = ResponseReader(prepared, context, stream, lambda _: None)
        for event in send_request(stream, prepared, reader, context):
            if isinstance(event, Content):
                content += event.data
                if len(content) > request.max_size:
                    raise too_large(f"the answer is larger than {request.max_size} bytes")
        reusable = bool(context.pool) and isinstance(stream, Http1Stream) and _persists(prepared, reader, stream)
    finally:
        if reusable:
            context.keep(connection)
        else:
            connection.close()
    assert reader.answer
    if not 200 <= (reader.answer.status.code or 0) < 300:
        raise _refusal(reader.answer)
    return bytes(content)


def _persists(prepared: PreparedRequest, reader: ResponseReader, stream: Http1Stream) -> bool:
    from rrcli.adapters.http.versions.pooled import persists

    return persists(prepared, reader, stream)


def _encoded(request: ThriftRequest, call: Call, message: ThriftMessage) -> bytes:
    return encode_message(message, call.shape.protocol, strict=not request.no_strict)


def _fields(request: ThriftRequest, call: Call, size: int) -> Fields:
    """The fields of the request: ours, then those of `-H`, which take the place of ours."""
    place = call.place
    default = {"http": 80, "https": 443}[place.scheme]
    own = [
        ("host", host_port(place.host, None if place.port == default else place.port)),
        ("accept", MEDIA_TYPE),
        ("content-type", MEDIA_TYPE),
        ("content-length", str(size)),
    ]
    if place.credentials:
        from binascii import b2a_base64

        basic = b2a_base64(":".join(place.credentials).encode(), newline=False).decode()
        own.append(("authorization", f"Basic {basic}"))
    given = pairs(request)
    taken = {name.lower() for name, _ in given}
    return (*(pair for pair in own if pair[0] not in taken), *given)


def _stream(connection: Stream, prepared: PreparedRequest, context: Context) -> ClientStream:
    """The stream of the version that ALPN has chosen."""
    if context.recorder.tls and context.recorder.tls.alpn == "h2":
        from rrcli.adapters.http.versions.h2session import H2Session

        return H2Session(connection).open(context)
    return Http1Stream(connection, prepared.method, f"{prepared.method} {prepared.target}")


def _refusal(response: Response) -> ExchangeError:
    """The failure that an HTTP status means."""
    from rrcli.base.fields import first

    code = response.status.code or 0
    said = f"the server answers HTTP {code} {response.status.text}".rstrip()
    if location := first(response.fields, "location"):
        return ExchangeError("application", "bad_status", f"{said}, and leads to {location}", hint="call it there")
    return ExchangeError("application", "bad_status", said, hint=f"is the path the server's? rrcli explain {code} says what it means")
