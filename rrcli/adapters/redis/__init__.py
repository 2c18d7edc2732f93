"""Redis over RESP2 or RESP3: the handshake that URL and options ask for, then one command and its reply.

The words are the command's own bytes from the first one that is no URL. What the handshake refuses is the answer, and
the command is not sent then. What not every command needs has files of its own, loaded when it is asked for: events
(`events.py`), `--pipeline`, `--sentinel`, `--slowlog` and the command line of redis-cli. RESP is in `codec/resp.py`.
"""

from __future__ import annotations

import os

from rrcli.adapters.redis.commands import (
    ANSWERED_BY_PUSH,
    ENDLESS,
    SECRET_SETTINGS,
    STREAMS,
    is_text,
    name_of,
    own_timeout,
    secret_spans,
    spelled_secrets,
)
from rrcli.adapters.redis.endpoint import RedisHop, endpoint_of
from rrcli.adapters.redis.replies import Replies, raw_parts
from rrcli.adapters.redis.reply import _drawn, content, is_error, prefix, summary, tell_pushes
from rrcli.adapters.redis.request import RedisRequest
from rrcli.base.errors import malformed
from rrcli.base.url import is_port
from rrcli.codec.redis.resp import Reply, as_json, encode, framing
from rrcli.codec.redis.text import as_raw, as_text
from rrcli.engine.context import Route
from rrcli.engine.continuation import Continue
from rrcli.engine.events import Content, Finished, Received, Sent
from rrcli.model.values import Body, Response, Status
from rrcli.options.output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.adapters.redis.endpoint import Endpoint, Place
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange


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
            None if context.recorder.reused and not (context.state and context.state.asking) else _shake_hands(endpoint, context, replies)
        )
        if refused:
            yield from _tell(endpoint, refused, _drawn(refused))
        else:
            yield from pipeline.converse(context, replies) if pipeline else _converse(endpoint, context, replies)
            reusable = not replies.overhang
    finally:
        if reusable:
            context.keep(stream)
        else:
            stream.close()


def as_command(exchange: Exchange, _request: object = None) -> str:
    """The same with redis-cli, for a shell."""
    from rrcli.adapters.redis.rediscli import as_command

    return as_command(exchange)


# --- the conversation --------------------------------------------------------------------------------------


def _converse(endpoint: Endpoint, context: Context, replies: Replies) -> Iterator[Event]:
    """The command and what it is answered."""
    stopwatch = None
    if endpoint.request.slowlog:
        from rrcli.adapters.redis.servertime import Stopwatch

        stopwatch = Stopwatch(endpoint, context, replies)
    command, streams = endpoint.command, endpoint.command in STREAMS
    in_parts = not (context.keeps_content or endpoint.request.quoted or streams)
    _raise_limits_for_blocking(endpoint, context, replies)
    replies.begin(endless=streams or in_parts)
    replies.stream.write(encode(endpoint.words), command, secrets=secret_spans((endpoint.words,)))
    if in_parts:
        told = yield from _in_parts(replies)
        if told:
            return
    reply = replies.read(push=command in ANSWERED_BY_PUSH)
    context.recorder.remark(summary(reply))
    if endpoint.request.cluster and (hop := _redirection(endpoint, reply)):
        yield hop
        return
    if streams and not is_error(reply):
        from rrcli.adapters.redis.events import events

        yield from events(endpoint, context, replies, reply)
        return
    if command == "CONFIG":
        context.secret(*_settings_in(reply))
    _note(endpoint, context, replies, reply)
    drawn = _drawn(reply, text=is_text(endpoint.words))
    more: dict[str, Any] = {}
    if stopwatch:
        more, line = stopwatch.read()
        drawn = drawn and f"{drawn}\n{line}"
    yield from _tell(endpoint, reply, drawn, more)


def _raise_limits_for_blocking(endpoint: Endpoint, context: Context, replies: Replies) -> None:
    """A command that waits by itself is given its own time, and as long again as any other is allowed to be silent."""
    own = own_timeout(endpoint.words)
    if own is None:
        return
    from rrcli.engine.timeouts import IDLE_TIMEOUT

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


def _shake_hands(endpoint: Endpoint, context: Context, replies: Replies) -> Reply | None:
    """Send what the connection has to be told in one write; the reply that refuses it, if one does."""
    if not endpoint.greeting:
        return None
    context.recorder.timeline.enter("handshake")
    names = ", ".join(_upper(words) for words in endpoint.greeting)
    replies.stream.write(b"".join(map(encode, endpoint.greeting)), names, secrets=secret_spans(endpoint.greeting))
    for words in endpoint.greeting:
        reply = replies.read()
        context.recorder.remark(f"{_upper(words)}: {summary(reply)}")
        if not is_error(reply):
            continue
        if name_of(words)[1] != "CLIENT SETINFO":
            context.note("handshake", f"the error answers {_upper(words)} before the command, which was not sent")
            return reply
        if words[2] == b"LIB-NAME":
            context.note("client-info", f"the server does not take CLIENT SETINFO: {summary(reply)}")
    if replies.waiting:
        raise malformed(f"the server sent more replies than the {len(endpoint.greeting)} that the handshake asks for")
    context.recorder.timeline.leave()
    return None


def _upper(words: tuple[bytes, ...]) -> str:
    return name_of(words)[0]


def _redirection(endpoint: Endpoint, reply: Reply) -> Finished | None:
    """The hop to the node that a MOVED or an ASK names; `None` for any other reply."""
    node = _node_of(endpoint, reply)
    if node is None:
        return None
    following = RedisHop(place=node, db=endpoint.db, command=endpoint.words, asking=reply.value.startswith(b"ASK "))
    answer = Response(summary=summary(reply), status=_status(reply), framing=framing(reply), data=_data(reply))
    return Finished(answer=answer, then=Continue(why="redirect", state=following))


def _node_of(endpoint: Endpoint, reply: Reply) -> Place | None:
    """Where `MOVED 3999 127.0.0.1:6381` leads; without a host, or with `?`, to another port of the same."""
    words = reply.value.split() if is_error(reply) else []
    if len(words) != 3 or words[0] not in (b"MOVED", b"ASK"):
        return None
    host, _, port = os.fsdecode(words[2]).rpartition(":")
    if not is_port(port) or not host.isprintable() or {"/", "@", "?", "#"}.intersection(host.removeprefix("?")):
        raise malformed(f"expected HOST:PORT after {words[0].decode()}, got {as_text(reply)}")
    return endpoint.place.at(host.strip("[]").replace("?", "") or endpoint.place.host, int(port))


def _settings_in(reply: Reply) -> Iterator[str]:
    """The passwords within the reply to CONFIG GET: a map, or over RESP2 a flat list of names and values."""
    if not isinstance(reply.value, tuple):
        return
    pairs = reply.value if reply.type == "map" else zip(reply.value[::2], reply.value[1::2], strict=False)
    for name, value in pairs:
        if isinstance(name.value, bytes) and isinstance(value.value, bytes) and os.fsdecode(name.value).upper() in SECRET_SETTINGS:
            yield os.fsdecode(value.value)


def _note(endpoint: Endpoint, context: Context, replies: Replies, reply: Reply) -> None:
    """Say what is odd about the reply, or easily misunderstood."""
    command = endpoint.command
    tell_pushes(context, replies)
    if is_error(reply):
        for word in _like_options(endpoint.words[1:]):
            context.note("looks-like-option", f"{word} was sent to the server: words after the command are data, options go before it")
        if not endpoint.request.cluster and _node_of(endpoint, reply):
            context.note("redirection", "the key lives on another node of the cluster: -c (--cluster) follows")
    elif command in ENDLESS:
        context.note("stream", f"{command} goes on for ever: only its first reply was read, then the connection was closed")
        return
    if replies.overhang:
        context.note("bytes-after-end", "more bytes came after the end of the reply")


def _like_options(args: tuple[bytes, ...]) -> list[str]:
    """The arguments that are spelled like options of ours; numbers (`-2`) are not."""
    flags = {flag for table in (Output.options_, RedisRequest.options_) for declared in table.values() for flag in declared.flags}
    words = [os.fsdecode(arg) for arg in args if arg[:1] == b"-" and not arg[1:2].isdigit()]
    return [word for word in words if word.partition("=")[0] in flags]


# --- the answer --------------------------------------------------------------------------------------------


def _tell(endpoint: Endpoint, reply: Reply, drawn: str | None, more: dict[str, Any] | None = None) -> Iterator[Event]:
    """The events of a reply, which is known as a whole; `more` stands beside its value."""
    data = {**_data(reply), **(more or {})}
    answer = Response(summary=summary(reply), status=_status(reply), body=Body(), framing=framing(reply), data=data, display=drawn)
    yield Received(answer=answer)
    yield Content(data=content(endpoint, reply))
    yield Finished(answer=answer)


def _data(reply: Reply) -> dict[str, Any]:
    data = {"value": as_json(reply), "type": reply.type}
    if reply.attributes:
        data["attributes"] = as_json(Reply(type="map", value=reply.attributes))
    return data


def _status(reply: Reply) -> Status:
    return Status(text=prefix(summary(reply)), ok=False) if is_error(reply) else Status(text="OK")
