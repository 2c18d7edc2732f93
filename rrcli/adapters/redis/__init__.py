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
    LONGEST_WORD,
    SECRET_SETTINGS,
    STREAMS,
    is_text,
    line_of,
    name_of,
    own_timeout,
    spelled_secrets,
)
from rrcli.adapters.redis.place import split_words, understand
from rrcli.adapters.redis.replies import Replies, raw_parts
from rrcli.codec.resp import Reply, as_json, encode, framing
from rrcli.codec.resptext import as_raw, as_text
from rrcli.errors import malformed
from rrcli.events import Content, Finished, Received, Sent
from rrcli.model import Answer, Body, Status
from rrcli.options import Output, Request, count, option
from rrcli.url import is_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any, ClassVar

    from rrcli.adapters.redis.place import Asked, Place
    from rrcli.context import Context
    from rrcli.model import Exchange
    from rrcli.registry import Event

LARGEST_DRAWN = 64 << 10  # bytes of a reply that is drawn as redis-cli draws it; a larger one shows its raw text


class RedisRequest(Request):
    """One command, sent to the server that the URL before it names, or to 127.0.0.1:6379."""

    needs_words: ClassVar[bool] = False  # --pipeline names a file of commands
    event_keys: ClassVar[tuple[str, ...]] = (*Request.event_keys, "channel", "pattern")

    user: str | None = option("--user", metavar="NAME", help="User to log in as.  [default]")
    password: str | None = option("-a", "--password", metavar="PASSWORD", help="Password to log in with.  [REDISCLI_AUTH]")
    db: int | None = option("-n", "--db", parse=count, metavar="N", help="Database to select.  [0]")
    resp2: bool = option("-2", "--resp2", kind="flag", help="Speak RESP2, as without -3.")
    resp3: bool = option("-3", "--resp3", kind="flag", help="Speak RESP3, agreed on with HELLO.")
    client_name: str | None = option("--client-name", metavar="NAME", help="Name of the connection in CLIENT LIST.")
    client_info: bool = option("--client-info", kind="flag", help="Tell the server our name and version (Redis 7.2, CLIENT SETINFO).")
    stdin: bool = option("-x", "--stdin", kind="flag", help="Read the command's last argument from standard input, byte for byte.")
    quoted_input: bool = option("--quoted-input", kind="flag", help=r"""Arguments are in quotes, as '"a\x00b"', and may hold any byte.""")
    quoted: bool = option("--quoted", kind="flag", help="Print strings in quotes, as --quoted-input and --pipeline read them.")
    pipeline: str | None = option(
        "--pipeline", metavar="FILE", help="Send the commands in FILE (- is standard input), one per line, at once; MULTI and EXEC too."
    )
    cluster: bool = option("-c", "--cluster", kind="flag", help="Follow MOVED and ASK to the other nodes of a cluster.")
    sentinel: str | None = option(
        "--sentinel", metavar="NAME", help="Ask the master NAME; the URLs are those of its sentinels, with their password if any."
    )
    slowlog: bool = option("--slowlog", kind="flag", help="Show how long the server itself ran the command (INFO commandstats).")

    asking: bool = False  # this hop follows an ASK: the node has to be told

    def streams(self) -> bool:
        """A subscription or MONITOR; and a command that waits for as long as it was told to."""
        words = [os.fsencode(word) for word in split_words(self.words)[1]]
        return bool(words) and (name_of(words)[0] in STREAMS or own_timeout(words) is not None)


def exchange(request: RedisRequest, context: Context) -> Iterator[Event]:
    """Shake hands, send the command, read its reply. An error reply is an answer whose status is not ok."""
    if request.sentinel:
        from rrcli.adapters.redis.sentinel import discover

        yield from discover(request, context)
        return
    asked = understand(request)
    context.request = asked.request  # a unix:// URL names the socket that `connect` opens
    pipeline = None
    if request.pipeline:
        from rrcli.adapters.redis.pipeline import Pipeline

        pipeline = Pipeline(asked)
    context.secret(asked.password, *(pipeline.secrets() if pipeline else spelled_secrets(asked.words)))
    message = pipeline.message() if pipeline else asked.message()
    yield Sent(message=message, target=asked.target)
    if request.slowlog:
        import rrcli.adapters.redis.servertime  # noqa: F401  # loaded before the clock starts
    stream, reusable = context.connect(asked.place.host, asked.place.port, tls=asked.place.tls), False
    try:
        replies = Replies(stream, asked, in_parts=not (context.keeps_content or request.quoted))
        refused = None if context.trace.reused and not request.asking else _shake_hands(asked, context, replies)
        if refused:
            yield from _tell(asked, refused, _drawn(refused))
        else:
            yield from pipeline.converse(context, replies) if pipeline else _converse(asked, context, replies)
            reusable = not replies.overhang
    finally:
        if reusable:
            context.keep(stream)
        else:
            stream.close()


def as_command(exchange: Exchange, _request: object = None) -> str:
    """The same with redis-cli, for a shell."""
    from rrcli.adapters.redis.tool import as_command

    return as_command(exchange)


# --- the conversation --------------------------------------------------------------------------------------


def _converse(asked: Asked, context: Context, replies: Replies) -> Iterator[Event]:
    """The command and what it is answered."""
    stopwatch = None
    if asked.request.slowlog:
        from rrcli.adapters.redis.servertime import Stopwatch

        stopwatch = Stopwatch(asked, context, replies)
    command, streams = asked.command, asked.command in STREAMS
    in_parts = not (context.keeps_content or asked.request.quoted or streams)
    _be_patient(asked, context, replies)
    replies.begin(endless=streams or in_parts)
    replies.stream.write(encode(asked.words), command)
    if in_parts:
        told = yield from _in_parts(replies)
        if told:
            return
    reply = replies.read(push=command in ANSWERED_BY_PUSH)
    context.trace.remark(summary(reply))
    if asked.request.cluster and (hop := _redirection(asked, reply)):
        yield hop
        return
    if streams and not is_error(reply):
        from rrcli.adapters.redis.events import events

        yield from events(asked, context, replies, reply)
        return
    if command == "CONFIG":
        context.secret(*_settings_in(reply))
    _note(asked, context, replies, reply)
    drawn = _drawn(reply, text=is_text(asked.words))
    more: dict[str, Any] = {}
    if stopwatch:
        more, line = stopwatch.read()
        drawn = drawn and f"{drawn}\n{line}"
    yield from _tell(asked, reply, drawn, more)


def _be_patient(asked: Asked, context: Context, replies: Replies) -> None:
    """A command that waits by itself is given its own time, and as long again as any other is allowed to be silent."""
    own = own_timeout(asked.words)
    if own is None:
        return
    from rrcli.runner import IDLE_TIMEOUT

    idle = context.request.idle_timeout or 0.0
    replies.stream.idle = own + idle if own and idle else None if idle == IDLE_TIMEOUT else idle


def _in_parts(replies: Replies) -> Generator[Event, None, bool]:
    """Pass a large reply on while it comes, in bounded memory: its value is its content alone. True if it was one."""
    answer, between = None, b""
    for whole, pieces in replies.parts():
        if answer is None:
            bulk = whole.type == "bulk"
            answer = Answer(
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


def _shake_hands(asked: Asked, context: Context, replies: Replies) -> Reply | None:
    """Send what the connection has to be told in one write; the reply that refuses it, if one does."""
    if not asked.greeting:
        return None
    context.trace.timeline.enter("handshake")
    replies.stream.write(b"".join(map(encode, asked.greeting)), ", ".join(_upper(words) for words in asked.greeting))
    for words in asked.greeting:
        reply = replies.read()
        context.trace.remark(f"{_upper(words)}: {summary(reply)}")
        if not is_error(reply):
            continue
        if name_of(words)[1] != "CLIENT SETINFO":
            context.note("handshake", f"the error answers {_upper(words)} before the command, which was not sent")
            return reply
        if words[2] == b"LIB-NAME":
            context.note("client-info", f"the server does not take CLIENT SETINFO: {summary(reply)}")
    if replies.waiting:
        raise malformed(f"the server sent more replies than the {len(asked.greeting)} that the handshake asks for")
    context.trace.timeline.leave()
    return None


def _upper(words: tuple[bytes, ...]) -> str:
    return name_of(words)[0]


def _redirection(asked: Asked, reply: Reply) -> Finished | None:
    """The hop to the node that a MOVED or an ASK names; `None` for any other reply."""
    node = _node_of(asked, reply)
    if node is None:
        return None
    words = (node.target(asked.db).url, *map(os.fsdecode, asked.words))
    asking = reply.value.startswith(b"ASK ")
    following = asked.request.replace(words=words, unix_socket=None, db=None, stdin=False, quoted_input=False, asking=asking)
    answer = Answer(summary=summary(reply), status=_status(reply), framing=framing(reply), data=_data(reply))
    return Finished(answer=answer, next=following, why="redirect")


def _node_of(asked: Asked, reply: Reply) -> Place | None:
    """Where `MOVED 3999 127.0.0.1:6381` leads; without a host, or with `?`, to another port of the same."""
    words = reply.value.split() if is_error(reply) else []
    if len(words) != 3 or words[0] not in (b"MOVED", b"ASK"):
        return None
    host, _, port = os.fsdecode(words[2]).rpartition(":")
    if not is_port(port) or not host.isprintable() or {"/", "@", "?", "#"}.intersection(host.removeprefix("?")):
        raise malformed(f"expected HOST:PORT after {words[0].decode()}, got {as_text(reply)}")
    return asked.place.at(host.strip("[]").replace("?", "") or asked.place.host, int(port))


def _settings_in(reply: Reply) -> Iterator[str]:
    """The passwords within the reply to CONFIG GET: a map, or over RESP2 a flat list of names and values."""
    if not isinstance(reply.value, tuple):
        return
    pairs = reply.value if reply.type == "map" else zip(reply.value[::2], reply.value[1::2], strict=False)
    for name, value in pairs:
        if isinstance(name.value, bytes) and isinstance(value.value, bytes) and os.fsdecode(name.value).upper() in SECRET_SETTINGS:
            yield os.fsdecode(value.value)


def _note(asked: Asked, context: Context, replies: Replies, reply: Reply) -> None:
    """Say what is odd about the reply, or easily misunderstood."""
    command = asked.command
    tell_pushes(context, replies)
    if is_error(reply):
        for word in _like_options(asked.words[1:]):
            context.note("looks-like-option", f"{word} was sent to the server: words after the command are data, options go before it")
        if not asked.request.cluster and _node_of(asked, reply):
            context.note("redirection", "the key lives on another node of the cluster: -c (--cluster) follows")
    elif command in ENDLESS:
        context.note("stream", f"{command} goes on for ever: only its first reply was read, then the connection was closed")
        return
    if replies.overhang:
        context.note("bytes-after-end", "more bytes came after the end of the reply")


def tell_pushes(context: Context, replies: Replies) -> None:
    """Note the pushes that came between the replies, the first ones with what they say."""
    for push in replies.pushes:
        context.note("push", f"a push came before the reply: {line_of([as_raw(part) for part in push.value])}")
    if replies.pushed > len(replies.pushes):
        context.note("push", f"{replies.pushed - len(replies.pushes)} more pushes came and went unread")


def _like_options(args: tuple[bytes, ...]) -> list[str]:
    """The arguments that are spelled like options of ours; numbers (`-2`) are not."""
    flags = {flag for table in (Output.options_, RedisRequest.options_) for declared in table.values() for flag in declared.flags}
    words = [os.fsdecode(arg) for arg in args if arg[:1] == b"-" and not arg[1:2].isdigit()]
    return [word for word in words if word.partition("=")[0] in flags]


# --- the answer --------------------------------------------------------------------------------------------


def _tell(asked: Asked, reply: Reply, drawn: str | None, more: dict[str, Any] | None = None) -> Iterator[Event]:
    """The events of a reply, which is known as a whole; `more` stands beside its value."""
    data = {**_data(reply), **(more or {})}
    answer = Answer(summary=summary(reply), status=_status(reply), body=Body(), framing=framing(reply), data=data, drawn=drawn)
    yield Received(answer=answer)
    yield Content(data=content(asked, reply))
    yield Finished(answer=answer)


def _data(reply: Reply) -> dict[str, Any]:
    data = {"value": as_json(reply), "type": reply.type}
    if reply.attributes:
        data["attributes"] = as_json(Reply(type="map", value=reply.attributes))
    return data


def _status(reply: Reply) -> Status:
    return Status(text=prefix(summary(reply)), ok=False) if is_error(reply) else Status(text="OK")


def content(asked: Asked, reply: Reply) -> bytes:
    """The reply as redis-cli prints it off a terminal, or with --quoted in quotes."""
    if not asked.request.quoted:
        return as_raw(reply)
    from rrcli.codec.respquote import as_quoted

    return as_quoted(reply)


def is_error(reply: Reply) -> bool:
    return reply.type in ("error", "blob_error")


def prefix(error: str) -> str:
    """The word in upper case that an error starts with, by convention; `ERR` for one that keeps to none."""
    word = error.partition(" ")[0]
    return word if word.isascii() and word.replace("_", "").isalnum() and word.isupper() else "ERR"


def summary(reply: Reply) -> str:
    """The reply on one short line: a size where it is long."""
    value = reply.value
    if isinstance(value, tuple) and value:
        return f"{len(value)} {'pair' if reply.type == 'map' else 'element'}{'s' * (len(value) > 1)}"
    if is_error(reply):
        text: str = value.decode("utf-8", "backslashreplace").partition("\n")[0]
        return text.rstrip("\r")
    if isinstance(value, bytes) and (len(value) > LONGEST_WORD or b"\n" in value):
        return f"{len(value)} bytes"
    return as_text(reply.replace(attributes=()))


def _drawn(reply: Reply, *, text: bool = False) -> str | None:
    """The reply as people read it: as redis-cli prints it on a terminal; with `text` as it came."""
    raw = as_raw(reply)
    if len(raw) >= LARGEST_DRAWN:
        return None
    if text and not is_error(reply):
        return raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n").removesuffix("\n")
    return as_text(reply)
