"""The upgrade: an HTTP/1.1 exchange that asks for the change of protocol, with the credentials, cookies and proxy of any other.

An answer other than 101 is the answer of the exchange, or leads to another hop, as a redirect or a challenge does.
"""

from __future__ import annotations

from rrcli.adapters.http.hop import NextHop, with_cookies_and_proxy
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.versions.http1 import Http1Stream, head_of
from rrcli.adapters.http.versions.response import ResponseReader, note_doubts
from rrcli.adapters.http.versions.stream import send_request
from rrcli.adapters.ws.socket import Socket
from rrcli.base.wsurl import http_url
from rrcli.engine.events import Finished, Received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.versions.response import Leads
    from rrcli.codec.ws import Handshake
    from rrcli.engine.context import Context
    from rrcli.engine.events import Continue, Event
    from rrcli.model.values import Response
    from rrcli.wire.stream import Stream

OWN_FIELDS = ("accept", "connection", "upgrade")  # what an upgrade says otherwise, or not at all


def prepared_upgrade(state: HopState, handshake: Handshake, context: Context) -> PreparedRequest:
    """The request for the upgrade, with the fields, cookies, credentials and proxy that any HTTP request of these options has.

    Raises `usage` for what cannot be sent.
    """
    prepared = with_cookies_and_proxy(state, state.prepared or prepare(state, context.id), context)
    if prepared.credentials:
        context.secret(prepared.credentials[1])
    note_doubts(state.options, prepared, context)
    kept = [field for field in prepared.fields if field[0].lower() not in OWN_FIELDS and not _is_handshake(field[0])]
    asked = prepared.replace(fields=(*kept, *handshake.fields()))
    head_of(asked)
    return asked


def _is_handshake(name: str) -> bool:
    """Whether a field is the opening handshake's, which every hop has anew."""
    return name.lower().startswith("sec-websocket-")


def upgrade(
    stream: Stream, prepared: PreparedRequest, handshake: Handshake, leads: Leads, context: Context
) -> Generator[Event, None, Socket | None]:
    """Ask for the change of protocol, in the phase `handshake`; `None` when the answer is another than 101, and was told as such.

    `leads` says where an answer leads. Raises `malformed` for a 101 that does not answer the request.
    """
    context.recorder.timeline.enter("handshake")
    exchange = Http1Stream(stream, prepared.method, "upgrade")
    reader = ResponseReader(prepared, context, exchange, leads)
    for event in send_request(exchange, prepared, reader, context):
        if reader.answer and reader.answer.status.code == 101:
            continue
        if isinstance(event, (Received, Finished)) and event.answer:
            yield event.replace(answer=not_switched(event.answer))
        else:
            yield event
    answer = reader.answer
    assert answer
    if answer.status.code != 101:
        return None
    codec = handshake.agree(answer.fields, max_size=context.request.max_size)
    yield Received(answer=answer)
    return Socket(exchange.take_over(), codec, answer)


class UpgradeLeads(NextHop):
    """Where the answer to an upgrade leads: as HTTP's, and a Location of a WebSocket is one of the HTTP request behind it."""

    def __call__(self, answer: Response) -> Continue | None:
        fields = tuple((name, http_url(value) if name.lower() == "location" else value) for name, value in answer.fields)
        return super().__call__(answer.replace(fields=fields))


def not_switched(answer: Response) -> Response:
    """An answer that left the protocol as it was, which is a failure whatever its status."""
    reason = f"the server did not change to WebSocket: it answered {answer.summary}"
    known = None if (answer.status.code or 0) >= 400 else ("graphql", "NO_WEBSOCKET")
    return answer.replace(status=answer.status.replace(ok=False, reason=reason, explain_as=known))
