"""One call from its method's name to its status: connect, learn the types, write the messages, send them, read the answer."""

from __future__ import annotations

from time import sleep

from rrcli.adapters.grpc.call import Call
from rrcli.adapters.grpc.connection import Refused, explained, leave
from rrcli.adapters.grpc.convert import Converter
from rrcli.adapters.grpc.messages import values_of
from rrcli.adapters.grpc.metadata import given
from rrcli.adapters.grpc.reflection import Reflection
from rrcli.adapters.grpc.reply import Reply, status_of_http
from rrcli.adapters.grpc.session import obtain
from rrcli.adapters.grpc.types import Types
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import dumps
from rrcli.codec.grpc.status import name_of
from rrcli.engine.events import Content, Continue, Finished, Received, Sent
from rrcli.model.values import Body, RequestMessage, Response, Status, Target
from rrcli.options.request import IDLE_TIMEOUT, timeout_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.adapters.grpc.place import Place
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.adapters.grpc.schema import Method
    from rrcli.adapters.http.versions.h2session import H2Session
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Fields

SAFE, IDEMPOTENT = 1, 2  # values of `idempotency_level`


def call(request: GrpcRequest, place: Place, word: str, context: Context) -> Iterator[Event]:
    """The events of a call. Raises `usage` for a method or a message that the types do not have."""
    values = values_of(request)
    metadata = given(request, context.id)
    secret_metadata(metadata, context)
    types = loaded_types(request, context)
    method, messages = None, None
    if types.from_files:
        method = _at_once(types.method(word))
        messages = _encoded(request, types, method, values)
    yield _sent(request, place, word, metadata, method, values)
    session = yield from obtain(request, place, context)
    try:
        learned = getattr(session, "learned", {})  # of a series
        if method is None and word in learned:
            types, method = learned[word]
            messages = _encoded(request, types, method, values)
        elif method is None:
            context.recorder.timeline.enter("handshake")
            types.reflection = Reflection(request, place, session, context, metadata)
            method = yield from types.method(word)
            messages = _encoded(request, types, method, values)
            context.recorder.timeline.leave()
            learned[word] = types, method
        for event in _run(request, place, session, context, metadata, types, method, values, messages):
            if isinstance(event, Finished) and _asks_again(request, context, method):
                yield event.replace(then=_again(request, context))
            else:
                yield event
    except Refused as refused:
        context.note("handshake", "the server's reflection was refused, and the call was not sent")
        yield from refusal(refused)
    except ExchangeError as error:
        raise explained(error, context, tls=place.tls) from None
    finally:
        leave(session)


def _run(
    request: GrpcRequest,
    place: Place,
    session: H2Session,
    context: Context,
    metadata: Fields,
    types: Types,
    method: Method,
    values: list[Any] | None,
    messages: list[bytes] | None,
) -> Iterator[Event]:
    """The call on an open connection, once its method is known."""
    if method.server_streams:
        endless(request, session, context)
    making = Call(request, place, method.path, metadata, context)
    yield _sent(request, place, method.path, metadata, method, values, making)
    converter = Converter(types.schema, defaults=not request.no_defaults)
    reply = Reply(
        context, lambda data: converter.to_json(data, method.gives), single=not method.server_streams, live=context.log is not None
    )
    reply.more = {"reflection": types.told(), "method": method.as_json()}
    reply.types = types.schema
    failure = None
    try:
        yield from making.run(session, messages, lambda value: converter.to_bytes(value, method.takes), reply)
    except ExchangeError as error:
        failure = error
    if converter.unknown:
        numbers = ", ".join(map(str, sorted(converter.unknown)[:20]))
        context.note("unknown-fields", f"fields came that the types do not know: {numbers}")
    yield _sent(request, place, method.path, metadata, method, values, making)  # with what went out
    if failure:
        raise failure


def loaded_types(request: GrpcRequest, context: Context) -> Types:
    """The types of the files, if any are named. What loading the library takes is no time of the attempt, which begins behind it."""
    types = Types(request)
    context.deadline = Deadline.after(timeout_of(request), "--timeout").sooner(context.whole)
    return types


def _asks_again(request: GrpcRequest, context: Context, method: Method) -> bool:
    """Whether --until waits for another message of a method that answers with one."""
    log = context.log
    return bool(request.until and log and not method.server_streams and not log.enough() and "@-" not in request.data)


def _again(request: GrpcRequest, context: Context) -> Continue:
    """Another call, once the wait for it is over. Raises the time-out where the deadline comes before."""
    left = context.whole.remaining_ms()
    if left is not None and left / 1000 <= request.every:
        sleep(left / 1000)
        context.whole.expire()
    sleep(request.every)
    return Continue(why="poll", state=None, resumes=True)


def endless(request: GrpcRequest, session: H2Session, context: Context) -> None:
    """A stream of answers takes as long as it takes: without --timeout only silence is limited, and --deadline holds."""
    if request.timeout is None:
        session.connection.deadline = context.deadline = context.whole
        session.connection.idle = IDLE_TIMEOUT if request.idle_timeout is None else request.idle_timeout


def secret_metadata(metadata: Fields, context: Context) -> None:
    """Mask what metadata holds in secret also where it is written without the padding of base64."""
    from rrcli.policy.secrets import field_secrets

    context.secret(*(value.rstrip("=") for value in field_secrets(metadata)))


def _encoded(request: GrpcRequest, types: Types, method: Method, values: list[Any] | None) -> list[bytes] | None:
    """The messages as bytes. Raises `usage` for what the type does not take, and for more messages than the method does."""
    if values is None:
        return None
    if not values and not method.client_streams:
        values = [{}]
    if len(values) > 1 and not method.client_streams:
        raise usage(
            f"{method.service}/{method.name} takes one message, got {len(values)}", "only a method with a stream of requests takes more"
        )
    converter = Converter(types.schema, defaults=not request.no_defaults)
    return [converter.to_bytes(value, method.takes) for value in values]


def _at_once(steps: Generator[Event, None, Method]) -> Method:
    """What steps come to that need no server."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        found: Method = end.value
        return found


def _sent(
    request: GrpcRequest,
    place: Place,
    path: str,
    metadata: Fields,
    method: Method | None,
    values: list[Any] | None,
    making: Call | None = None,
) -> Sent:
    """The request as the document has it, as much as is known by now."""
    name = path.lstrip("/")
    level = method.idempotency if method else 0
    keyed = any(key == "idempotency-key" for key, _ in metadata)
    data = {
        "method": name,
        "safe": level == SAFE,
        "idempotent": level in (SAFE, IDEMPOTENT) or keyed,
        "messages": list(making.sent) if making else [],
        "grpc_timeout_ms": round(making.timeout_ms) if making and making.timeout_ms is not None else None,
        "authority": request.authority or place.authority,
    }
    fields = making.fields if making else metadata
    message = RequestMessage(summary=f"POST /{name} HTTP/2", fields=fields, body=_body(values), data=data, name="the call")
    return Sent(message=message, target=target_of(place, f"/{name}"))


def target_of(place: Place, path: str = "") -> Target:
    return Target(url=place.url(path), host=None if place.socket else place.host, port=None if place.socket else place.port)


def _body(values: list[Any] | None) -> Body | None:
    """The messages that are known before anything is sent, one a line."""
    if not values:
        return None
    from rrcli.base.digest import sha256

    data = "\n".join(map(dumps, values)).encode("utf-8", "surrogateescape")
    kind = "application/json" if len(values) == 1 else "application/x-ndjson"
    return Body(data=data, size=len(data), sha256=sha256(data).hexdigest(), media_type=kind, charset="utf-8")


def refusal(refused: Refused) -> Iterator[Event]:
    """The answer that a call before the one that was asked for came to."""
    status = Status(code=refused.code, text=name_of(refused.code), ok=False, reason=refused.message)
    if refused.http:
        status = status_of_http(refused.http)
    data = {"messages": [], "events": [], "status_details": [], "http_status": refused.http or 200, "reflection": None, "method": None}
    body = Body(media_type=_media_type(refused.fields)) if refused.content else None
    summary = f"HTTP/2 {refused.http}" if refused.http else f"{refused.code} {status.text}"
    answer = Response(summary=summary, status=status, fields=refused.fields, body=body, data=data)
    yield Received(answer=answer)
    if refused.content:
        yield Content(data=refused.content)
    yield Finished(answer=answer)


def _media_type(fields: Fields) -> str | None:
    from rrcli.adapters.http.versions.response import media_type_of

    return media_type_of(fields)[0]
