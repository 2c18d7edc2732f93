"""NATS: a request with an inbox of its own and its replies, a message without, and answers to the requests of others.

What the handshake refuses is the answer, and the message is not sent then (`handshake.py`). `ask.py` has the requests, `serve.py`
the other side. The protocol is in `codec/nats.py`.
"""

from __future__ import annotations

from rrcli.adapters.nats.answer import refused, told
from rrcli.adapters.nats.ask import asked, pinged, published
from rrcli.adapters.nats.endpoint import OURS, endpoint_of
from rrcli.adapters.nats.handshake import open_session
from rrcli.codec.nats import subscribe
from rrcli.engine.events import Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.nats.endpoint import Endpoint
    from rrcli.adapters.nats.request import NatsRequest
    from rrcli.adapters.nats.session import NatsSession
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def run_hop(request: NatsRequest, context: Context) -> Iterator[Event]:
    """Shake hands, then ask, publish, or answer others. An -ERR, no responders and a service's error are answers that are not ok."""
    endpoint = endpoint_of(request, context.id)
    login = endpoint.login
    context.secret(login.password, login.token, login.jwt, login.seed)
    yield Sent(message=endpoint.message(), target=endpoint.place.target())
    session, refusal = open_session(endpoint, context, _subscription(endpoint))
    reusable = False
    try:
        if refusal:
            yield from told(refused(session, endpoint, refusal))
        else:
            yield from _conversation(session, endpoint, context)
            reusable = not session.overhang
    finally:
        if reusable:
            context.keep(session.stream)
        else:
            session.stream.close()


def _subscription(endpoint: Endpoint) -> bytes:
    """What is subscribed to before the message: the inbox, or the subject whose requests are answered."""
    if endpoint.request.answers:
        return subscribe(endpoint.subject or "", OURS, queue=endpoint.request.queue)
    return subscribe(endpoint.inbox, OURS) if endpoint.inbox else b""


def _conversation(session: NatsSession, endpoint: Endpoint, context: Context) -> Iterator[Event]:
    if endpoint.subject is None:
        return pinged(session, endpoint, context)
    if endpoint.request.answers:
        from rrcli.adapters.nats.serve import answering

        return answering(session, endpoint, context)
    return published(session, endpoint, context) if endpoint.request.no_reply else asked(session, endpoint, context)
