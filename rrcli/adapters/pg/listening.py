"""LISTEN: what is notified on the channels, each an event, until there were enough of them."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.codec.pg.messages import NotificationResponse
from rrcli.codec.pg.report import ErrorResponse, NoticeResponse
from rrcli.engine.eventlog import parsed
from rrcli.engine.events import Finished, Received, StreamEvent
from rrcli.options.request import IDLE_TIMEOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from rrcli.adapters.pg.answer import Answered
    from rrcli.adapters.pg.session import PgSession
    from rrcli.codec.pg.messages import Message
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def events(context: Context, session: PgSession, answered: Answered, take: Callable[[Message], None]) -> Iterator[Event]:
    """Each notification, from the confirmation of LISTEN on; every other message goes to `take`."""
    stream, idle = session.stream, context.request.idle_timeout
    stream.idle = None if idle == IDLE_TIMEOUT else idle  # silence is what one waits through here
    answer = answered.response(None)
    yield Received(answer=answer)
    while not context.enough():
        message = session.next()
        if isinstance(message, NotificationResponse):
            context.recorder.remark(f"notification on {message.channel}")
            yield _notification(message)
            continue
        take(message)
        if isinstance(message, NoticeResponse):
            yield _notice(message)
        elif isinstance(message, ErrorResponse):
            session.is_ready = False
            yield Finished(answer=answered.response(message))
            return
    yield Finished(answer=answer)


def _notification(message: NotificationResponse) -> StreamEvent:
    named: dict[str, Any] = {"channel": message.channel, "payload": message.payload, "pid": message.process}
    more = dict(named)
    if (value := parsed(message.payload)) is not None:
        more["json"] = value
    return StreamEvent(type="notification", data=message.payload, more=more, text=dumps(named).encode())


def _notice(message: NoticeResponse) -> StreamEvent:
    more = {"severity": message.severity, "sqlstate": message.sqlstate}
    text = dumps({"severity": message.severity, "message": message.message}).encode()
    return StreamEvent(type="notice", data=message.message, more=more, text=text, counts=False)
