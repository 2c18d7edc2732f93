"""Redis over RESP2 or RESP3: the handshake that URL and options ask for, then one command and its reply.

The words are the command's own bytes from the first one that is no URL. What the handshake refuses is the answer, and
the command is not sent then. Commands that go on for ever show their first reply. RESP itself is in `codec/resp.py`.
"""

from __future__ import annotations

import os

from rrcli.adapters.rediscommands import (
    ANSWERED_BY_PUSH,
    ENDLESS,
    LONGEST_WORD,
    SECRET_SETTINGS,
    is_idempotent,
    is_safe,
    is_text,
    line_of,
    name_of,
    spelled_secrets,
)
from rrcli.codec.resp import Decoder, Reply, as_json, encode, framing
from rrcli.codec.resptext import as_raw, as_text
from rrcli.errors import ExchangeError, malformed, too_large, truncated, usage
from rrcli.events import Content, Finished, Received, Sent
from rrcli.model import Answer, Body, Message, Status, Target
from rrcli.options import Output, Request, count, option
from rrcli.record import Record
from rrcli.url import Url, host_port, is_place, split_host, split_url, unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.registry import Event
    from rrcli.runner import Context
    from rrcli.wire.stream import Stream

HOST, PORT = "127.0.0.1", 6379
SCHEMES = ("redis", "rediss", "unix", "redis+unix")
LARGEST_DRAWN = 64 << 10  # bytes of a reply that is drawn as redis-cli draws it; a larger one shows its raw text


class RedisRequest(Request):
    """One command, sent to the server that the URL before it names, or to 127.0.0.1:6379."""

    user: str | None = option("--user", metavar="NAME", help="User to log in as.  [default]")
    password: str | None = option("-a", "--password", metavar="PASSWORD", help="Password to log in with.  [REDISCLI_AUTH]")
    db: int | None = option("-n", "--db", parse=count, metavar="N", help="Database to select.  [0]")
    resp2: bool = option("-2", "--resp2", kind="flag", help="Speak RESP2, as without -3.")
    resp3: bool = option("-3", "--resp3", kind="flag", help="Speak RESP3, agreed on with HELLO.")
    client_name: str | None = option("--client-name", metavar="NAME", help="Name of the connection in CLIENT LIST.")
    stdin: bool = option("-x", "--stdin", kind="flag", help="Read the command's last argument from standard input, byte for byte.")


class Asked(Record):
    """A request understood: whom to ask what, and what the connection has to be told before."""

    request: RedisRequest
    target: Target
    host: str
    tls: bool
    words: tuple[bytes, ...]
    greeting: tuple[tuple[bytes, ...], ...]
    password: str | None


def exchange(request: RedisRequest, context: Context) -> Iterator[Event]:
    """Shake hands, send the command, read its reply. An error reply is an answer whose status is not ok."""
    asked = understand(request)
    context.request = asked.request  # a unix:// URL names the socket that `connect` opens
    context.secret(asked.password, *spelled_secrets(asked.words))
    yield Sent(message=_message(asked.words), target=asked.target)
    stream = context.connect(asked.host, asked.target.port or 0, tls=asked.tls)
    try:
        yield from _converse(asked, context, _Replies(stream, asked))
    finally:
        stream.close()


# --- what is asked -----------------------------------------------------------------------------------------


def understand(request: RedisRequest) -> Asked:
    """The request with its URL, its environment and its standard input read. Raises `usage`, or `local` for the input."""
    words = list(request.words)
    named = words.pop(0) if words and is_place(words[0]) else None
    if not words:
        raise usage("there is no command to send", "write one after the options and the URL, as PING or GET key")
    if request.resp2 and request.resp3:
        raise usage("--resp2 and --resp3 exclude each other")
    url = _place(named)
    db = url.db if request.db is None else request.db
    command = [os.fsencode(word) for word in words]
    if request.stdin:
        from rrcli.localfile import read_local

        command.append(read_local("-"))
    socket = request.unix_socket or url.socket
    user, password = _login(request, url)
    return Asked(
        request=request.replace(unix_socket=socket),
        target=_target(url, socket, db),
        host=url.host,
        tls=url.tls,
        words=tuple(command),
        greeting=tuple(_greeting(request, user, password, db)),
        password=password,
    )


class Place(Record):
    """What a URL says. `userinfo` is as it was written there, for the target's URL."""

    host: str = HOST
    port: int = PORT
    tls: bool = False
    socket: str | None = None
    userinfo: str = ""
    user: str | None = None
    password: str | None = None
    db: int = 0


def _place(text: str | None) -> Place:
    """Read `redis://[[user]:password@]host[:port][/db]`, `rediss://`, `unix://path[?db=N]` or `host:port`."""
    if text is None:
        return Place()
    if "://" not in text:
        host, port = split_host(text, PORT)
        return Place(host=host, port=port or PORT)
    url = split_url(text)
    if url.scheme not in SCHEMES:
        raise usage(f"{url.scheme}:// is no URL of Redis", "write redis://, rediss:// (TLS) or unix:// before the command")
    socket = unquote(url.host + url.path) if url.scheme.endswith("unix") else None
    if socket == "":
        raise usage("the URL names no socket", "write unix:///path/to/redis.sock")
    return Place(
        host=url.host or HOST,
        port=url.port or PORT,
        tls=url.scheme == "rediss",
        socket=socket,
        userinfo=text.partition("://")[2].partition("/")[0].rpartition("@")[0],
        user=url.user or None,
        password=url.password,
        db=_db_of(url, "" if socket else url.path[1:]),
    )


def _db_of(url: Url, path: str) -> int:
    """The database of the path, or of `?db=`. Raises `usage` for another parameter: what it asks for would not happen."""
    text = path
    for pair in (url.query or "").split("&"):
        name, _, value = pair.partition("=")
        if name == "db":
            text = value
        elif pair:
            raise usage(f"the URL's parameter {name} is not known", "only db is; the rest is set by options, as --cacert or --timeout")
    if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise usage(f"{text!r} is no number of a database", "write redis://host:port/N")
    return int(text or 0)


def _login(request: RedisRequest, url: Place) -> tuple[str | None, str | None]:
    """User and password: an option before the URL before, for the password, `REDISCLI_AUTH`; `None` for no login.

    A lone word before the URL's `@` is the password, as redis-cli has it, unless an option gives one.
    """
    user, password = url.user, url.password
    if password is None and user and request.password is None:
        user, password = None, user
    user = request.user or user
    if request.password is not None:
        password = request.password
    if password is None:
        password = os.environ.get("REDISCLI_AUTH")
    if user and password is None:
        raise usage(f"there is no password for the user {user}", "give it with --password, in the URL or in REDISCLI_AUTH")
    return user, password if password or user else None


def _greeting(request: RedisRequest, user: str | None, password: str | None, db: int) -> Iterator[tuple[bytes, ...]]:
    """The commands before the command: only those that are needed."""
    login = () if password is None else (os.fsencode(user or "default"), os.fsencode(password))
    name = os.fsencode(request.client_name or "")
    if request.resp3:
        yield (b"HELLO", b"3", *((b"AUTH", *login) if login else ()), *((b"SETNAME", name) if name else ()))
    else:
        if login:
            yield (b"AUTH", *(login if user else login[1:]))  # before Redis 6 there were no users
        if name:
            yield (b"CLIENT", b"SETNAME", name)
    if db:
        yield (b"SELECT", b"%d" % db)


def _target(url: Place, socket: str | None, db: int) -> Target:
    before = url.userinfo and f"{url.userinfo}@"
    if socket:
        return Target(url=f"unix://{before}{socket}{f'?db={db}' if db else ''}")
    scheme = "rediss" if url.tls else "redis"
    authority = before + host_port(url.host, url.port)
    return Target(url=f"{scheme}://{authority}{f'/{db}' if db else ''}", host=url.host, port=url.port)


def _message(words: tuple[bytes, ...]) -> Message:
    args = [as_json(Reply(type="bulk", value=word)) for word in words[1:]]
    data = {"command": name_of(words)[0], "args": args, "safe": is_safe(words), "idempotent": is_idempotent(words)}
    return Message(summary=line_of(words), data=data)


# --- the conversation --------------------------------------------------------------------------------------


class _Replies:
    """Replies read from one connection, in their order. Pushes (RESP3) between them are counted."""

    def __init__(self, stream: Stream, asked: Asked) -> None:
        self.stream = stream
        self.pushes = 0
        self.waiting: list[Reply] = []
        self._asked = asked
        self._decoder = Decoder()

    @property
    def overhang(self) -> bool:
        """Something has arrived already behind the replies that were read."""
        return any(reply.type != "push" for reply in self.waiting) or self._decoder.pending or self.stream.buffered

    def read(self, *, push: bool = False) -> Reply:
        """The next reply; with `push` a push counts as one.

        Raises `ExchangeError`: `closed` or `truncated` at the end of the connection, `too_large` over `--max-size`, what the
        decoder raises, and what the stream does.
        """
        while True:
            while self.waiting:
                reply = self.waiting.pop(0)
                if push or reply.type != "push":
                    return reply
                self.pushes += 1
            self._receive()

    def _receive(self) -> None:
        try:
            data = self.stream.receive()
        except ExchangeError as error:
            if error.kind == "reset" and not self.stream.trace.bytes_received:
                error.hint = self._hint
            raise
        if not data:
            self._raise_end()
        self.waiting = self._decoder.feed(data)
        limit = self._asked.request.max_size
        if self._decoder.received > limit:
            raise too_large(f"the reply has more than {limit} bytes", "ask for less of it, or allow more with --max-size")

    def _raise_end(self) -> None:
        self._decoder.feed(b"")  # raises what is wrong with the bytes before
        if self._decoder.pending:
            raise truncated(f"the server closed the connection within its reply, after {self._decoder.received} bytes of it")
        raise ExchangeError("transport", "closed", "the server closed the connection without a reply", hint=self._hint)

    @property
    def _hint(self) -> str:
        """Why a server leaves without a word."""
        if name_of(self._asked.words)[0] == "SHUTDOWN":
            return "SHUTDOWN answers so when it works: the server is down"
        reason = "the server's log tells why"
        return reason if self._asked.tls else f"{reason}; a port that wants TLS does so too: write rediss://"


def _converse(asked: Asked, context: Context, replies: _Replies) -> Iterator[Event]:
    """The handshake and, unless it was refused, the command."""
    refused = _shake_hands(asked, context, replies)
    if refused:
        yield from _tell(refused, _drawn(refused))
        return
    command = name_of(asked.words)[0]
    replies.stream.write(encode(asked.words), command)
    reply = replies.read(push=command in ANSWERED_BY_PUSH)
    context.trace.remark(_summary(reply))
    if command == "CONFIG":
        context.secret(*_settings_in(reply))
    _note(asked, context, replies, reply)
    yield from _tell(reply, _drawn(reply, text=is_text(asked.words)))


def _shake_hands(asked: Asked, context: Context, replies: _Replies) -> Reply | None:
    """Send what the connection has to be told in one write; the reply that refuses it, if one does."""
    if not asked.greeting:
        return None
    context.trace.timeline.enter("handshake")
    replies.stream.write(b"".join(map(encode, asked.greeting)), ", ".join(_upper(words) for words in asked.greeting))
    for words in asked.greeting:
        reply = replies.read()
        context.trace.remark(f"{_upper(words)}: {_summary(reply)}")
        if _is_error(reply):
            context.note("handshake", f"the error answers {_upper(words)} before the command, which was not sent")
            return reply
    if replies.waiting:
        raise malformed(f"the server sent more replies than the {len(asked.greeting)} that the handshake asks for")
    context.trace.timeline.leave()
    return None


def _upper(words: tuple[bytes, ...]) -> str:
    return name_of(words)[0]


def _settings_in(reply: Reply) -> Iterator[str]:
    """The passwords within the reply to CONFIG GET: a map, or over RESP2 a flat list of names and values."""
    if not isinstance(reply.value, tuple):
        return
    pairs = reply.value if reply.type == "map" else zip(reply.value[::2], reply.value[1::2], strict=False)
    for name, value in pairs:
        if isinstance(name.value, bytes) and isinstance(value.value, bytes) and os.fsdecode(name.value).upper() in SECRET_SETTINGS:
            yield os.fsdecode(value.value)


def _note(asked: Asked, context: Context, replies: _Replies, reply: Reply) -> None:
    """Say what is odd about the reply, or easily misunderstood."""
    command = name_of(asked.words)[0]
    if replies.pushes:
        context.note("push", f"{replies.pushes} push message{'s' * (replies.pushes > 1)} came before the reply and went unread")
    if _is_error(reply):
        for word in _like_options(asked.words[1:]):
            context.note("looks-like-option", f"{word} was sent to the server: words after the command are data, options go before it")
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


def _tell(reply: Reply, drawn: str | None) -> Iterator[Event]:
    """The events of a reply, which is known as a whole."""
    data = {"value": as_json(reply), "type": reply.type}
    if reply.attributes:
        data["attributes"] = as_json(Reply(type="map", value=reply.attributes))
    summary = _summary(reply)
    status = Status(text=_prefix(summary), ok=False) if _is_error(reply) else Status(text="OK")
    answer = Answer(summary=summary, status=status, body=Body(), framing=framing(reply), data=data, drawn=drawn)
    yield Received(answer=answer)
    yield Content(data=as_raw(reply))
    yield Finished(answer=answer)


def _is_error(reply: Reply) -> bool:
    return reply.type in ("error", "blob_error")


def _prefix(error: str) -> str:
    """The word in upper case that an error starts with, by convention; `ERR` for one that keeps to none."""
    word = error.partition(" ")[0]
    return word if word.isascii() and word.replace("_", "").isalnum() and word.isupper() else "ERR"


def _summary(reply: Reply) -> str:
    """The reply on one short line: a size where it is long."""
    value = reply.value
    if isinstance(value, tuple) and value:
        return f"{len(value)} {'pair' if reply.type == 'map' else 'element'}{'s' * (len(value) > 1)}"
    if _is_error(reply):
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
    if text and not _is_error(reply):
        return raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n").removesuffix("\n")
    return as_text(reply)
