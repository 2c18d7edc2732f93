"""`--reply`: subscribe to a subject and answer the requests of others, each of them an event."""

from __future__ import annotations

from rrcli.adapters.nats.answer import data_of, refused
from rrcli.adapters.nats.reply import described, json_of, text_of, value_of
from rrcli.base.errors import ExchangeError, malformed
from rrcli.codec.nats import PING, Err, Msg, publish, unsubscribe
from rrcli.engine.events import Finished, Received, StreamEvent
from rrcli.model.values import Response, Status
from rrcli.options.request import IDLE_TIMEOUT
from rrcli.policy.secrets import field_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.nats.endpoint import Endpoint
    from rrcli.adapters.nats.session import NatsSession
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def answering(session: NatsSession, endpoint: Endpoint, context: Context) -> Iterator[Event]:
    """Each request as it comes and is answered, until there were enough of them. No silence is too long unless one was set."""
    stream = session.stream
    publish("x", endpoint.payload, headers=endpoint.headers, max_payload=session.max_payload)  # raises `usage` for more than it takes
    stream.idle = None if context.request.idle_timeout == IDLE_TIMEOUT else context.request.idle_timeout
    answer = Response(summary=f"subscribed to {endpoint.subject}", status=Status(text="OK"), data=data_of(session, endpoint))
    yield Received(answer=answer)
    while not context.enough():
        message = session.next_message()
        if isinstance(message, Err):
            context.recorder.remark(f"-ERR {message.text}")
            yield Finished(answer=refused(session, endpoint, message))
            return
        if isinstance(message, Msg):
            context.recorder.remark(f"{message.subject} ({len(message.payload)} bytes)")
            if message.reply_to is not None:
                stream.write(_reply(endpoint, message, message.reply_to), f"PUB {message.reply_to}")
            context.secret(*field_secrets(message.headers))
            yield _event(message)
    stream.write(unsubscribe(session.sid) + PING, "UNSUB, PING")
    error = session.flushed()  # closing must not lose a reply
    yield Finished(answer=refused(session, endpoint, error) if error else answer)


def _reply(endpoint: Endpoint, message: Msg, reply_to: str) -> bytes:
    """The bytes that answer a request. Raises `malformed` for one that asks for what NATS does not take."""
    echo = endpoint.request.reply_echo
    headers = (*message.headers, *endpoint.headers) if echo else endpoint.headers
    try:
        return publish(reply_to, message.payload if echo else endpoint.payload, headers=headers)
    except ExchangeError as error:
        raise malformed(f"a request cannot be answered: {error.message}") from error


def _event(message: Msg) -> StreamEvent:
    payload = value_of(message.payload)
    more = {**described(message), "reply_to": message.reply_to, **json_of(payload)}
    text = message.payload if text_of(message.payload) is not None else b""
    return StreamEvent(type="request", data=payload, more=more, text=text)
