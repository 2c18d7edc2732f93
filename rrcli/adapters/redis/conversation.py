"""One command and what it is answered."""

from __future__ import annotations

import os

from rrcli.adapters.redis.answer import answered
from rrcli.adapters.redis.cluster import redirection
from rrcli.adapters.redis.commands import ANSWERED_BY_PUSH, ENDLESS, STREAMS, answered_secrets, own_timeout, secret_spans
from rrcli.adapters.redis.replies import raw_parts
from rrcli.adapters.redis.reply import is_error, is_redirection, summary, tell_oddities, tell_pushes
from rrcli.adapters.redis.request import RedisRequest
from rrcli.codec.redis.resp import encode
from rrcli.codec.redis.text import as_raw
from rrcli.engine.events import Content, Finished, Received
from rrcli.model.values import Body, Response, Status
from rrcli.options.request import BESIDE_REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.adapters.redis.endpoint import Endpoint
    from rrcli.adapters.redis.replies import Replies
    from rrcli.codec.redis.resp import Reply
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def converse(endpoint: Endpoint, context: Context, replies: Replies) -> Iterator[Event]:
    """The command and what it is answered."""
    stopwatch = None
    if endpoint.request.slowlog:
        from rrcli.adapters.redis.servertime import Stopwatch

        stopwatch = Stopwatch(endpoint, context, replies)
    command, streams = endpoint.command, endpoint.command in STREAMS
    in_parts = not (context.keeps_content or endpoint.request.quoted or streams)
    _raise_limits_for_blocking(endpoint, context, replies)
    replies.begin(endless=streams or in_parts)
    asked = encode(endpoint.words)
    if not (streams or in_parts or stopwatch or context.state):
        context.repeats(asked)
    replies.stream.write(asked, command, secrets=secret_spans((endpoint.words,)))
    if in_parts:
        told = yield from _in_parts(replies)
        if told:
            return
    reply = replies.read(push=command in ANSWERED_BY_PUSH)
    context.recorder.remark(summary(reply))
    if endpoint.request.cluster and (hop := redirection(endpoint, reply)):
        yield hop
        return
    if streams and not is_error(reply):
        from rrcli.adapters.redis.events import events

        yield from events(endpoint, context, replies, reply)
        return
    context.secret(*answered_secrets(endpoint.words, reply))
    _note(endpoint, context, replies, reply)
    more, line = stopwatch.read() if stopwatch else (None, "")
    yield from answered(endpoint, reply, endpoint.words, more, line)


def _raise_limits_for_blocking(endpoint: Endpoint, context: Context, replies: Replies) -> None:
    """A command that waits by itself is given its own time, and as long again as any other is allowed to be silent."""
    own = own_timeout(endpoint.words)
    if own is None:
        return
    from rrcli.options.request import IDLE_TIMEOUT

    idle = context.request.idle_timeout or 0.0
    replies.stream.idle = own + idle if own and idle else None if idle == IDLE_TIMEOUT else idle


def _in_parts(replies: Replies) -> Generator[Event, None, bool]:
    """Pass a large reply on while it comes, in bounded memory: its value is its content alone. True if it was one."""
    answer, between = None, b""
    for whole, pieces in replies.parts():
        if answer is None:
            bulk = whole.type == "bulk"
            answer = Response(
                summary=f"{whole.value} {'bytes' if bulk else 'elements'}",
                status=Status(text="OK"),
                body=Body(),
                framing="length-prefix" if bulk else "element-count",
                data={"value": None, "type": whole.type},
            )
            yield Received(answer=answer)
        if pieces:
            yield Content(data=between + raw_parts(pieces, whole))
            between = b"" if bulk else b"\n"
    if answer is None:
        return False
    rest = replies.read()
    if rest.value:
        yield Content(data=between + as_raw(rest))
    yield Finished(answer=answer)
    return True


def _note(endpoint: Endpoint, context: Context, replies: Replies, reply: Reply) -> None:
    """Say what is odd about the reply, or easily misunderstood."""
    command = endpoint.command
    tell_pushes(context, replies)
    tell_oddities(context, reply)
    if is_error(reply):
        for word in _like_options(endpoint.words[1:]):
            context.note("looks-like-option", f"{word} was sent to the server: words after the command are data, options go before it")
        if not endpoint.request.cluster and is_redirection(reply):
            context.note("redirection", "the key lives on another node of the cluster: -c (--cluster) follows")
    elif command in ENDLESS:
        context.note("stream", f"{command} goes on for ever: only its first reply was read, then the connection was closed")
        return
    if replies.overhang:
        context.note("bytes-after-end", "more bytes came after the end of the reply")


def _like_options(args: tuple[bytes, ...]) -> list[str]:
    """The arguments that are spelled like options of ours; numbers (`-2`) are not."""
    flags = {flag for table in (BESIDE_REQUEST, RedisRequest.options_) for declared in table.values() for flag in declared.flags}
    words = [os.fsdecode(arg) for arg in args if arg[:1] == b"-" and not arg[1:2].isdigit()]
    return [word for word in words if word.partition("=")[0] in flags]
