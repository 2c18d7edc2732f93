"""The Redis responder: RESP2 and RESP3 (https://redis.io/docs/reference/protocol-spec).

Here are the reading of requests, which is bounded everywhere, and the encoding of replies; `redis_core` runs commands, which are
in `redis_commands` and `redis_data`. Errors are worded as Redis 7 words them.
"""

from __future__ import annotations

import re
import threading

from rrcli.responders import redis_commands, redis_data  # noqa: F401  # they register the commands
from rrcli.responders.base import LimitExceeded, Responder, ServerConnection
from rrcli.responders.redis_core import ClientSession, Error, NullArray, Simple, Verbatim, execute
from rrcli.responders.redis_store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.responders.redis_core import Reply

INLINE = 64 << 10  # bytes of an inline command or of a length's line, as in Redis
WORDS = 64 << 10  # of one command
REQUEST = 64 << 20  # bytes of one command's words together

# An inline word: text, then perhaps a quoted part that ends it.
INLINE_WORD = re.compile(rb"""([^\s"']*)(?:"((?:[^"\\]|\\.)*)"|'((?:\\'|[^'])*)')?(?=\s|$)""", re.DOTALL)
ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
LINE_ENDS = re.compile(r"[\r\n]")  # an error that repeats a client's words stays one line
ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


class BrokenRequest(Exception):
    """The bytes are no Redis command; the connection ends after saying so."""


class RedisResponder(Responder):
    """A server of the everyday commands over keys in memory; with `password`, as `requirepass` makes it."""

    protocol = "redis"
    scheme = "redis"
    examples = ("rrcli redis {url} PING", "redis-cli -u {url} PING")

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, idle: float = 30.0, password: str | None = None) -> None:
        super().__init__(host, port, idle=idle)
        self.password = password
        self.store = Store()
        self._numbers = 0
        self._count = threading.Lock()

    def converse(self, connection: ServerConnection) -> None:
        with self._count:
            self._numbers += 1
            session = ClientSession(self.store, self._numbers, self.password)
        while not session.ending and connection.peek():
            try:
                words = read_command(connection)
            except BrokenRequest as error:
                connection.send(encode(Error(f"ERR Protocol error: {error}"), 2))
                return
            if words and words[0].lower() in (b"post", b"host:"):  # HTTP: Redis hangs up too, against cross-protocol attacks
                return
            if words:
                reply = execute(session, words)
                connection.send(encode(reply, session.protocol))


# --- requests --------------------------------------------------------------------------------------------


def read_command(connection: ServerConnection) -> list[bytes]:
    """The words of the next command, an array of bulk strings or an inline line; none for an empty one. Raises `BrokenRequest`."""
    line = read_line(connection, "too big mbulk count string" if connection.peek()[:1] == b"*" else "too big inline request")
    if not line.startswith(b"*"):
        return split_inline(line)
    count = length(line[1:], WORDS, "invalid multibulk length")
    words: list[bytes] = []
    room = REQUEST
    for _ in range(count):
        line = read_line(connection, "too big bulk count string")
        if not line.startswith(b"$"):
            raise BrokenRequest(f"expected '$', got '{(line[:1] or b' ').decode('latin-1')}'")
        size = length(line[1:], room, "invalid bulk length")
        if size < 0:
            raise BrokenRequest("invalid bulk length")
        room -= size
        words.append(connection.read_exact(size))
        connection.read_exact(2)  # its CRLF, which Redis does not look at either
    return words


def read_line(connection: ServerConnection, too_long: str) -> bytes:
    try:
        return connection.read_line(INLINE)[:-1].removesuffix(b"\r")
    except LimitExceeded:
        raise BrokenRequest(too_long) from None


def length(digits: bytes, most: int, otherwise: str) -> int:
    """A decimal of at most `most`; `int` alone would take spaces, signs and underscores."""
    if not re.fullmatch(rb"-?[0-9]{1,12}", digits) or int(digits) > most:
        raise BrokenRequest(otherwise)
    return int(digits)


def split_inline(line: bytes) -> list[bytes]:
    """Words as typed in telnet: bare, in "double quotes" with escapes, or in 'single quotes'."""
    words: list[bytes] = []
    rest = line.strip()
    while rest:
        match = INLINE_WORD.match(rest)
        if not match:
            raise BrokenRequest("unbalanced quotes in request")
        bare, double, single = match.groups(default=b"")
        words.append(bare + ESCAPE.sub(unescaped, double) + single.replace(rb"\'", b"'"))
        rest = rest[match.end() :].lstrip()
    return words


def unescaped(match: re.Match[bytes]) -> bytes:
    word = match[1]
    return bytes([int(word[1:], 16)]) if len(word) == 3 else ESCAPES.get(word, word)


# --- replies ---------------------------------------------------------------------------------------------


def encode(reply: Reply, protocol: int) -> bytes:
    """The bytes of a reply; what only RESP3 has is said in RESP2's types when `protocol` is 2."""
    match reply:
        case None:
            return b"_\r\n" if protocol == 3 else b"$-1\r\n"
        case NullArray():
            return b"_\r\n" if protocol == 3 else b"*-1\r\n"
        case Simple():
            return b"+%b\r\n" % reply.encode()
        case Error():
            return b"-%b\r\n" % LINE_ENDS.sub(" ", reply).encode("utf-8", "surrogateescape")
        case Verbatim():
            text = reply.encode()
            return b"=%d\r\ntxt:%b\r\n" % (len(text) + 4, text) if protocol == 3 else bulk(text)
        case int():
            return b":%d\r\n" % reply
        case bytes():
            return bulk(reply)
        case dict():
            items = [part for pair in reply.items() for part in pair]
            return aggregate(b"%" if protocol == 3 else b"*", len(reply) if protocol == 3 else len(items), items, protocol)
        case set():
            return aggregate(b"~" if protocol == 3 else b"*", len(reply), sorted(reply), protocol)
        case _:
            return aggregate(b"*", len(reply), reply, protocol)


def bulk(data: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(data), data)


def aggregate(mark: bytes, count: int, items: list[Reply] | list[bytes], protocol: int) -> bytes:
    return b"%b%d\r\n" % (mark, count) + b"".join(encode(item, protocol) for item in items)
