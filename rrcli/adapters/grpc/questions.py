"""`--list`, `--describe` and `--template`: what the server, or the files, have; nothing is called."""

from __future__ import annotations

from rrcli.adapters.grpc.calling import loaded_types, refusal, secret_metadata, target_of
from rrcli.adapters.grpc.connection import Refused, explained, leave
from rrcli.adapters.grpc.metadata import given
from rrcli.adapters.grpc.reflection import Reflection
from rrcli.adapters.grpc.schema import method_of
from rrcli.adapters.grpc.session import obtain
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import dumps
from rrcli.engine.events import Content, Finished, Received, Sent
from rrcli.model.values import Body, RequestMessage, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.adapters.grpc.place import Place
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.adapters.grpc.types import Types
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

    Found = tuple[str, str, dict[str, Any]]  # the text, its media type, and what the document has beside


def answer(request: GrpcRequest, place: Place, word: str | None, context: Context) -> Iterator[Event]:
    """Answer a question about types, out of files without any connection."""
    flag = "--list" if request.list_names else "--describe" if request.describe else "--template"
    metadata = given(request, context.id)
    secret_metadata(metadata, context)
    types = loaded_types(request, context)
    data = {"safe": True, "idempotent": True, "method": None, "question": flag.lstrip("-"), "symbol": word}
    message = RequestMessage(summary=f"{flag} {word or ''}".strip(), fields=metadata, data=data, name="the question")
    yield Sent(message=message, target=target_of(place))
    if types.from_files:
        yield from _told((yield from _found(request, types, word)), types)
        return
    session = yield from obtain(request, place, context)
    try:
        context.recorder.timeline.enter("handshake")
        types.reflection = Reflection(request, place, session, context, metadata)
        found = yield from _found(request, types, word)
        context.recorder.timeline.leave()
        yield from _told(found, types)
    except Refused as refused:
        yield from refusal(refused)
    except ExchangeError as error:
        raise explained(error, context, tls=place.tls) from None
    finally:
        leave(session)


def _found(request: GrpcRequest, types: Types, word: str | None) -> Generator[Event, None, Found]:
    if request.list_names:
        return (yield from _list(types, word))
    if request.describe:
        return (yield from _describe(types, word))
    return (yield from _template(types, word or ""))


def _list(types: Types, word: str | None) -> Generator[Event, None, Found]:
    if word is None:
        services = sorted((yield from types.services()))
        return _lines(services), "text/plain", {"services": services}
    service = yield from types.symbol(word)
    if not hasattr(service, "methods_by_name"):
        raise usage(f"{word} is no service", "--describe shows what it is")
    methods = [
        {**method_of(each).as_json(), "takes": each.input_type.full_name, "gives": each.output_type.full_name} for each in service.methods
    ]
    return _lines([each["name"] for each in methods]), "text/plain", {"methods": methods}


def _describe(types: Types, word: str | None) -> Generator[Event, None, Found]:
    from rrcli.adapters.grpc.describe import text_of

    names = [word] if word else sorted((yield from types.services()))
    texts = []
    for name in names:
        texts.append(text_of((yield from types.symbol(name))))
    return _lines(texts, "\n\n"), "text/plain", {"symbols": names}


def _template(types: Types, word: str) -> Generator[Event, None, Found]:
    from rrcli.adapters.grpc.describe import template_of

    found = None
    if "/" not in word:
        try:
            found = yield from types.symbol(word)
        except ExchangeError:  # METHOD alone, or SERVICE.METHOD under a short name
            found = None
    if found is None or hasattr(found, "methods_by_name"):
        if found is not None:
            raise usage(f"{word} is a service", "--template takes SERVICE/METHOD or a TYPE")
        descriptor = (yield from types.method(word)).takes
    else:
        descriptor = found.input_type if hasattr(found, "input_type") else found
    if not hasattr(descriptor, "fields_by_name"):
        raise usage(f"{word} is an enum", "--describe shows its values")
    value = template_of(descriptor)
    return dumps(value, 2) + "\n", "application/json", {"type": descriptor.full_name, "template": value}


def _lines(texts: list[str], between: str = "\n") -> str:
    return between.join(texts) + "\n" if texts else ""


def _told(found: Found, types: Types) -> Iterator[Event]:
    text, media_type, data = found
    response = Response(
        summary="0 OK",
        status=Status(code=0, text="OK"),
        body=Body(media_type=media_type, charset="utf-8"),
        data={**data, "reflection": types.told()},
    )
    yield Received(answer=response)
    yield Content(data=text.encode())
    yield Finished(answer=response)
