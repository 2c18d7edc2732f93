"""What a request to Redis asks of whom: its URL, its environment, its words, and what the connection is told before them."""

from __future__ import annotations

import os

from rrcli.adapters.redis.arguments import split_words
from rrcli.adapters.redis.commands import STREAMS, has_short_secret, is_idempotent, is_safe, line_of, masked, name_of, secrets_in
from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import Url, host_port, split_host, split_url, unquote
from rrcli.codec.redis.resp import Reply, as_json
from rrcli.model.values import RequestMessage, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.redis.request import RedisRequest

    Words = tuple[bytes, ...]

HOST, PORT = "127.0.0.1", 6379
SECURE = ("rediss", "valkeys")  # schemes over TLS
SCHEMES = ("redis", "valkey", *SECURE, "unix", "redis+unix", "valkey+unix")


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

    def at(self, host: str, port: int) -> Place:
        """The same for another server."""
        return self.replace(host=host, port=port, socket=None)

    def target(self, db: int) -> Target:
        before = self.userinfo and f"{self.userinfo}@"
        if self.socket:
            return Target(url=f"unix://{before}{self.socket}{f'?db={db}' if db else ''}")
        scheme = "rediss" if self.tls else "redis"
        authority = before + host_port(self.host, self.port)
        return Target(url=f"{scheme}://{authority}{f'/{db}' if db else ''}", host=self.host, port=self.port)


class Endpoint(Record):
    """A request understood: whom to ask what, and what the connection has to be told before."""

    request: RedisRequest
    place: Place
    db: int
    target: Target
    words: Words  # of the one command; empty with --pipeline
    greeting: tuple[Words, ...]
    user: str | None  # who logs in; `None` for nobody
    password: str | None

    @property
    def command(self) -> str:
        """The command's name in upper case, or what stands for several."""
        return name_of(self.words)[0] if self.words else "the pipeline"

    def message(self) -> RequestMessage:
        """The request as it is shown; what stands in `data` only sometimes was asked for by an option."""
        shown = masked(self.words) if self.words and has_short_secret(self.words) else None
        return self._message(self.words).replace(masked=shown and self._message(shown))

    def _message(self, words: Words) -> RequestMessage:
        args = [as_json(Reply(type="bulk", value=word)) for word in words[1:]]
        data = {"command": self.command, "args": args, "safe": is_safe(self.words), "idempotent": is_idempotent(self.words)}
        return RequestMessage(summary=line_of(words), data={**data, **self.settings()})

    def settings(self) -> dict[str, Any]:
        """Who logs in, over which protocol, with which files for TLS: what it takes to write the command for another tool."""
        request = self.request
        found = {"user": self.user, "resp": 3 if request.resp3 else None}
        if self.place.tls:
            found |= {"cacert": request.cacert, "cert": request.cert, "key": request.key}
        return {name: value for name, value in found.items() if value}


class RedisHop(Record):
    """Where a sentinel or a node of the cluster led. `command` is `None` where it is still to be read from the request."""

    place: Place
    db: int
    command: Words | None = None
    asking: bool = False  # it follows an ASK: the node has to be told


def endpoint_of(request: RedisRequest, hop: RedisHop | None = None) -> Endpoint:
    """The request with its URL, its environment and its standard input read. Raises `usage`, or `local` for the input."""
    places, words = split_words(request.arguments)
    if len(places) > 1 and hop is None:
        raise usage(f"{places[1]} is a second server", "several are taken with --sentinel alone")
    if request.resp2 and request.resp3:
        raise usage("--resp2 and --resp3 exclude each other")
    command = hop.command if hop else None
    if command is None:
        command = () if request.pipeline else _command(request, words)
        _refuse_mixtures(request, words, command)
    if hop:
        place, db = hop.place, hop.db
    else:
        place = place_of(places[0] if places else None)
        place = place.replace(socket=request.unix_socket or place.socket)
        db = place.db if request.db is None else request.db
    user, password = login(request, place)
    return Endpoint(
        request=request,
        place=place,
        db=db,
        target=place.target(db),
        words=command,
        greeting=tuple(_greeting(request, user, password, db, asking=bool(hop and hop.asking))),
        user=None if password is None else user or "default",
        password=password,
    )


def _command(request: RedisRequest, words: list[str]) -> Words:
    if not words:
        raise usage("there is no command to send", "write one after the options and the URL, as PING or GET key")
    command = [os.fsencode(word) for word in words]
    if request.quoted_input:
        secret = secrets_in([word.strip(b"\"'") for word in command])
        command = [_unquoted(word, "a secret" if at in secret else repr(os.fsdecode(word))) for at, word in enumerate(command)]
    if request.stdin:
        from rrcli.base.files import read_local

        command.append(read_local("-"))
    return tuple(command)


def _unquoted(word: bytes, shown: str) -> bytes:
    """The one word that an argument spells; `shown` in a message. Raises `usage`."""
    from rrcli.codec.redis.quote import split

    try:
        (found,) = split(word)
    except ValueError:
        raise usage(f"--quoted-input: {shown} is not one word in quotes", r"""write '"two words"' or '"\x00"' in the shell""") from None
    return found


def _refuse_mixtures(request: RedisRequest, words: list[str], command: Words) -> None:
    """Raise `usage` for options that have no meaning together, and for a command that nothing answers."""
    if request.pipeline:
        if words:
            raise usage(f"--pipeline reads its commands from {request.pipeline}, and {words[0]} is one more")
        for name, given in (("--stdin", request.stdin), ("--cluster", request.cluster), ("--slowlog", request.slowlog)):
            if given:
                raise usage(f"--pipeline and {name} exclude each other", "a pipeline is several commands for one server")
        return
    if request.slowlog and name_of(command)[0] in STREAMS:
        raise usage(f"--slowlog has nothing to measure: {name_of(command)[0]} goes on for ever")
    refuse_silence(command)


def refuse_silence(command: Words) -> None:
    """Raise `usage` for a command that is told not to be answered."""
    if name_of(command)[1] == "CLIENT REPLY" and [word.upper() for word in command[2:3]] in ([b"OFF"], [b"SKIP"]):
        raise usage(f"the server does not answer {line_of(command)}", "there would be nothing to wait for")


def place_of(text: str | None) -> Place:
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
        tls=url.scheme in SECURE,
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


def userinfo_login(place: Place) -> tuple[str | None, str | None]:
    """User and password of a URL: a lone word before the `@` is the password, as redis-cli has it."""
    return (None, place.user) if place.password is None else (place.user, place.password)


def login(request: RedisRequest, place: Place) -> tuple[str | None, str | None]:
    """User and password: an option before the URL before, for the password, `REDISCLI_AUTH`; `None` for no login."""
    user, password = place.user, place.password
    if password is None and user and request.password is None:
        user, password = userinfo_login(place)
    user = request.user or user
    if request.password is not None:
        password = request.password
    if password is None:
        password = os.environ.get("REDISCLI_AUTH")
    if user and password is None:
        raise usage(f"there is no password for the user {user}", "give it with --password, in the URL or in REDISCLI_AUTH")
    return user, password if password or user else None


def _greeting(request: RedisRequest, user: str | None, password: str | None, db: int, *, asking: bool) -> Iterator[Words]:
    """The commands before the command: only those that are needed."""
    credentials = () if password is None else (os.fsencode(user or "default"), os.fsencode(password))
    name = os.fsencode(request.client_name or "")
    if request.resp3:
        yield (b"HELLO", b"3", *((b"AUTH", *credentials) if credentials else ()), *((b"SETNAME", name) if name else ()))
    else:
        if credentials:
            yield (b"AUTH", *(credentials if user else credentials[1:]))  # before Redis 6 there were no users
        if name:
            yield (b"CLIENT", b"SETNAME", name)
    if request.client_info:
        from rrcli.base import __version__

        yield (b"CLIENT", b"SETINFO", b"LIB-NAME", b"rrcli")
        yield (b"CLIENT", b"SETINFO", b"LIB-VER", __version__.encode())
    if db:
        yield (b"SELECT", b"%d" % db)
    if asking:
        yield (b"ASKING",)
