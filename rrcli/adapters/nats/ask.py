"""A message and its replies: one, several, as many as come, or none."""

from __future__ import annotations

from rrcli.adapters.nats.answer import data_of, refused, told
from rrcli.adapters.nats.replies import Replies, no_responders
from rrcli.adapters.nats.reply import content_of, summary_of
from rrcli.adapters.nats.words import ALL
from rrcli.base.errors import ExchangeError, usage
from rrcli.codec.nats import PING, Err, Msg, publish, subscribe, unsubscribe
from rrcli.engine.events import Content, Finished, Received
from rrcli.model.values import Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.nats.endpoint import Endpoint
    from rrcli.adapters.nats.session import NatsSession
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def pinged(session: NatsSession, endpoint: Endpoint, context: Context) -> Iterator[Event]:
    """The answer of a server that was asked for nothing but PONG."""
    session.stream.write(PING, "PING")
    error = session.flushed()
    context.recorder.remark(f"-ERR {error.text}" if error else "PONG")
    answer = Response(summary="PONG", status=Status(text="OK"), data=data_of(session, endpoint))
    yield from told(refused(session, endpoint, error) if error else answer)


def published(session: NatsSession, endpoint: Endpoint, context: Context) -> Iterator[Event]:
    """The answer of a server that has taken a message for which no reply is waited."""
    session.stream.write(_message(session, endpoint) + PING, "PUB, PING")
    error = session.flushed()
    context.recorder.remark(f"-ERR {error.text}" if error else "PONG")
    if error:
        yield from told(refused(session, endpoint, error))
        return
    context.note("nobody-tells", "the server has taken the message; whether anybody listens to the subject is not told")
    yield from told(Response(summary="PONG", status=Status(text="OK"), framing="crlf", data=data_of(session, endpoint)))


def asked(session: NatsSession, endpoint: Endpoint, context: Context) -> Iterator[Event]:
    """The message, and what it is answered."""
    _ask(session, endpoint, context)
    replies = Replies(session, endpoint, context)
    try:
        while True:
            if replies.count and not session.has_next(endpoint.request.reply_timeout):
                framing = "reply-timeout"
                break
            operation = session.next_message()
            if isinstance(operation, Err):
                context.recorder.remark(f"-ERR {operation.text}")
                yield from told(refused(session, endpoint, operation, replies.kept))
                return
            if not isinstance(operation, Msg):
                continue
            context.recorder.remark(f"{operation.subject}: {summary_of(operation)}")
            if operation.status == 503 and not operation.payload:
                session.stream.write(unsubscribe(session.sid), "UNSUB")
                yield from told(no_responders(session, endpoint, operation))
                return
            replies.add(operation)
            if replies.count == 1:
                yield Received(answer=replies.answer(None))
            yield Content(data=operation.payload if endpoint.request.replies == 1 else content_of(operation.payload))
            if replies.count == endpoint.request.replies:
                framing = "replies"
                break
    except ExchangeError as error:
        if not replies.count:
            raise
        if error.kind == "closed":
            error.message = f"the server closed the connection after {replies.count} repl{'ies' if replies.count > 1 else 'y'}"
        replies.note(None)
        error.phase = error.phase or context.recorder.timeline.current
        yield Finished(answer=replies.answer(None), failure=error)
        return
    if framing == "reply-timeout":
        session.stream.write(unsubscribe(session.sid), "UNSUB")
    replies.note(framing)
    yield Finished(answer=replies.answer(framing))


def _ask(session: NatsSession, endpoint: Endpoint, context: Context) -> None:
    """Send the message; on a kept connection behind a subscription of its own."""
    message, words, before = _message(session, endpoint), "PUB", b""
    if context.recorder.reused:
        assert endpoint.inbox
        session.sid += 1
        before, words = subscribe(endpoint.inbox, session.sid), f"SUB, {words}"
    if endpoint.request.replies != ALL:
        before, words = before + unsubscribe(session.sid, after=endpoint.request.replies), f"UNSUB, {words}"
    session.stream.write(before + message, words)


def _message(session: NatsSession, endpoint: Endpoint) -> bytes:
    """The bytes that publish the message. Raises `usage` for one that this server does not take."""
    if endpoint.headers and session.info.get("headers") is not True:
        raise usage("this server takes no headers", "it is older than 2.2, or has them turned off")
    return publish(
        endpoint.subject or "", endpoint.payload, reply_to=endpoint.inbox, headers=endpoint.headers, max_payload=session.max_payload
    )
