"""What a call of NATS is answered, as the document has it."""

from __future__ import annotations

from rrcli.engine.events import Finished, Received
from rrcli.model.values import Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from rrcli.adapters.nats.endpoint import Endpoint
    from rrcli.adapters.nats.session import NatsSession
    from rrcli.codec.nats import Err
    from rrcli.engine.events import Event


def data_of(session: NatsSession, endpoint: Endpoint, replies: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """What is known of the server and of the way there, and the replies where any are waited for."""
    rtt_ms = None if session.rtt_ns is None else round(session.rtt_ns / 1e6, 3)
    found = {} if endpoint.request.answers else {"replies": list(replies)}
    return {"info": session.info, **found, "rtt_ms": rtt_ms, "inbox": endpoint.inbox}


def refused(session: NatsSession, endpoint: Endpoint, error: Err, replies: Sequence[dict[str, Any]] = ()) -> Response:
    """The answer that an -ERR is."""
    data = data_of(session, endpoint, replies)
    return Response(summary=f"-ERR {error.text}", status=Status(text=error.text, ok=False), framing="crlf", data=data)


def told(answer: Response) -> Iterator[Event]:
    """The events of an answer without content."""
    yield Received(answer=answer)
    yield Finished(answer=answer)
