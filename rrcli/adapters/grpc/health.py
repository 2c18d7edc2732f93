"""`--health`: the standard health check (`grpc.health.v1.Health`), whose messages are known, so that no types are needed."""

from __future__ import annotations

from rrcli.adapters.grpc.call import Call
from rrcli.adapters.grpc.calling import endless, secret_metadata, target_of
from rrcli.adapters.grpc.connection import explained, leave
from rrcli.adapters.grpc.metadata import given
from rrcli.adapters.grpc.reply import Reply
from rrcli.adapters.grpc.session import obtain
from rrcli.base.errors import ExchangeError
from rrcli.codec.grpc.reflection import health_request, read_health
from rrcli.codec.grpc.status import UNIMPLEMENTED
from rrcli.engine.events import Finished, Received, Sent
from rrcli.model.values import RequestMessage, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.grpc.place import Place
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Fields, Response

SERVICE = "grpc.health.v1.Health"
WELL = "SERVING"


def check(request: GrpcRequest, place: Place, service: str, context: Context) -> Iterator[Event]:
    """Ask for the health of a service, or of the whole server, once or until it is ended. Any health but SERVING is no success."""
    metadata = given(request, context.id)
    secret_metadata(metadata, context)
    path = f"/{SERVICE}/{'Watch' if request.watch else 'Check'}"
    yield _sent(request, place, path, metadata, None)
    session = yield from obtain(request, place, context)
    try:
        if request.watch:
            endless(request, session, context)
        making = Call(request, place, path, metadata, context)
        yield _sent(request, place, path, metadata, making)
        reply = Reply(context, _to_json, single=not request.watch, live=context.log is not None)
        kind = "server" if request.watch else "unary"
        reply.more = {"reflection": None, "method": {"name": path[1:], "type": kind, "idempotency": "NO_SIDE_EFFECTS"}}
        events = making.run(session, [health_request(service)], lambda value: value, reply)
        for event in events:
            if isinstance(event, Finished) and event.answer:
                yield Finished(answer=_judged(event.answer, context))
            elif isinstance(event, Received) and reply.ended:
                yield Received(answer=_judged(event.answer, context))
            else:
                yield event
        yield _sent(request, place, path, metadata, making)
    except ExchangeError as error:
        raise explained(error, context, tls=place.tls) from None
    finally:
        leave(session)


def _to_json(data: bytes) -> dict[str, Any]:
    return {"status": read_health(data)}


def _judged(answer: Response, context: Context) -> Response:
    """The answer, no success where the last health that was told is none. A server without health checks is up all the same."""
    if answer.status.code == UNIMPLEMENTED:  # what `doctor` asks: that the server answers is what it wants to know
        context.note("no-health-check", "the server has no health check; it answers, and so it is up")
        return answer
    messages = answer.data["messages"]
    last = messages[-1]["status"] if messages else WELL
    if answer.status.code not in (0, None) or last == WELL:
        return answer
    status = Status(code=answer.status.code, text=last, ok=False, reason=f"the health check says {last}", explain_as=("grpc", last))
    return answer.replace(status=status, summary=last)


def _sent(request: GrpcRequest, place: Place, path: str, metadata: Fields, making: Call | None) -> Sent:
    data = {
        "method": path[1:],
        "safe": True,
        "idempotent": True,
        "messages": list(making.sent) if making else [],
        "grpc_timeout_ms": round(making.timeout_ms) if making and making.timeout_ms is not None else None,
        "authority": request.authority or place.authority,
    }
    fields = making.fields if making else metadata
    message = RequestMessage(summary=f"POST {path} HTTP/2", fields=fields, data=data, name="the health check")
    return Sent(message=message, target=target_of(place, path))
