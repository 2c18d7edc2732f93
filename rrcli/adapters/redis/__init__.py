"""Redis over RESP2 or RESP3: the handshake that URL and options ask for, then one command and its reply.

The words are the command's own bytes from the first one that is no URL. What the handshake refuses is the answer, and
the command is not sent then. What not every command needs has files of its own, loaded when it is asked for: events
(`events.py`), `--pipeline`, `--sentinel`, `--slowlog` and the command line of redis-cli. RESP is in `codec/resp.py`.
"""

from __future__ import annotations

from rrcli.adapters.redis.answer import answered
from rrcli.adapters.redis.commands import spelled_secrets
from rrcli.adapters.redis.conversation import converse
from rrcli.adapters.redis.endpoint import endpoint_of
from rrcli.adapters.redis.handshake import shake_hands
from rrcli.adapters.redis.replies import Replies
from rrcli.engine.context import Route
from rrcli.engine.events import Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.redis.request import RedisRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: RedisRequest, context: Context) -> Iterator[Event]:
    """Shake hands, send the command, read its reply. An error reply is an answer whose status is not ok."""
    if request.sentinel and context.state is None:
        from rrcli.adapters.redis.sentinel import discover

        yield from discover(request, context)
        return
    endpoint = endpoint_of(request, context.state)
    if endpoint.place.socket != request.unix_socket:  # a unix:// URL names the socket that `connect` opens
        context.route = Route(proxy=request.proxy, unix_socket=endpoint.place.socket, sni=request.sni)
    pipeline = None
    if request.pipeline:
        from rrcli.adapters.redis.pipeline import Pipeline

        pipeline = Pipeline(endpoint)
    context.secret(endpoint.password, *(pipeline.secrets() if pipeline else spelled_secrets(endpoint.words)))
    message = pipeline.message() if pipeline else endpoint.message()
    yield Sent(message=message, target=endpoint.target)
    if request.slowlog:
        import rrcli.adapters.redis.servertime  # noqa: F401  # loaded before the clock starts
    stream, reusable = context.connect(endpoint.place.host, endpoint.place.port, tls=endpoint.place.tls), False
    try:
        replies = Replies(stream, endpoint, in_parts=not (context.keeps_content or request.quoted))
        refused = (
            None if context.recorder.reused and not (context.state and context.state.asking) else shake_hands(endpoint, context, replies)
        )
        if refused:
            yield from answered(endpoint, refused[1], refused[0])
        else:
            yield from pipeline.converse(context, replies) if pipeline else converse(endpoint, context, replies)
            reusable = not replies.overhang
    finally:
        if reusable:
            context.keep(stream)
        else:
            stream.close()
